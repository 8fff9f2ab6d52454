//! The words that decide, per language. Own file because a house sets them: nothing but these words, alone on a line, is a decision.
//! INVARIANT: a word belongs to one decision only, and is made of letters alone, so that no look-alike, no invisible character and no
//! sentence can be one.

use std::fmt;

/// Which decision a word stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Exactly this may be acted upon.
    Approve,
    /// Small changes, made by hand.
    Minor,
    /// A new attempt.
    Major,
    /// Nothing will come of it.
    Reject,
    /// Changed fields follow.
    Edit,
}

impl Kind {
    /// All of them, in the order in which people are told.
    pub const ALL: [Self; 5] = [Self::Approve, Self::Minor, Self::Major, Self::Reject, Self::Edit];

    /// The word in tables, API and CLI.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Minor => "minor",
            Self::Major => "major",
            Self::Reject => "reject",
            Self::Edit => "edit",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The words of one language: its tag, and words for approve, minor, major, reject and edit.
type Table = (&'static str, [&'static [&'static str]; 5]);

/// Shipped tables. English is always in force; others are switched on by their tag.
const TABLES: &[Table] = &[
    ("en", [&["approve", "approved"], &["minor"], &["major"], &["reject", "rejected"], &["edit"]]),
    (
        "de",
        [
            &["genehmigen", "genehmigt", "freigeben", "freigegeben"],
            &["klein", "kleinigkeit"],
            &["groß", "gross", "grundlegend"],
            &["ablehnen", "abgelehnt"],
            &["ändern", "aendern", "bearbeiten"],
        ],
    ),
    (
        "fr",
        [
            &["approuver", "approuvé", "approuvée", "approuve"],
            &["mineur"],
            &["majeur"],
            &["rejeter", "rejeté", "rejetée", "refuser", "refusé", "refusée"],
            &["modifier"],
        ],
    ),
    (
        "es",
        [
            &["aprobar", "aprobado", "aprobada"],
            &["menor"],
            &["mayor"],
            &["rechazar", "rechazado", "rechazada"],
            &["editar"],
        ],
    ),
    (
        "it",
        [
            &["approvare", "approvato", "approvata"],
            &["minore"],
            &["maggiore"],
            &["rifiutare", "rifiutato", "rifiutata", "respingere", "respinto", "respinta"],
            &["modificare"],
        ],
    ),
    (
        "nl",
        [
            &["goedkeuren", "goedgekeurd"],
            &["klein"],
            &["groot"],
            &["afkeuren", "afgekeurd", "afwijzen", "afgewezen"],
            &["bewerken", "wijzigen"],
        ],
    ),
    (
        "pt",
        [
            &["aprovar", "aprovado", "aprovada"],
            &["menor"],
            &["maior"],
            &["rejeitar", "rejeitado", "rejeitada", "reprovar", "reprovado"],
            &["editar"],
        ],
    ),
    (
        "sv",
        [
            &["godkänn", "godkänna", "godkänt", "godkänd"],
            &["mindre"],
            &["större"],
            &["avslå", "avslaget", "avvisa", "avvisad"],
            &["redigera"],
        ],
    ),
    (
        "pl",
        [
            &["zatwierdź", "zatwierdzam", "zatwierdzić", "zatwierdzone"],
            &["drobne"],
            &["duże"],
            &["odrzuć", "odrzucam", "odrzucić", "odrzucone"],
            &["edytuj"],
        ],
    ),
    ("ja", [&["承認", "承認する", "承認します"], &["軽微"], &["重大"], &["却下", "却下する", "却下します"], &["編集"]]),
];

/// Longest word, in characters.
const MAX_CHARS: usize = 40;

/// The words in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words(Vec<(String, Kind)>);

/// Why words cannot be put in force.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WordsError {
    /// No table is shipped for the language.
    #[error("there are no words for the language `{tag}`; use one of {known}, or give words of your own (OP-2830)")]
    UnknownLanguage {
        /// What was given.
        tag: String,
        /// The tags that are shipped.
        known: String,
    },
    /// Not a single word.
    #[error("`{word}` cannot decide by mail: use one word of letters alone, at most 40 (OP-2831)")]
    NotAWord {
        /// What was given.
        word: String,
    },
    /// One word for two decisions.
    #[error("`{word}` stands for `{first}` already and cannot stand for `{second}` as well (OP-2832)")]
    Twice {
        /// The word.
        word: String,
        /// What it stands for.
        first: Kind,
        /// What it was to stand for.
        second: Kind,
    },
}

impl Default for Words {
    fn default() -> Self {
        let mut words = Self(Vec::new());
        words.0.extend(table(TABLES.first()));
        words
    }
}

impl Words {
    /// English, and the shipped words of further languages by tag.
    ///
    /// # Errors
    /// [`WordsError::UnknownLanguage`].
    pub fn of<'t>(tags: impl IntoIterator<Item = &'t str>) -> Result<Self, WordsError> {
        let mut words = Self::default();
        for tag in tags {
            let found = TABLES.iter().find(|(known, _)| known.eq_ignore_ascii_case(tag));
            if found.is_none() {
                let known = Self::languages().collect::<Vec<_>>().join(", ");
                return Err(WordsError::UnknownLanguage { tag: tag.chars().take(MAX_CHARS).collect(), known });
            }
            for (word, kind) in table(found) {
                words.add(kind, &word)?;
            }
        }
        Ok(words)
    }

    /// The tags of the shipped languages.
    pub fn languages() -> impl Iterator<Item = &'static str> {
        TABLES.iter().map(|(tag, _)| *tag)
    }

    /// Puts one more word in force.
    ///
    /// # Errors
    /// [`WordsError::NotAWord`], [`WordsError::Twice`].
    pub fn add(&mut self, kind: Kind, word: &str) -> Result<(), WordsError> {
        let word: String = word.trim().chars().take(MAX_CHARS + 1).flat_map(char::to_lowercase).collect();
        if word.is_empty() || word.chars().count() > MAX_CHARS || !word.chars().all(char::is_alphabetic) {
            return Err(WordsError::NotAWord { word });
        }
        match self.0.iter().find(|(other, _)| *other == word) {
            Some((_, other)) if *other != kind => Err(WordsError::Twice { word, first: *other, second: kind }),
            Some(_) => Ok(()),
            None => {
                self.0.push((word, kind));
                Ok(())
            }
        }
    }

    /// What a text stands for when it is exactly one of the words, whatever its case.
    #[must_use]
    pub fn exactly(&self, text: &str) -> Option<Kind> {
        self.0.iter().find(|(word, _)| same(word, text)).map(|(_, kind)| *kind)
    }

    /// What a text stands for in any shipped language, in force or not.
    pub(super) fn every(text: &str) -> Option<Kind> {
        let rows = TABLES.iter().flat_map(|(_, rows)| Kind::ALL.into_iter().zip(rows));
        rows.into_iter().find(|(_, words)| words.iter().any(|word| same(word, text))).map(|(kind, _)| kind)
    }

    /// The words in force for a decision, the first of each language first.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(_, other)| *other == kind).map(|(word, _)| word.as_str())
    }
}

fn table(table: Option<&Table>) -> impl Iterator<Item = (String, Kind)> {
    let rows = table.into_iter().flat_map(|(_, rows)| Kind::ALL.into_iter().zip(rows));
    rows.flat_map(|(kind, words)| words.iter().map(move |word| ((*word).to_owned(), kind)))
}

/// Whether `text` is `word`, which is in lower case. A plain letter of the word matches that letter alone: not the Kelvin sign for `k`,
/// nor any other character that lower-casing turns into it.
fn same(word: &str, text: &str) -> bool {
    let mut text = text.chars();
    word.chars().all(|letter| {
        text.next().is_some_and(|given| {
            given.to_ascii_lowercase() == letter || !letter.is_ascii() && given.to_lowercase().eq([letter])
        })
    }) && text.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_table_goes_with_every_other() {
        let words = Words::of(Words::languages());
        assert!(words.as_ref().is_ok_and(|words| words.exactly("Genehmigt") == Some(Kind::Approve)), "{words:?}");
        assert!(
            words.is_ok_and(|words| words.exactly("却下") == Some(Kind::Reject) && words.exactly("GODKÄNT").is_some())
        );
        assert_eq!(Words::default().exactly("Genehmigt"), None);
    }

    #[test]
    fn look_alikes_are_no_words() {
        let words = Words::of(["nl"]).unwrap_or_default();
        for given in
            ["ＡＰＰＲＯＶＥ", "APPR\u{41e}VE", "A\u{200b}PPROVE", "goed\u{212a}euren", "approv", "approvee", ""]
        {
            assert_eq!(words.exactly(given), None, "{given}");
        }
    }

    #[test]
    fn what_cannot_be_a_word_is_refused() {
        let mut words = Words::default();
        for wrong in ["", " ", "go ahead", "ok!", "+1", "a\u{200b}b", &"x".repeat(41)] {
            assert!(matches!(words.add(Kind::Approve, wrong), Err(WordsError::NotAWord { .. })), "{wrong}");
        }
        assert!(matches!(words.add(Kind::Approve, "REJECT"), Err(WordsError::Twice { .. })));
        assert_eq!(words.add(Kind::Approve, " Freigabe "), Ok(()));
        assert_eq!(words.exactly("freigabe"), Some(Kind::Approve));
        assert!(matches!(Words::of(["xx"]), Err(WordsError::UnknownLanguage { .. })));
    }
}
