//! Which language a text is written in.
//!
//! Its own file because intake asks it once per request and the generator only trusts its answer.
//! INVARIANT: the answer is an ISO 639-1 code or `und`; a text too short to tell is `und`.

use super::read::list::List;
use whatlang::{Lang, Script};

/// Most text looked at, in bytes; more says nothing new.
const LOOK: usize = 600;

/// The language of `text`: ISO 639-1, or `und` when it cannot be told.
#[must_use]
pub fn detect(text: &str) -> &'static str {
    let mut end = text.len().min(LOOK);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let head = said(text.get(..end).unwrap_or(""));
    if is_korean(head) {
        return "ko";
    }
    // What holds digits is a name or a number.
    let words = head
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty() && word.chars().all(char::is_alphabetic));
    let english = share(words.clone(), &ENGLISH);
    if english >= 0.28 {
        return "en";
    }
    let words: Vec<&str> = words.collect();
    let common = Common::of(&words);
    // Counting letters costs more than all of drafting; it is asked only where common words do not say it clearly.
    if words.len() >= 20 && common.share >= 0.25 && common.share >= 2.0 * common.next.max(english) {
        return common.code;
    }
    let Some(info) = whatlang::detect(head) else { return "und" };
    if info.script() == Script::Latin {
        let code = code(info.lang());
        // Trigram statistics guess at short texts; a few common words of the guessed language must agree.
        let list = COMMON.iter().find(|(known, _)| *known == code);
        let own = list.map_or(0.0, |(_, list)| share(words.iter().copied(), list));
        if english > own && english >= 0.12 {
            return "en";
        }
        let enough = words.iter().filter(|word| word.len() > 1).count() >= 5;
        let sure = (info.is_reliable() && enough) || own >= 0.15;
        if sure {
            return code;
        }
        return if common.share >= 0.25 { common.code } else { "und" };
    }
    if words.is_empty() { "und" } else { code(info.lang()) }
}

/// The text without what programs put below a line of dashes; all of it, when that line comes first.
fn said(text: &str) -> &str {
    let Some(at) = text.find("\n----------") else { return text };
    let (above, below) = text.split_at(at);
    let line = below.trim_start().lines().next().unwrap_or("");
    let drawn = line.trim_end().bytes().all(|byte| byte == b'-');
    if drawn && above.contains(char::is_alphabetic) { above } else { text }
}

/// Whether a text is written in Korean, a few names and addresses in Latin letters among it: a syllable is one character.
fn is_korean(text: &str) -> bool {
    if text.is_ascii() {
        return false;
    }
    let syllables = text.chars().filter(|c| matches!(c, '\u{ac00}'..='\u{d7a3}')).count();
    let others = text.chars().filter(|c| c.is_alphabetic()).count() - syllables;
    syllables > 0 && 3 * syllables >= others
}

/// The English name of a language code; the code itself when it has none here.
#[must_use]
pub fn name(code: &str) -> &str {
    const NAMES: &[(&str, &str)] = &[
        ("ar", "Arabic"),
        ("bg", "Bulgarian"),
        ("bn", "Bengali"),
        ("ca", "Catalan"),
        ("cs", "Czech"),
        ("da", "Danish"),
        ("de", "German"),
        ("el", "Greek"),
        ("en", "English"),
        ("es", "Spanish"),
        ("et", "Estonian"),
        ("fa", "Persian"),
        ("fi", "Finnish"),
        ("fr", "French"),
        ("he", "Hebrew"),
        ("hi", "Hindi"),
        ("hr", "Croatian"),
        ("hu", "Hungarian"),
        ("id", "Indonesian"),
        ("it", "Italian"),
        ("ja", "Japanese"),
        ("ko", "Korean"),
        ("lt", "Lithuanian"),
        ("lv", "Latvian"),
        ("nb", "Norwegian"),
        ("nl", "Dutch"),
        ("pl", "Polish"),
        ("pt", "Portuguese"),
        ("ro", "Romanian"),
        ("ru", "Russian"),
        ("sk", "Slovak"),
        ("sl", "Slovenian"),
        ("sr", "Serbian"),
        ("sv", "Swedish"),
        ("th", "Thai"),
        ("tr", "Turkish"),
        ("uk", "Ukrainian"),
        ("vi", "Vietnamese"),
        ("zh", "Chinese"),
        ("und", "a language that could not be told"),
    ];
    NAMES.iter().find(|(known, _)| *known == code).map_or(code, |(_, name)| name)
}

/// ISO 639-1 where there is one.
fn code(lang: Lang) -> &'static str {
    match lang {
        Lang::Eng => "en",
        Lang::Deu => "de",
        Lang::Fra => "fr",
        Lang::Spa => "es",
        Lang::Ita => "it",
        Lang::Por => "pt",
        Lang::Nld => "nl",
        Lang::Pol => "pl",
        Lang::Swe => "sv",
        Lang::Dan => "da",
        Lang::Nob => "nb",
        Lang::Fin => "fi",
        Lang::Ces => "cs",
        Lang::Slk => "sk",
        Lang::Hun => "hu",
        Lang::Ron => "ro",
        Lang::Tur => "tr",
        Lang::Rus => "ru",
        Lang::Ukr => "uk",
        Lang::Bul => "bg",
        Lang::Srp => "sr",
        Lang::Hrv => "hr",
        Lang::Slv => "sl",
        Lang::Ell => "el",
        Lang::Ara => "ar",
        Lang::Heb => "he",
        Lang::Pes => "fa",
        Lang::Hin => "hi",
        Lang::Ben => "bn",
        Lang::Cmn => "zh",
        Lang::Jpn => "ja",
        Lang::Kor => "ko",
        Lang::Tha => "th",
        Lang::Vie => "vi",
        Lang::Ind => "id",
        Lang::Cat => "ca",
        Lang::Est => "et",
        Lang::Lit => "lt",
        Lang::Lav => "lv",
        _ => "und",
    }
}

static ENGLISH: List = List::new(&[
    "the", "and", "to", "of", "is", "for", "you", "we", "our", "my", "your", "it", "that", "this", "with", "have",
    "are", "be", "on", "at", "can", "could", "would", "please", "not", "from", "i", "an", "will", "was", "has", "do",
    "by", "as", "if", "but", "all", "or", "when", "what", "how", "need", "hi", "hello", "thanks", "been", "us",
    "there", "any", "no", "me", "which", "they", "so", "about",
]);

static COMMON: &[(&str, List)] = &[
    (
        "de",
        List::new(&[
            "der", "die", "das", "und", "ist", "nicht", "wir", "ich", "sie", "für", "mit", "den", "ein", "eine",
            "bitte", "auf", "von", "zu", "haben", "im", "uns", "es", "wie", "dass", "oder", "sich", "können", "am",
            "bis",
        ]),
    ),
    (
        "fr",
        List::new(&[
            "le", "la", "les", "et", "est", "nous", "vous", "je", "pour", "des", "une", "un", "de", "que", "dans",
            "pas", "avec", "sur", "bonjour", "merci", "votre", "notre", "du", "en", "au", "pouvez",
        ]),
    ),
    (
        "es",
        List::new(&[
            "el",
            "la",
            "los",
            "las",
            "y",
            "es",
            "que",
            "de",
            "por",
            "para",
            "con",
            "una",
            "un",
            "en",
            "no",
            "su",
            "nos",
            "hola",
            "gracias",
            "favor",
            "necesitamos",
            "del",
            "se",
            "me",
            "al",
        ]),
    ),
    (
        "it",
        List::new(&[
            "il",
            "la",
            "le",
            "e",
            "di",
            "che",
            "per",
            "con",
            "non",
            "una",
            "un",
            "del",
            "in",
            "sono",
            "grazie",
            "buongiorno",
            "vi",
            "abbiamo",
            "della",
            "si",
            "al",
            "è",
        ]),
    ),
    (
        "nl",
        List::new(&[
            "de", "het", "een", "en", "van", "is", "wij", "we", "ik", "u", "voor", "met", "niet", "op", "graag",
            "kunnen", "dat", "te", "zijn", "ons", "bij", "wordt", "aan",
        ]),
    ),
    (
        "pt",
        List::new(&[
            "o",
            "a",
            "os",
            "as",
            "e",
            "que",
            "de",
            "para",
            "com",
            "não",
            "uma",
            "um",
            "em",
            "por",
            "obrigado",
            "olá",
            "nos",
            "do",
            "da",
            "se",
            "precisamos",
        ]),
    ),
    (
        "pl",
        List::new(&[
            "i", "w", "na", "nie", "jest", "się", "do", "z", "proszę", "dzień", "dobry", "że", "dla", "o", "czy",
            "nam", "jak", "po",
        ]),
    ),
    (
        "sv",
        List::new(&[
            "och", "att", "det", "är", "en", "vi", "för", "på", "inte", "med", "som", "har", "ett", "av", "hej",
            "tack", "kan",
        ]),
    ),
    (
        "da",
        List::new(&[
            "og", "at", "det", "er", "en", "vi", "for", "på", "ikke", "med", "som", "har", "et", "af", "hej", "tak",
            "kan",
        ]),
    ),
    (
        "nb",
        List::new(&[
            "og", "at", "det", "er", "en", "vi", "for", "på", "ikke", "med", "som", "har", "et", "av", "hei", "takk",
            "kan", "å", "fra", "jeg",
        ]),
    ),
];

/// What the lists of common words say of a text.
struct Common {
    /// The language whose list holds most of its words.
    code: &'static str,
    /// The share of its words that stand there.
    share: f32,
    /// The same of the language that comes next.
    next: f32,
}

impl Common {
    fn of(words: &[&str]) -> Self {
        let nothing = Self { code: "und", share: 0.0, next: 0.0 };
        let shares = COMMON.iter().map(|(code, list)| (code, share(words.iter().copied(), list)));
        shares.fold(nothing, |best, (code, share)| {
            if share >= best.share {
                Self { code, share, next: best.share }
            } else {
                Self { next: best.next.max(share), ..best }
            }
        })
    }
}

/// The share of `words` that stand in `list`.
fn share<'a>(words: impl Iterator<Item = &'a str>, list: &List) -> f32 {
    let (mut known, mut all) = (0_usize, 0_usize);
    for word in words {
        known += usize::from(list.has(word));
        all += 1;
    }
    if all == 0 { 0.0 } else { known as f32 / all as f32 }
}
