//! What below a decision takes it back: another decision, a "no", a "but", a condition, a question, a demand.
//! Own file because it is a question of language, and because every doubt must end on the safe side: an approval with any of these is no
//! approval. INVARIANT: words of every shipped language are looked for, whatever languages are switched on for deciding.

use super::grammar::bare;
use super::tail::Tail;
use super::words::{Kind, Words};

/// The first line that does not go with the decision.
pub(super) fn find<'t>(kind: Kind, said: &'t str, below: &Tail<'t>, words: &Words) -> Option<&'t str> {
    let written = below.lines().iter().copied();
    let signed = below.signature().iter().copied();
    match kind {
        // An approval is not words: anything that could limit it does.
        Kind::Approve => written
            .clone()
            .find(|line| doubts(line, words, true))
            .or_else(|| signed.clone().find(|line| doubts(line, words, false)))
            .or_else(|| across(written.chain(signed))),
        // These are words, and words may hold anything; only another decision on a line of its own speaks against them.
        Kind::Minor | Kind::Major | Kind::Reject | Kind::Edit => {
            std::iter::once(said).chain(written).chain(signed).find(|line| decides_otherwise(line, kind, words))
        }
    }
}

/// Whether a line is, or begins with turning to, another decision.
fn decides_otherwise(line: &str, kind: Kind, words: &Words) -> bool {
    if words.exactly(bare(line)).is_some_and(|other| other != kind) {
        return true;
    }
    let tokens = tokens(line);
    let denied = tokens.iter().any(|token| NEGATIONS.contains(&token.as_str()));
    let other = |token: &String| {
        words.exactly(token).is_some_and(|other| other != kind && other != Kind::Minor && other != Kind::Major)
    };
    let turned = tokens.iter().any(|token| TURNS.contains(&token.as_str()));
    match kind {
        Kind::Edit => false,
        _ => !denied && tokens.iter().any(other) && (tokens.len() <= 4 || turned),
    }
}

/// Whether a line below an approval leaves any doubt. In a signature, words that also stand in titles are let pass.
fn doubts(line: &str, words: &Words, written: bool) -> bool {
    let line = harmless(line);
    if line.trim().is_empty() {
        return false;
    }
    if line.contains(['?', '？', '؟', '¿']) {
        return true;
    }
    let tokens = tokens(&line);
    let any = |list: &[&str]| tokens.iter().any(|token| list.contains(&token.as_str()));
    let other = tokens
        .iter()
        .any(|token| Words::every(token).is_some_and(|kind| kind != Kind::Approve && written || kind == Kind::Reject))
        || tokens.iter().any(|token| {
            words.exactly(token).is_some_and(|kind| kind == Kind::Reject || written && kind != Kind::Approve)
        });
    let unspaced = UNSPACED.iter().any(|word| line.contains(word));
    let phrase = format!(" {} ", tokens.join(" "));
    other
        || unspaced
        || any(NEGATIONS)
        || any(LIMITS)
        || any(TURNS)
        || any(REFUSALS)
        || PHRASES.iter().any(|words| phrase.contains(&format!(" {words} ")))
        || written && (any(DEMANDS) || tokens.len() >= 4 && any(SHORT))
}

/// A sentence broken over lines may hide a phrase from a look at each line.
fn across<'t>(lines: impl Iterator<Item = &'t str>) -> Option<&'t str> {
    let lines: Vec<&str> = lines.filter(|line| !line.trim().is_empty()).collect();
    lines.windows(2).find_map(|pair| {
        let [first, second] = pair else { return None };
        let phrase = format!(" {} {} ", tokens(first).join(" "), tokens(second).join(" "));
        PHRASES.iter().any(|words| phrase.contains(&format!(" {words} "))).then_some(*first)
    })
}

/// A line without addresses and links, whose question marks and words mean nothing, and without "no changes" and its like.
fn harmless(line: &str) -> String {
    let kept = line
        .split_whitespace()
        .filter(|word| !word.contains("://") && !word.contains('@') && !word.starts_with("www."));
    let mut line = kept.collect::<Vec<_>>().join(" ").to_lowercase().replace('’', "'");
    for phrase in HARMLESS {
        line = line.replace(phrase, " ");
    }
    line
}

/// Words in lower case; an apostrophe joins.
fn tokens(line: &str) -> Vec<String> {
    let line = line.to_lowercase().replace(['’', 'ʼ', '`'], "'");
    let words = line.split(|c: char| !c.is_alphanumeric() && c != '\'');
    let mut tokens = Vec::new();
    for word in words.map(|word| word.trim_matches('\'')).filter(|word| !word.is_empty()) {
        if word.ends_with("n't") {
            tokens.push("not".to_owned());
        }
        // French and Italian: `n'est`, `s'il`, `l'ho`.
        if let Some((front, back)) = word.split_once('\'') {
            tokens.extend([front.to_owned(), back.to_owned()]);
        }
        tokens.push(word.to_owned());
    }
    tokens
}

const HARMLESS: &[&str] = &[
    "no further comments",
    "no further comment",
    "no comments",
    "no comment",
    "no further changes",
    "no changes needed",
    "no changes",
    "no objections",
    "no objection",
    "no problem",
    "no worries",
    "no issues",
    "no concerns",
    "nothing to add",
    "do not reply",
    "keine einwände",
    "keine änderungen",
    "kein problem",
    "sans réserve",
    "sin cambios",
    "sin comentarios",
    "nessun problema",
];

const NEGATIONS: &[&str] = &[
    // English
    "not",
    "no",
    "nope",
    "never",
    "none",
    "neither",
    "nor",
    "cannot",
    "cant",
    "dont",
    "wont",
    "doesnt",
    "isnt",
    "without",
    "nay",
    // German, Dutch
    "nicht",
    "nein",
    "kein",
    "keine",
    "keinen",
    "keiner",
    "keinesfalls",
    "nie",
    "niemals",
    "ohne",
    "niet",
    "nee",
    "geen",
    "nooit",
    "zonder",
    // French
    "pas",
    "non",
    "ne",
    "jamais",
    "aucun",
    "aucune",
    "sans",
    // Spanish, Portuguese, Italian
    "nunca",
    "ningún",
    "ninguna",
    "tampoco",
    "não",
    "nao",
    "nenhum",
    "nenhuma",
    "sem",
    "mai",
    "nessun",
    "nessuna",
    "senza",
    // Swedish, Polish
    "inte",
    "ej",
    "nej",
    "aldrig",
    "ingen",
    "inga",
    "utan",
    "nie",
    "nigdy",
    "bez",
    "żaden",
];

const LIMITS: &[&str] = &[
    // English
    "but",
    "however",
    "although",
    "though",
    "except",
    "excluding",
    "unless",
    "if",
    "when",
    "once",
    "only",
    "until",
    "till",
    "provided",
    "providing",
    "assuming",
    "conditional",
    "conditionally",
    "condition",
    "conditions",
    "pending",
    "after",
    "before",
    "depending",
    "subject",
    "otherwise",
    "instead",
    "yet",
    "later",
    "tomorrow",
    "partially",
    "partly",
    "almost",
    "maybe",
    "perhaps",
    "unsure",
    "whether",
    "first",
    "still",
    "would",
    "could",
    "unfortunately",
    "apart",
    "besides",
    "caveat",
    "minus",
    // German
    "aber",
    "jedoch",
    "allerdings",
    "sofern",
    "falls",
    "wenn",
    "sobald",
    "außer",
    "ausser",
    "nur",
    "erst",
    "bis",
    "vorbehaltlich",
    "vorausgesetzt",
    "unter",
    "später",
    "morgen",
    "vielleicht",
    "nachdem",
    "bevor",
    "sonst",
    "stattdessen",
    "leider",
    "bedingung",
    "teilweise",
    "zuerst",
    "noch",
    "würde",
    "obwohl",
    "solange",
    // French
    "mais",
    "cependant",
    "toutefois",
    "sauf",
    "seulement",
    "uniquement",
    "lorsque",
    "quand",
    "avant",
    "après",
    "jusqu",
    "réserve",
    "condition",
    "peut",
    "demain",
    "sinon",
    "plutôt",
    "malheureusement",
    "quoique",
    "dès",
    "pourvu",
    // Spanish
    "pero",
    "excepto",
    "salvo",
    "solo",
    "sólo",
    "solamente",
    "cuando",
    "hasta",
    "después",
    "siempre",
    "antes",
    "quizás",
    "mañana",
    "aunque",
    "condición",
    "sino",
    // Portuguese
    "mas",
    "porém",
    "exceto",
    "somente",
    "apenas",
    "quando",
    "até",
    "depois",
    "desde",
    "talvez",
    "amanhã",
    "embora",
    "condição",
    "caso",
    // Italian
    "però",
    "tuttavia",
    "tranne",
    "eccetto",
    "soltanto",
    "finché",
    "dopo",
    "prima",
    "purché",
    "forse",
    "domani",
    "condizione",
    "qualora",
    // Dutch
    "maar",
    "echter",
    "behalve",
    "mits",
    "tenzij",
    "indien",
    "wanneer",
    "zodra",
    "alleen",
    "slechts",
    "totdat",
    "nadat",
    "voordat",
    "misschien",
    "morgen",
    "voorwaarde",
    "helaas",
    // Swedish
    "förutom",
    "såvida",
    "ifall",
    "endast",
    "bara",
    "innan",
    "efter",
    "kanske",
    "imorgon",
    "dock",
    "villkor",
    "tyvärr",
    // Polish
    "jednak",
    "jeśli",
    "jeżeli",
    "oprócz",
    "tylko",
    "dopiero",
    "dopóki",
    "zanim",
    "kiedy",
    "może",
    "jutro",
    "pod",
    "warunkiem",
    "chyba",
];

const TURNS: &[&str] = &[
    // English
    "actually",
    "wait",
    "stop",
    "hold",
    "sorry",
    "oops",
    "whoops",
    "mistake",
    "mistakenly",
    "accidentally",
    "accident",
    "ignore",
    "disregard",
    "cancel",
    "cancelled",
    "undo",
    "retract",
    "withdraw",
    "revoke",
    "scratch",
    "kidding",
    "joking",
    "joke",
    "correction",
    "reconsider",
    "rather",
    "changed",
    "nevermind",
    "hang",
    "error",
    "recall",
    "postpone",
    "delay",
    "hm",
    "hmm",
    // German
    "doch",
    "halt",
    "moment",
    "warte",
    "warten",
    "stopp",
    "entschuldigung",
    "sorry",
    "irrtum",
    "versehentlich",
    "versehen",
    "ignorieren",
    "stornieren",
    "zurück",
    "zurückziehen",
    "eigentlich",
    "korrektur",
    "quatsch",
    // Romance
    "attendez",
    "attends",
    "attendre",
    "arrêtez",
    "désolé",
    "désolée",
    "pardon",
    "erreur",
    "annuler",
    "annulez",
    "finalement",
    "ignorez",
    "espera",
    "espere",
    "esperen",
    "perdón",
    "perdona",
    "cancelar",
    "cancele",
    "ignora",
    "ignore",
    "realidad",
    "espere",
    "desculpe",
    "aguarde",
    "engano",
    "aspetta",
    "aspettate",
    "attendere",
    "scusa",
    "scusate",
    "annulla",
    "annullare",
    "ignorate",
    "anzi",
    // Dutch, Swedish, Polish
    "wacht",
    "toch",
    "vergissing",
    "negeer",
    "annuleren",
    "eigenlijk",
    "vänta",
    "förlåt",
    "misstag",
    "ignorera",
    "avbryt",
    "egentligen",
    "czekaj",
    "zaczekaj",
    "poczekaj",
    "przepraszam",
    "pomyłka",
    "zignoruj",
    "anuluj",
    "jednak",
    "właściwie",
];

const REFUSALS: &[&str] = &[
    "reject",
    "rejected",
    "rejecting",
    "rejection",
    "refuse",
    "refused",
    "decline",
    "declined",
    "deny",
    "denied",
    "disapprove",
    "disapproved",
    "unapprove",
    "unapproved",
    "disagree",
    "oppose",
    "veto",
    "against",
    "object",
    "objection",
    "ablehnen",
    "abgelehnt",
    "ablehnung",
    "dagegen",
    "refus",
    "contre",
    "rechazo",
    "contra",
    "rifiuto",
    "contro",
    "tegen",
];

const DEMANDS: &[&str] = &[
    // What somebody asks to be changed, is not approved as it stands.
    "change",
    "changes",
    "changing",
    "fix",
    "correct",
    "remove",
    "replace",
    "adjust",
    "amend",
    "revise",
    "rework",
    "redo",
    "rewrite",
    "delete",
    "wrong",
    "incorrect",
    "missing",
    "should",
    "must",
    "need",
    "needs",
    "edit",
    "add",
    "update",
    "reduce",
    "lower",
    "increase",
    "raise",
    "minor",
    "major",
    "check",
    "verify",
    "clarify",
    "question",
    "questions",
    "concern",
    "concerns",
    "wondering",
    "unclear",
    "ändern",
    "ändere",
    "ändert",
    "änderung",
    "änderungen",
    "korrigieren",
    "korrigiere",
    "entfernen",
    "ersetzen",
    "anpassen",
    "streichen",
    "falsch",
    "fehlt",
    "fehlen",
    "muss",
    "müssen",
    "soll",
    "sollte",
    "prüfen",
    "frage",
    "fragen",
    "changer",
    "changez",
    "modifier",
    "modifiez",
    "corriger",
    "corrigez",
    "supprimer",
    "remplacer",
    "faux",
    "manque",
    "doit",
    "faut",
    "cambiar",
    "cambie",
    "corregir",
    "corrija",
    "quitar",
    "eliminar",
    "falta",
    "debe",
    "alterar",
    "altere",
    "corrigir",
    "remover",
    "deve",
    "cambiare",
    "correggere",
    "rimuovere",
    "manca",
    "sbagliato",
    "wijzig",
    "wijzigen",
    "aanpassen",
    "verwijder",
    "moet",
    "fout",
    "ontbreekt",
    "ändra",
    "ta",
    "fel",
    "saknas",
    "måste",
    "zmień",
    "zmienić",
    "popraw",
    "poprawić",
    "usuń",
    "brakuje",
    "musi",
];

/// Words that are names and titles as well; they count in a line of four words and more.
const SHORT: &[&str] = &["si", "se", "ma", "men", "om", "ale", "als", "als", "pod", "så", "sí"];

/// Runs of words that mean more than each.
const PHRASES: &[&str] = &[
    "as long as",
    "on second thought",
    "on second thoughts",
    "never mind",
    "changed my mind",
    "my mistake",
    "by mistake",
    "in error",
    "take it back",
    "take that back",
    "other than",
    "aside from",
    "with the exception",
    "in principle",
    "in case",
    "so long as",
    "for now",
    "not so fast",
    "one moment",
    "let me",
    "i will",
    "i'll",
    "will look",
    "get back",
    "call me",
    "to be",
    "next week",
    "on monday",
    "on hold",
    "hold off",
    "es sei denn",
    "im prinzip",
    "im grunde",
    "rufen sie",
    "à moins",
    "à condition",
    "sous réserve",
    "en principe",
    "a menos",
    "a condición",
    "con tal",
    "en principio",
    "a não ser",
    "desde que",
    "em princípio",
    "a meno",
    "a patto",
    "in linea di massima",
    "in principe",
    "op voorwaarde",
    "under förutsättning",
    "i princip",
    "pod warunkiem",
    "w zasadzie",
];

/// Words of languages that do not divide them.
const UNSPACED: &[&str] = &[
    "ない",
    "ません",
    "ただし",
    "但し",
    "しかし",
    "もし",
    "場合",
    "条件",
    "却下",
    "待って",
    "お待ち",
    "まだ",
    "後で",
    "修正",
    "変更",
    "取り消",
    "取消",
    "間違",
    "不",
    "但是",
    "如果",
    "等等",
    "لا",
    "لكن",
    "إذا",
];
