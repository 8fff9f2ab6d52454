//! Lines a mail program or a telephone adds below a reply: `Sent from my iPhone`, `Get Outlook for iOS`.

use std::sync::LazyLock;

use super::line;
use super::words::{Words, split};

/// How such a line begins.
static BEGINNINGS: Words = LazyLock::new(|| {
    split(
        "sent from|sent via|sent with|sent using|sent by|sent on the|sent through|get outlook for|download outlook for|\
         from my iphone|from my ipad|from my android|from mobile|typed on my|written on my|gesendet von|gesendet mit|\
         gesendet aus|gesendet über|von meinem iphone|von meinem ipad|von meinem|von unterwegs gesendet|\
         diese nachricht wurde von|holen sie sich outlook|outlook für|envoyé de|envoyé depuis|envoyé à partir|\
         envoyé par|envoyé avec|envoye de|obtenir outlook|télécharger outlook|téléchargez outlook|enviado desde|\
         enviado do|enviado de|enviado a partir|enviado através|enviado por|enviado con|enviado com|enviado pelo|\
         enviat des|obter o outlook|obtenha o outlook|baixe o outlook|obtener outlook|descarga outlook|\
         descargar outlook|inviato da|inviato con|inviato dal|ottieni outlook|scarica outlook|verzonden vanaf|\
         verzonden vanuit|verzonden met|verzonden van|verstuurd vanaf|verstuurd met|verstuurd vanuit|outlook voor|\
         download outlook voor|skickat från|skickat med|skickat via|hämta outlook|skaffa outlook|sendt fra|sendt via|\
         sendt med|hent outlook|få outlook|skaff deg outlook|lähetetty|hanki outlook|wysłane z|wysłano z|wysłane za|\
         wysłano za|pobierz outlook|pobierz program outlook|отправлено с|отправлено из|отправлено через|надіслано з|\
         скачать outlook|скачайте outlook|получить outlook|odesláno z|posláno z|odeslané z|odoslané z|získejte outlook|\
         stáhnout outlook|získať outlook|elküldve|trimis de pe|trimis din|trimis de la|descărcați outlook|\
         obțineți outlook|poslano s|poslano z|poslato sa|изпратено от|στάλθηκε από|εστάλη από|αποστολή από|נשלח מ|\
         أُرسلت من|أرسلت من|تم الإرسال من|مرسل من|ارسال شده از|从我的|從我的|发自我的|發自我的|发送自|来自我的|傳送自|iphoneから送信|ipadから送信|\
         androidから送信|私のiphone|나의 iphone|내 iphone|갤럭시|gửi từ|được gửi từ|dikirim dari|ส่งจาก|saadetud|išsiųsta iš|\
         nosūtīts no|enviat des de|sent fra|meddelande skickat|sendur úr",
    )
});

/// How such a line ends, where the language puts the word last.
static ENDS: Words = LazyLock::new(|| {
    split(
        "gesendet|küldve|gönderildi|から送信|에서 보냄|발송|发送|傳送|传送|發送|beziehen|downloaden|herunterladen|letöltése|edinin|\
         indirin|を入手",
    )
});

/// What a line with such an end has to name.
static DEVICES: Words = LazyLock::new(|| {
    split(
        "iphone|ipad|android|outlook|mobil|handy|smartphone|galaxy|blackberry|huawei|xiaomi|tablet|telefon|samsung|mail",
    )
});

/// Whether such a line stands at `at`.
pub(super) fn is_at(lines: &[&str], at: usize) -> bool {
    let Some(text) = lines.get(at) else { return false };
    if !is_closing(text) {
        return false;
    }
    // Within a paragraph it is a sentence: the next line is blank, the end, another such line or something that surely is no text.
    lines.get(at + 1).is_none_or(|next| {
        line::invisible(next)
            || line::bare(next)
            || line::quoted(next)
            || is_closing(next)
            || super::attribution::length(lines, at + 1).is_some()
            || super::header_block::length(lines, at + 1).is_some()
            || super::bar::is_bar(next)
    })
}

fn is_closing(text: &str) -> bool {
    if text.len() > 300 {
        return false;
    }
    let text = text.trim_matches(|c: char| c.is_whitespace() || !(c.is_alphanumeric() || matches!(c, '\'' | '’')));
    let lower = without_links(&text.to_lowercase());
    let lower = lower.trim_matches(|c: char| !c.is_alphanumeric());
    if lower.chars().count() > 90 || lower.split_whitespace().count() > 14 {
        return false;
    }
    if goes_on(lower) {
        return false;
    }
    BEGINNINGS.iter().any(|word| {
        lower
            .strip_prefix(word)
            .is_some_and(|rest| !word.is_ascii() || rest.is_empty() || !rest.starts_with(|c: char| c.is_alphanumeric()))
    }) || (ENDS.iter().any(|word| lower.ends_with(word)) && DEVICES.iter().any(|device| lower.contains(device)))
}

/// Whether a sentence follows the device that is more than an excuse for mistakes: then a person wrote it.
fn goes_on(text: &str) -> bool {
    let Some((_, rest)) = text.split_once([',', ';', '!', '?']) else { return false };
    let excuse = [
        "excuse",
        "typo",
        "brev",
        "pardon",
        "sorry",
        "forgive",
        "fehler",
        "kürze",
        "entschuldig",
        "excuse",
        "faute",
        "perdón",
        "disculp",
        "errat",
        "scus",
        "fout",
        "fel",
        "fejl",
    ];
    rest.split_whitespace().count() >= 4 && !excuse.iter().any(|word| rest.contains(word))
}

/// The text without `<https://…>`, `(https://…)` and bare links.
fn without_links(text: &str) -> String {
    let mut rest = text;
    let mut out = String::with_capacity(text.len());
    while let Some(at) = rest.find("http") {
        let (before, link) = rest.split_at(at);
        out.push_str(before);
        let end = link.find(|c: char| c.is_whitespace() || matches!(c, '>' | ')' | ']')).unwrap_or(link.len());
        rest = link.get(end..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}
