//! What a label says about its field. Own file because labels come as sentences, as identifiers and in many scripts, and all of them
//! are brought to one form before they are looked up.

use super::Role;
use super::words::{EMPTY_WORDS, PERSON_WORDS, PHRASES, UNSPACED, VETO_WORDS};
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// How many words of a label are looked at.
const MOST_WORDS: usize = 16;
const LONGEST_PHRASE: usize = 5;

static LOOKUP: LazyLock<HashMap<&'static str, Vec<(Role, u8)>>> = LazyLock::new(|| {
    let mut lookup: HashMap<&str, Vec<(Role, u8)>> = HashMap::new();
    for (role, sure, phrases) in PHRASES {
        for phrase in *phrases {
            lookup.entry(phrase).or_default().push((*role, *sure));
        }
    }
    lookup
});
static EMPTY: LazyLock<HashSet<&'static str>> = LazyLock::new(|| EMPTY_WORDS.iter().copied().collect());
static VETO: LazyLock<HashSet<&'static str>> = LazyLock::new(|| VETO_WORDS.iter().copied().collect());

/// A label in its one form: lowercase words without accents, digits at the edges of identifiers dropped.
pub(crate) struct Label {
    words: Vec<String>,
    unspaced: bool,
}

impl Label {
    /// Brings a label to its one form.
    pub(crate) fn new(text: &str) -> Self {
        let mut words: Vec<String> = Vec::new();
        let mut word = String::new();
        let mut before = ' ';
        let mut unspaced = false;
        for c in text.chars().take(400) {
            unspaced |= matches!(c, '\u{e00}'..='\u{e7f}' | '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}');
            let camel = c.is_uppercase() && before.is_lowercase();
            let digits = c.is_ascii_digit() != before.is_ascii_digit() && before.is_alphanumeric();
            if !is_word(c) || camel || digits {
                close(&mut words, &mut word);
            }
            if is_word(c) {
                fold(c, &mut word);
            }
            before = c;
            if words.len() >= MOST_WORDS {
                break;
            }
        }
        close(&mut words, &mut word);
        // `e-mail`, `e-post`
        let split = words.array_windows::<2>().position(|[e, mail]| e == "e" && (mail == "mail" || mail == "mails"));
        if let Some(e) = split {
            words.splice(e..e + 2, ["email".to_owned()]);
        }
        // `Type your message` asks for a message, `Type of enquiry` does not.
        if words.len() > 2
            && words.first().is_some_and(|word| word == "type")
            && words.get(1).is_some_and(|word| word == "your" || word == "in")
        {
            words.remove(0);
        }
        let numbered = |word: &String| word.bytes().all(|byte| byte.is_ascii_digit());
        let bare = |word: &String| numbered(word) || (word == "q" && words.len() > 1);
        if words.iter().any(|word| !bare(word)) {
            let keep: Vec<bool> = words.iter().map(|word| !bare(word)).collect();
            let mut keep = keep.into_iter();
            words.retain(|_| keep.next().unwrap_or(true));
        }
        Self { words, unspaced }
    }

    /// The words, joined by one space.
    pub(crate) fn joined(&self) -> String {
        self.words.join(" ")
    }

    /// Whether it says nothing: no words, digits only, or `field 3`, `question 2`, `text_1`.
    pub(crate) fn is_blank(&self) -> bool {
        self.words.iter().all(|word| {
            word.bytes().all(|byte| byte.is_ascii_digit())
                || matches!(
                    word.as_str(),
                    "field"
                        | "q"
                        | "input"
                        | "text"
                        | "textarea"
                        | "question"
                        | "answer"
                        | "value"
                        | "col"
                        | "column"
                        | "f"
                        | "entry"
                )
        }) && !matches!(self.words.as_slice(), [one] if matches!(one.as_str(), "text" | "question" | "answer"))
    }

    /// Whether any of its words is one of these.
    pub(crate) fn has(&self, words: &[&str]) -> bool {
        self.words.iter().any(|word| words.contains(&word.as_str()))
    }

    /// Whether a word stands here that turns the meaning of the others.
    pub(crate) fn is_vetoed(&self) -> bool {
        self.words.iter().any(|word| VETO.contains(word.as_str()))
    }

    /// Roles that the label speaks for, each with how sure it makes us (0 to 100).
    pub(crate) fn roles(&self) -> Vec<(Role, i32)> {
        let mut roles = Vec::new();
        let whole = self.joined();
        if let Some(found) = LOOKUP.get(whole.as_str()) {
            return found.iter().map(|(role, sure)| (*role, i32::from(*sure))).collect();
        }
        if self.unspaced {
            let mut found: Vec<&(Role, &str)> = UNSPACED.iter().filter(|(_, phrase)| whole.contains(phrase)).collect();
            found.sort_by_key(|(_, phrase)| std::cmp::Reverse(phrase.len()));
            if let Some((role, _)) = found.first() {
                return vec![(*role, 95)];
            }
            match whole.as_str() {
                "姓" | "苗字" | "성" => roles.push((Role::Last, 95)),
                "名" => roles.push((Role::First, 95)),
                _ => {}
            }
        }
        let told: Vec<&str> = self.words.iter().map(String::as_str).filter(|word| !EMPTY.contains(word)).collect();
        if let Some(found) = LOOKUP.get(told.join(" ").as_str()) {
            roles.extend(found.iter().map(|(role, sure)| (*role, i32::from(*sure) - 3)));
            return roles;
        }
        let vetoed = self.is_vetoed();
        let all: Vec<&str> = self.words.iter().map(String::as_str).collect();
        for length in (1..=LONGEST_PHRASE.min(all.len())).rev() {
            for (start, piece) in all.windows(length).enumerate() {
                let Some(found) = LOOKUP.get(piece.join(" ").as_str()) else { continue };
                for (role, sure) in found {
                    let others = told.iter().filter(|word| !piece.contains(*word)).count();
                    let person = || {
                        all.iter().enumerate().all(|(at, word)| {
                            (start..start + length).contains(&at) || PERSON_WORDS.contains(word) || EMPTY.contains(word)
                        })
                    };
                    let means = match role {
                        Role::Email | Role::Phone => true,
                        Role::Name | Role::First | Role::Last => {
                            person() && (length > 1 || piece != ["last"] && piece != ["first"])
                        }
                        Role::Subject => !vetoed && others == 0,
                        Role::Organisation => !vetoed,
                        // A single weak word in a long sentence says little.
                        Role::Text => !vetoed && (length > 1 || others <= 3),
                    };
                    if means && !roles.iter().any(|(known, _)| known == role) {
                        let lost = i32::try_from(others).unwrap_or(10).min(8) * 3;
                        let short = if length == 1 && piece.concat().len() <= 2 { 60 } else { 0 };
                        roles.push((*role, (i32::from(*sure) - 12 - lost - short).max(5)));
                    }
                }
            }
        }
        roles.retain(|(_, sure)| *sure > 20);
        roles
    }
}

/// Letters and digits, and the marks that Indic and Thai scripts set beside a letter.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '\u{300}'..='\u{36f}' | '\u{900}'..='\u{dff}' | '\u{e31}'..='\u{e4e}')
}

fn close(words: &mut Vec<String>, word: &mut String) {
    if !word.is_empty() {
        words.push(std::mem::take(word));
    }
}

/// Lowercase without accents, for the letters that forms in Latin, Greek and Cyrillic script use.
fn fold(c: char, into: &mut String) {
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
