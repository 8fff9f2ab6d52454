//! The words of bounces and automatic answers, in many languages.
//!
//! Data only, in lower case, words of a list parted by `|`. **To add a language** add its words to each list; order does not matter.

use std::sync::LazyLock;

/// A list of words.
pub(super) type Words = LazyLock<Vec<&'static str>>;

fn split(list: &'static str) -> Vec<&'static str> {
    list.split('|').collect()
}

/// Whether one of the words stands in the text.
pub(super) fn found(words: &[&str], text: &str) -> bool {
    !text.is_empty() && words.iter().any(|word| text.contains(word))
}

/// Whether the text begins with one of the words, which ends there or before a mark.
pub(super) fn starts(words: &[&str], text: &str) -> bool {
    let text = text.trim_start_matches(['[', '(', '*', '"', ' ', '<', '【']);
    words.iter().any(|word| {
        text.strip_prefix(word).is_some_and(|rest| {
            !rest.starts_with(|c: char| c.is_alphanumeric() && word.ends_with(|c: char| c.is_ascii()))
        })
    })
}

/// Display names of mail servers.
pub(super) static BOUNCE_NAMES: Words = LazyLock::new(|| {
    split(
        "mail delivery|mailer-daemon|mailer daemon|delivery subsystem|mail system|postmaster|mail administrator|\
         system administrator|microsoft outlook|systemadministrator|administrateur système|administrador del sistema|\
         mail gateway|delivery status|delivery notification|returned mail|internet mail delivery|email quarantine",
    )
});

/// Words in the subject of a bounce.
pub(super) static BOUNCE_SUBJECTS: Words = LazyLock::new(|| {
    split(
        "undeliverable|undelivered|undeliver|delivery status notification|delivery notification|mail delivery fail|\
         delivery failure|delivery failed|delivery has failed|failure notice|failure delivery|failed delivery|\
         returned mail|returned e-mail|returned to sender|returned message|return to sender|mail system error|\
         mail failure|message status - undeliverable|not deliver|could not be delivered|couldn't be delivered|\
         could not deliver|unable to deliver|non delivery|non-delivery|nondeliver|non remis|delivery report|\
         delivery error|message delivery|mail delivery|delivery delay|delayed mail|warning: message|\
         warning: could not send|still being retried|rejected mail|message rejected|user unknown|unknown user|bounced|\
         bounce message|unzustellbar|nicht zugestellt|zustellung fehlgeschlagen|zustellungsfehler|unzustellbare|\
         échec de la remise|échec de remise|non distribu|remise impossible|échec d'envoi|courrier non remis|\
         no se puede entregar|no entregado|no se ha podido entregar|mensaje devuelto|correo devuelto|error de entrega|\
         não foi possível entregar|não entregue|falha na entrega|mensagem devolvida|mancato recapito|mancata consegna|\
         consegna non riuscita|impossibile recapitare|niet bezorgd|onbestelbaar|kan niet worden bezorgd|\
         kunde inte levereras|kunne ikke leveres|ikke leveret|olevererbart|leveransfel|toimitus epäonnistui|\
         nie dostarczono|niedostarczon|nie można dostarczyć|zwrot poczty|nedoručiteln|nedoručen|kézbesíthetetlen|\
         nelivrat|недоставлен|не доставлен|не удалось доставить|ошибка доставки|teslim edilemedi|iletilemedi|配信不能|\
         配信できません|送信エラー|配達不能|エラー通知|退信|系统退信|無法傳遞|无法投递|投递失败|退回的|전송 실패|배달되지|반송|loop alert|you are not member|\
         are not member|not member (",
    )
});

/// Words in the text of a bounce.
pub(super) static BOUNCE_TEXTS: Words = LazyLock::new(|| {
    split(
        "could not be delivered|couldn't be delivered|could not deliver|was not delivered|wasn't delivered|\
         not delivered to|has not been delivered|cannot be delivered|can't be delivered|unable to deliver|\
         undeliverable|undelivered|delivery failed|delivery has failed|delivery failure|delivery to the following|\
         delivery status|failed permanently|permanent failure|permanent error|permanent fatal errors|\
         following address(es) failed|following addresses had|following recipient|following address|following errors|\
         message you sent|returned to sender|returned message|bounced|user unknown|unknown user|no such user|\
         user not found|no such recipient|recipient unknown|unknown recipient|recipient not found|does not exist|\
         doesn't exist|invalid recipient|invalid user|invalid address|address rejected|recipient rejected|\
         mailbox unavailable|mailbox full|mailbox is full|mailbox not found|mailbox disabled|account has been disabled|\
         over quota|quota exceeded|relay access denied|relaying denied|host unknown|host or domain name not found|\
         domain not found|address not found|is not a known user|not listed in|qmail-send program|\
         this is the mail system at host|transcript of session|diagnostic-code|final-recipient|reporting-mta|\
         action: failed|error message below|was undeliverable|message is larger than|retry time not reached|\
         message was rejected|message has been rejected|rejected by|has been blocked|not a member of this mailing list|\
         loop alert|duplicated message-id|notificationtype|konnte nicht zugestellt|nicht zugestellt werden|\
         unzustellbar|n'a pas pu être remis|n'a pu être remis|non remis|no se pudo entregar|no se ha podido entregar|\
         no pudo ser entregado|não pôde ser entregue|não foi entregue|non è stato possibile recapitare|\
         non è stato recapitato|kon niet worden bezorgd|niet worden afgeleverd|kunde inte levereras|kunne ikke leveres|\
         nie mogła zostać dostarczona|nie została dostarczona|не было доставлено|не может быть доставлено|\
         не удалось доставить|配信できませんでした|配信されませんでした|送信できませんでした|送信先が見つかりません|宛先不明|无法投递|退信",
    )
});

/// How the subject of an automatic answer begins, which no person writes.
pub(super) static REPLY_SUBJECTS: Words = LazyLock::new(|| {
    split(
        "auto reply|auto-reply|autoreply|auto response|auto-response|autoresponse|autorespons|auto:|auto :|\
         automatic reply|automatic response|automated reply|automated response|automatic answer|automatic email reply|\
         out of office|out-of-office|ooo:|[ooo]|vacation reply|vacation response|vacation message|abwesenheitsnotiz|\
         automatische antwort|automatische abwesenheit|autom. antwort|réponse automatique|réponse d'absence|\
         message d'absence|respuesta automática|respuesta automatica|resposta automática|resposta automatica|\
         risposta automatica|risposta automatica:|automatisch antwoord|automatische antwoord|automatische reactie|\
         afwezigheidsbericht|autosvar|automatiskt svar|automatisk svar|automatisk svar:|fraværsbesked|poissaoloviesti|\
         automaattinen vastaus|automaatvastus|automatyczna odpowiedź|autoodpowiedź|odpowiedź automatyczna|\
         automatická odpověď|automatická odpoveď|automatikus válasz|răspuns automat|автоответ|автоматический ответ|\
         автоматична відповідь|автовідповідь|автоматичен отговор|otomatik yanıt|otomatik cevap|αυτόματη απάντηση|\
         automatski odgovor|samodejni odgovor|automātiskā atbilde|automatinis atsakymas|自動返信|自動応答|不在通知|自动回复|自动答复|自動回覆|\
         休假自动|자동 응답|자동응답|자동 회신|תגובה אוטומטית|מענה אוטומטי|رد تلقائي|الرد التلقائي|پاسخ خودکار|trả lời tự động|\
         balasan otomatis|ตอบกลับอัตโนมัติ",
    )
});

/// How the subject of an automatic answer may begin, and of a person who writes about being away as well.
pub(super) static ABSENCE_SUBJECTS: Words = LazyLock::new(|| {
    split(
        "out of the office|away from my mail|i am out of|i'm out of|on vacation|on annual leave|on holiday|on leave:|\
         away:|thank you for contacting|we have received your|abwesenheit|ich bin abwesend|außer haus|nicht im büro|\
         urlaub:|eingangsbestätigung:|absence du bureau|absent du bureau|absence :|absence:|absent :|en congé|\
         en vacances|fuera de la oficina|fuera de oficina|ausente de la oficina|ausencia:|fora do escritório|\
         ausência temporária|ausente do escritório|fuori sede|fuori ufficio|assenza:|assente:|afwezig|niet aanwezig|\
         frånvaro|frånvarande|fravær:|ikke til stede|ikke på kontoret|poissa|nieobecność|poza biurem|mimo kancelář|\
         nepřítomnost|házon kívül|absență din birou|нет на рабочем месте|ofis dışında|εκτός γραφείου|外出|부재중",
    )
});

/// A text that calls itself automatic.
pub(super) static REPLY_TEXTS: Words = LazyLock::new(|| {
    split(
        "this is an automatic reply|this is an automated reply|this is an automatic response|\
         this is an automated response|this is an auto-reply|this is an automated message|\
         this is an automatically generated|this message was automatically generated|\
         this mail was automatically generated|this e-mail was generated automatically|\
         this email was generated automatically|automatic reply|automatisch generierte|automatisch erzeugt|\
         automatisch erstellt|dies ist eine automatische|ceci est une réponse automatique|\
         ceci est un message automatique|message généré automatiquement|este es un mensaje automático|\
         esta es una respuesta automática|mensaje generado automáticamente|esta é uma resposta automática|\
         esta é uma mensagem automática|mensagem automática|questo è un messaggio automatico|\
         questa è una risposta automatica|dit is een automatisch|automatisch gegenereerd|detta är ett automatiskt|\
         dette er en automatisk|dette er et automatisk|tämä on automaattinen|to jest automatyczna|\
         wiadomość wygenerowana automatycznie|toto je automatická|это автоматический ответ|это автоматическое|\
         bu otomatik|このメールは自動|自動返信|自動送信|此邮件为自动|这是一封自动|자동으로 발송|자동 발송",
    )
});

/// A text that says that somebody is away.
pub(super) static ABSENCE_TEXTS: Words = LazyLock::new(|| {
    split(
        "this is an autoreply|i am currently out of the office|i am out of the office|i'm out of the office|\
         i will be out of the office|i am currently away|i am away from|i'm currently away|i am on vacation|\
         i'm on vacation|i am on annual leave|i am on leave|i am on holiday|ich bin derzeit nicht im büro|\
         ich bin zur zeit nicht|ich bin momentan nicht|ich bin bis zum|bin ich nicht im büro|bin ich nicht erreichbar|\
         ich bin nicht im büro|je suis absent|je suis actuellement absent|je suis en congé|je suis en vacances|\
         estoy fuera de la oficina|me encuentro fuera|estou fora do escritório|estarei ausente|sono fuori ufficio|\
         sarò assente|ik ben afwezig|ik ben momenteel niet|jag är inte på kontoret|jag är ledig|jag är på semester|\
         jeg er ikke på kontoret|jeg er på ferie|olen poissa|olen lomalla|jestem poza biurem|przebywam na urlopie|\
         jsem mimo kancelář|я в отпуске|меня нет на рабочем месте|with limited access to e|limited access to my e",
    )
});
