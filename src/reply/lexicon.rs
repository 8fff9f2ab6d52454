//! The words by which a contradiction is known, in every shipped language. Own file because they are tables, not rules.
//! INVARIANT: all are in lower case, and a table is looked into without regard to which languages decide.

use std::collections::HashSet;
use std::sync::LazyLock;

/// A table of single words.
pub(super) type Table = LazyLock<HashSet<&'static str>>;

/// A table of runs of words.
pub(super) type Runs = LazyLock<Vec<&'static str>>;

fn words(table: &'static str) -> HashSet<&'static str> {
    table.split_whitespace().collect()
}

fn runs(table: &'static str) -> Vec<&'static str> {
    table.split([';', '\n']).map(str::trim).filter(|run| !run.is_empty()).collect()
}

/// Remarks that sound like a "no" and are none.
pub(super) static HARMLESS: Runs = LazyLock::new(|| {
    runs(
        "
no further comments; no further comment; no comments; no comment; no further changes; no changes needed; no changes;
no objections; no objection; no problem; no worries; no issues; no concerns; nothing to add; do not reply;
keine einwände; keine änderungen; kein problem; sans réserve; sin cambios; sin comentarios; nessun problema;
        ",
    )
});

/// Words that deny.
pub(super) static NEGATIONS: Table = LazyLock::new(|| {
    words(
        "
not no nope never none neither nor cannot cant dont wont doesnt isnt without nay
nicht nein kein keine keinen keiner keinesfalls nie niemals ohne niet nee geen nooit zonder
pas non ne jamais aucun aucune sans
nunca ningún ninguna tampoco não nao nenhum nenhuma sem mai nessun nessuna senza
inte ej nej aldrig ingen inga utan nigdy bez żaden
        ",
    )
});

/// Words that limit, put off or set a condition.
pub(super) static LIMITS: Table = LazyLock::new(|| {
    words(
        "
but however although though except excluding unless if when once only until till provided providing assuming
conditional conditionally condition conditions pending after before depending subject otherwise instead yet later
tomorrow partially partly almost maybe perhaps unsure whether first still would could unfortunately apart besides
caveat minus
aber jedoch allerdings sofern falls wenn sobald außer ausser nur erst bis vorbehaltlich vorausgesetzt unter später
morgen vielleicht nachdem bevor sonst stattdessen leider bedingung teilweise zuerst noch würde obwohl solange
mais cependant toutefois sauf seulement uniquement lorsque quand avant après jusqu réserve peut demain sinon plutôt
malheureusement quoique dès pourvu
pero excepto salvo solo sólo solamente cuando hasta después siempre antes quizás mañana aunque condición sino
mas porém exceto somente apenas quando até depois desde talvez amanhã embora condição caso
però tuttavia tranne eccetto soltanto finché dopo prima purché forse domani condizione qualora
maar echter behalve mits tenzij indien wanneer zodra alleen slechts totdat nadat voordat misschien voorwaarde helaas
förutom såvida ifall endast bara innan efter kanske imorgon dock villkor tyvärr
jednak jeśli jeżeli oprócz tylko dopiero dopóki zanim kiedy może jutro pod warunkiem chyba
        ",
    )
});

/// Words that take back.
pub(super) static TURNS: Table = LazyLock::new(|| {
    words(
        "
actually wait stop hold sorry oops whoops mistake mistakenly accidentally accident ignore disregard cancel cancelled
undo retract withdraw revoke scratch kidding joking joke correction reconsider rather changed nevermind hang error
recall postpone delay hm hmm
doch halt moment warte warten stopp entschuldigung irrtum versehentlich versehen ignorieren stornieren zurück
zurückziehen eigentlich korrektur quatsch
attendez attends attendre arrêtez désolé désolée pardon erreur annuler annulez finalement ignorez espera espere
esperen perdón perdona cancelar cancele ignora realidad desculpe aguarde engano aspetta aspettate attendere scusa
scusate annulla annullare ignorate anzi
wacht toch vergissing negeer annuleren eigenlijk vänta förlåt misstag ignorera avbryt egentligen czekaj zaczekaj
poczekaj przepraszam pomyłka zignoruj anuluj jednak właściwie
        ",
    )
});

/// Words that refuse.
pub(super) static REFUSALS: Table = LazyLock::new(|| {
    words(
        "
reject rejected rejecting rejection refuse refused decline declined deny denied disapprove disapproved unapprove
unapproved disagree oppose veto against object objection ablehnen abgelehnt ablehnung dagegen refus contre rechazo
contra rifiuto contro tegen
        ",
    )
});

/// What somebody asks to be changed is not approved as it stands.
pub(super) static DEMANDS: Table = LazyLock::new(|| {
    words(
        "
change changes changing fix correct remove replace adjust amend revise rework redo rewrite delete wrong incorrect
missing should must need needs edit add update reduce lower increase raise minor major check verify clarify question
questions concern concerns wondering unclear ändern ändere ändert änderung änderungen korrigieren korrigiere entfernen
ersetzen anpassen streichen falsch fehlt fehlen muss müssen soll sollte prüfen frage fragen changer changez modifier
modifiez corriger corrigez supprimer remplacer faux manque doit faut cambiar cambie corregir corrija quitar eliminar
falta debe alterar altere corrigir remover deve cambiare correggere rimuovere manca sbagliato wijzig wijzigen
aanpassen verwijder moet fout ontbreekt ändra ta fel saknas måste zmień zmienić popraw poprawić usuń brakuje musi
        ",
    )
});

/// Words that are names and titles as well; they count in a line of four words and more.
pub(super) static SHORT: Table = LazyLock::new(|| {
    words(
        "
si se ma men om ale als pod så sí
        ",
    )
});

/// Runs of words that mean more than each.
pub(super) static PHRASES: Runs = LazyLock::new(|| {
    runs(
        "
as long as; on second thought; on second thoughts; never mind; changed my mind; my mistake; by mistake; in error;
take it back; take that back; other than; aside from; with the exception; in principle; in case; so long as; for now;
not so fast; one moment; let me; i will; i'll; will look; get back; call me; to be; next week; on monday; on hold;
hold off; es sei denn; im prinzip; im grunde; rufen sie; à moins; à condition; sous réserve; en principe; a menos;
a condición; con tal; en principio; a não ser; desde que; em princípio; a meno; a patto; in linea di massima;
in principe; op voorwaarde; under förutsättning; i princip; pod warunkiem; w zasadzie;
        ",
    )
});

/// Words of languages that do not divide them.
pub(super) static UNSPACED: Runs = LazyLock::new(|| {
    runs(
        "
ない; ません; ただし; 但し; しかし; もし; 場合; 条件; 却下; 待って; お待ち; まだ; 後で; 修正; 変更; 取り消; 取消; 間違; 不; 但是; 如果; 等等; لا; لكن; إذا
        ",
    )
});

/// Words of which one must be in a remark beside an approval.
pub(super) static FRIENDLY: Table = LazyLock::new(|| {
    words(
        "
good great nice well perfect excellent fine thanks thank thx cheers lgtm happy glad pleased love agree agreed ok okay
yes awesome wonderful brilliant approved approve appreciated regards wishes sincerely congratulations welcome
gut gute guter super perfekt danke dank einverstanden passt toll klasse genehmigt grüße grüßen gruß goed mooi
akkoord bedankt groet groeten bra fint tack utmärkt hälsningar
bien parfait parfaite merci excellente accord bon bonne cordialement bueno buena perfecto gracias excelente acuerdo
saludos bom boa ótimo perfeito obrigado obrigada acordo bene buono ottimo perfetto grazie eccellente accordo saluti
dobrze dobra świetnie dziękuję dzięki zgoda pozdrawiam
        ",
    )
});

/// The same for languages that do not divide words.
pub(super) static FRIENDLY_UNSPACED: Runs = LazyLock::new(|| {
    runs(
        "
ありがと; よろしく; 了解; 良い; いいです; 谢谢; 謝謝; 很好; 同意
        ",
    )
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_words_are_in_lower_case_and_no_friendly_word_is_one_of_doubt() {
        let doubts = [&NEGATIONS, &LIMITS, &TURNS, &REFUSALS, &DEMANDS];
        for table in doubts.into_iter().chain([&SHORT, &FRIENDLY]) {
            assert!(table.iter().all(|word| *word == word.to_lowercase()));
        }
        for word in FRIENDLY.iter() {
            assert!(doubts.iter().all(|table| !table.contains(word)), "{word}");
        }
    }
}
