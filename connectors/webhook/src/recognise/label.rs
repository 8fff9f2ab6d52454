//! What a label says about its field. Own file because labels come as sentences, as identifiers and in many scripts, and all of them
//! are brought to one form before they are looked up.

use super::Role;
use super::words::{EMPTY_WORDS, PERSON_WORDS, PHRASES, UNSPACED, VETO_WORDS};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;

/// How many words of a label are looked at.
const MOST_WORDS: usize = 16;
const LONGEST_PHRASE: usize = 5;

/// A table by word or phrase. Its keys are ours alone, so a plain hash does: nobody outside can choose what collides.
type Table<V> = HashMap<&'static str, V, BuildHasherDefault<Fnv>>;

static LOOKUP: LazyLock<Table<Vec<(Role, u8)>>> = LazyLock::new(|| {
    let mut lookup = Table::default();
    for (role, sure, phrases) in PHRASES {
        for phrase in *phrases {
            let roles: &mut Vec<(Role, u8)> = lookup.entry(*phrase).or_default();
            roles.push((*role, *sure));
        }
    }
    lookup
});
static EMPTY: LazyLock<Table<()>> = LazyLock::new(|| EMPTY_WORDS.iter().map(|word| (*word, ())).collect());
static VETO: LazyLock<Table<()>> = LazyLock::new(|| VETO_WORDS.iter().map(|word| (*word, ())).collect());

/// A label in its one form: lowercase words without accents, one space between them, numbers and a leading `q` dropped.
pub(crate) struct Label {
    text: String,
    unspaced: bool,
}

impl Label {
    /// Brings a label to its one form.
    pub(crate) fn new(label: &str) -> Self {
        let mut text = String::with_capacity(label.len().min(400) + 8);
        let mut before = ' ';
        let (mut unspaced, mut odd, mut words, mut gap) = (false, false, 0, true);
        for c in label.chars().take(400) {
            let word = is_word(c);
            let camel = c.is_uppercase() && before.is_lowercase();
            let digits = c.is_ascii_digit() != before.is_ascii_digit() && before.is_alphanumeric();
            gap |= !word || camel || digits;
            if word {
                if gap {
                    words += 1;
                    if words > MOST_WORDS {
                        break;
                    }
                    if !text.is_empty() {
                        text.push(' ');
                    }
                    gap = false;
                    // What may have to be rewritten below: numbers, `q3`, `e-mail`, `type your …`.
                    odd |= c.is_ascii_digit() || matches!(c, 'q' | 'Q' | 'e' | 'E' | 't' | 'T');
                }
                unspaced |= is_unspaced(c);
                fold(c, &mut text);
            }
            before = c;
        }
        Self { text: if odd { rewritten(&text) } else { text }, unspaced }
    }

    /// The words, with one space between them.
    pub(crate) fn joined(&self) -> &str {
        &self.text
    }

    fn words(&self) -> impl Iterator<Item = &str> {
        self.text.split(' ').filter(|word| !word.is_empty())
    }

    /// Whether it says nothing: no words, digits only, or `field 3`, `question 2`, `text_1`.
    pub(crate) fn is_blank(&self) -> bool {
        const BLANK: [&str; 12] =
            ["field", "q", "input", "text", "textarea", "question", "answer", "value", "col", "column", "f", "entry"];
        !matches!(self.text.as_str(), "text" | "question" | "answer")
            && self.words().all(|word| is_number(word) || BLANK.contains(&word))
    }

    /// Whether any of its words is one of these.
    pub(crate) fn has(&self, words: &[&str]) -> bool {
        self.words().any(|word| words.contains(&word))
    }

    /// Whether a word stands here that turns the meaning of the others.
    pub(crate) fn is_vetoed(&self) -> bool {
        self.words().any(|word| VETO.contains_key(word))
    }

    /// Roles that the label speaks for, each with how sure it makes us (0 to 100).
    pub(crate) fn roles(&self) -> Vec<(Role, i32)> {
        let whole = self.joined();
        if let Some(found) = LOOKUP.get(whole) {
            return found.iter().map(|(role, sure)| (*role, i32::from(*sure))).collect();
        }
        if self.unspaced {
            let longest =
                UNSPACED.iter().filter(|(_, phrase)| whole.contains(phrase)).max_by_key(|(_, phrase)| phrase.len());
            match (longest, whole) {
                (Some((role, _)), _) => return vec![(*role, 95)],
                (None, "姓" | "苗字" | "성") => return vec![(Role::Last, 95)],
                (None, "名") => return vec![(Role::First, 95)],
                _ => {}
            }
        }
        let told: Vec<&str> = self.words().filter(|word| !EMPTY.contains_key(word)).collect();
        if let Some(found) = LOOKUP.get(told.join(" ").as_str()) {
            return found.iter().map(|(role, sure)| (*role, i32::from(*sure) - 3)).collect();
        }
        self.by_part(&told)
    }

    /// By phrases inside the label, the longest first.
    fn by_part(&self, told: &[&str]) -> Vec<(Role, i32)> {
        let mut roles: Vec<(Role, i32)> = Vec::new();
        let words: Vec<&str> = self.words().collect();
        let mut vetoed = None;
        for length in (1..=LONGEST_PHRASE.min(words.len())).rev() {
            let mut at = 0;
            for piece in words.windows(length) {
                let size = piece.iter().map(|word| word.len() + 1).sum::<usize>() - 1;
                let phrase = self.text.get(at..at + size).unwrap_or_default();
                let (before, after) =
                    (self.text.get(..at).unwrap_or_default(), self.text.get(at + size..).unwrap_or_default());
                at += piece.first().map_or(0, |word| word.len() + 1);
                for (role, sure) in LOOKUP.get(phrase).map(Vec::as_slice).unwrap_or_default() {
                    let others = told.iter().filter(|word| !piece.contains(*word)).count();
                    let vetoed = *vetoed.get_or_insert_with(|| self.is_vetoed());
                    let person = || {
                        let mut rest = before.split(' ').chain(after.split(' ')).filter(|word| !word.is_empty());
                        rest.all(|word| PERSON_WORDS.contains(&word) || EMPTY.contains_key(word))
                    };
                    let means = match role {
                        Role::Email | Role::Phone => true,
                        Role::Name | Role::First | Role::Last => person() && phrase != "last" && phrase != "first",
                        Role::Subject => !vetoed && others == 0,
                        Role::Organisation => !vetoed,
                        // A single weak word in a long sentence says little.
                        Role::Text => !vetoed && (length > 1 || others <= 3),
                    };
                    if means && !roles.iter().any(|(known, _)| known == role) {
                        let lost = i32::try_from(others).unwrap_or(10).min(8) * 3;
                        let short = if length == 1 && phrase.len() <= 2 { 60 } else { 0 };
                        roles.push((*role, i32::from(*sure) - 12 - lost - short));
                    }
                }
            }
        }
        roles.retain(|(_, sure)| *sure > 20);
        roles
    }
}

/// `e mail` as `email`; numbers and the `q` of `q3` dropped unless nothing else is left; `type your message` without its verb, which
/// `type of enquiry` keeps.
fn rewritten(text: &str) -> String {
    let mut words: Vec<&str> = text.split(' ').collect();
    let split = words.array_windows::<2>().position(|[e, mail]| *e == "e" && (*mail == "mail" || *mail == "mails"));
    if let Some(e) = split {
        words.splice(e..e + 2, ["email"]);
    }
    if let ["type", "your" | "in", _, ..] = words.as_slice() {
        words.remove(0);
    }
    let several = words.len() > 1;
    let bare = |word: &str| is_number(word) || (word == "q" && several);
    if words.iter().any(|word| !bare(word)) {
        words.retain(|word| !bare(word));
    }
    words.join(" ")
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
}

/// FNV-1a, 64 bits.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Scripts that set no spaces between words.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{e7f}' | '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}')
}

/// Letters and digits, and the marks that Indic and Thai scripts set beside a letter.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '\u{300}'..='\u{36f}' | '\u{900}'..='\u{dff}' | '\u{e31}'..='\u{e4e}')
}

/// Lowercase without accents, for the letters that forms in Latin, Greek and Cyrillic script use.
fn fold(c: char, into: &mut String) {
    if c.is_ascii() {
        into.push(c.to_ascii_lowercase());
        return;
    }
    for c in c.to_lowercase() {
        let plain = match c {
            'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ā' | 'ă' | 'ą' | 'ạ' | 'ả' => 'a',
            'ç' | 'ć' | 'č' => 'c',
            'ď' | 'đ' => 'd',
            'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ę' | 'ě' | 'ệ' | 'ề' | 'ế' => 'e',
            'ğ' => 'g',
            'ì' | 'í' | 'î' | 'ï' | 'ī' | 'ı' | 'ị' => 'i',
            'ł' | 'ľ' => 'l',
            'ñ' | 'ń' | 'ň' => 'n',
            'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'ő' | 'ộ' | 'ọ' | 'ố' => 'o',
            'ř' => 'r',
            'ś' | 'š' | 'ş' | 'ș' => 's',
            'ť' | 'ţ' | 'ț' => 't',
            'ù' | 'ú' | 'û' | 'ü' | 'ū' | 'ů' | 'ű' | 'ụ' => 'u',
            'ý' | 'ÿ' => 'y',
            'ź' | 'ż' | 'ž' => 'z',
            'ά' => 'α',
            'έ' => 'ε',
            'ή' => 'η',
            'ί' => 'ι',
            'ό' => 'ο',
            'ύ' => 'υ',
            'ώ' => 'ω',
            'ё' => 'е',
            'æ' => {
                into.push('a');
                'e'
            }
            'œ' => {
                into.push('o');
                'e'
            }
            'ß' => {
                into.push('s');
                's'
            }
            '\u{300}'..='\u{36f}' => continue,
            other => other,
        };
        into.push(plain);
    }
}

#[cfg(test)]
mod tests {
    use super::{Label, PHRASES, Role};

    fn first(label: &str) -> Option<Role> {
        Label::new(label).roles().into_iter().max_by_key(|(_, sure)| *sure).map(|(role, _)| role)
    }

    #[test]
    fn labels_in_many_dresses() {
        for (role, labels) in [
            (
                Role::Name,
                &[
                    "Your name*",
                    "q3_fullName",
                    "What is your name?",
                    "Name (required)",
                    "Ihr Name",
                    "Nom complet",
                    "お名前",
                ][..],
            ),
            (Role::First, &["First Name", "firstName", "fname", "Vorname *", "Prénom", "customer_first_name"]),
            (Role::Last, &["last-name", "Nachname", "Apellidos", "familyName"]),
            (
                Role::Email,
                &[
                    "Work email",
                    "E-Mail-Adresse",
                    "your_email",
                    "Adresse e-mail",
                    "_replyto",
                    "メールアドレス",
                    "What's your e-mail?",
                ],
            ),
            (Role::Phone, &["Phone Number", "telefonnummer", "Numéro de téléphone", "Mobile", "q6_phone", "电话"]),
            (
                Role::Organisation,
                &[
                    "Company",
                    "company_name",
                    "Which company do you work for?",
                    "Name of your company",
                    "Société",
                    "会社名",
                ],
            ),
            (
                Role::Text,
                &[
                    "How can we help?",
                    "Message",
                    "Type your message here",
                    "Ihre Nachricht",
                    "Tell us about your project",
                    "Comments",
                    "お問い合わせ内容",
                ],
            ),
            (Role::Subject, &["Subject", "_subject", "Betreff"]),
        ] {
            for label in labels {
                assert_eq!(first(label), Some(role), "{label}");
            }
        }
    }

    #[test]
    fn labels_that_only_sound_alike() {
        for label in [
            "Company size",
            "Product name",
            "Preferred contact method",
            "form_name",
            "Message type",
            "Type of enquiry",
            "How did you hear about us?",
            "Budget",
            "user_agent",
            "Pet name",
            "Site",
        ] {
            assert_eq!(first(label), None, "{label}");
        }
    }

    #[test]
    fn every_phrase_is_in_the_form_that_is_looked_up() {
        for (_, _, phrases) in PHRASES {
            for phrase in *phrases {
                assert_eq!(Label::new(phrase).joined(), *phrase);
            }
        }
    }
}
