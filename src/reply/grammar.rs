//! The strict grammar of an answer: its first line decides, or nothing does.
//!
//! ```text
//! approve                         (alone on the line)
//! minor: what to change           (or the words on the lines below)
//! major: what the next attempt must heed
//! reject: why                     (the reason may stand below, or be left out)
//! edit                            (then lines of the form `field: value`)
//! ```
//!
//! Own file because everything that can be approved by mail is approved by what stands here. INVARIANT: without one of the words in force,
//! alone at the start of the first line that is not empty, there is no decision; and what contradicts it anywhere below takes it back.

use super::contradiction;
use super::fields::{self, Field};
use super::hidden;
use super::tail::{self, Tail};
use super::words::{Kind, Words};

/// The parts of an answer, with what the mail room made visible of each.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shown<'a> {
    /// The plain part; `None` when there is none.
    pub text: Option<Part<'a>>,
    /// The HTML part; `None` when there is none.
    pub html: Option<Part<'a>>,
    /// The plain text of the mail that was answered: its lines are quotes, however a client marks them.
    pub sent: Option<&'a str>,
}

/// One part of an answer.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// Its visible text, without quotes.
    pub visible: &'a str,
    /// Whether new and quoted text could be told apart beyond doubt.
    pub certain: bool,
    /// All of it as it came: plain text, or the source in which hidden text is looked for.
    pub source: &'a str,
}

/// A decision as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Exactly this may be acted upon.
    Approve,
    /// Small changes by hand.
    Minor {
        /// What to change.
        comment: String,
    },
    /// A new attempt.
    Major {
        /// What it must heed.
        comment: String,
    },
    /// Nothing will come of it.
    Reject {
        /// Why, when that was said.
        comment: Option<String>,
    },
    /// Changed fields, in order; never empty.
    Edit {
        /// Path and value of each.
        fields: Vec<Field>,
    },
}

/// What a rejection without a reason is recorded with.
pub const NO_REASON: &str = "rejected by mail, no reason given";

impl Decision {
    /// Which it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Approve => Kind::Approve,
            Self::Minor { .. } => Kind::Minor,
            Self::Major { .. } => Kind::Major,
            Self::Reject { .. } => Kind::Reject,
            Self::Edit { .. } => Kind::Edit,
        }
    }

    /// What the person wrote; a rejection always has something to say.
    #[must_use]
    pub fn comment(&self) -> Option<&str> {
        match self {
            Self::Approve | Self::Edit { .. } => None,
            Self::Minor { comment } | Self::Major { comment } => Some(comment),
            Self::Reject { comment } => Some(comment.as_deref().unwrap_or(NO_REASON)),
        }
    }
}

/// Why an answer decides nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unclear {
    /// Nothing was written above the quotes.
    #[error("the answer is empty (OP-2801)")]
    Empty,
    /// The first line is no decision.
    #[error("the first line, `{line}`, is no decision (OP-2802)")]
    NoDecision {
        /// The line, cut.
        line: String,
    },
    /// Something further down takes it back, or puts a condition.
    #[error("the first line says `{kind}`, but `{line}` speaks against it or asks for something (OP-2803)")]
    Contradiction {
        /// What the first line says.
        kind: Kind,
        /// The line that does not go with it, cut.
        line: String,
    },
    /// The plain part and the HTML part do not say the same.
    #[error("the plain text and the formatted text of the message do not say the same (OP-2804)")]
    Disagreement,
    /// Something was said, and it may be a quote.
    #[error(
        "whether `{kind}` is your own word or a quote cannot be told; write it above everything that is quoted (OP-2809)"
    )]
    Uncertain {
        /// What was said.
        kind: Kind,
    },
    /// The HTML part holds words that decide where nobody can see them.
    #[error("the formatted text of the message holds hidden words (OP-2805)")]
    Hidden,
    /// A decision that needs words came without.
    #[error("`{kind}` needs to say what to change (OP-2806)")]
    NoComment {
        /// Which.
        kind: Kind,
    },
    /// The words are too many.
    #[error("the comment is longer than 10000 bytes (OP-2807)")]
    LongComment,
    /// No changed fields, or a line that is none.
    #[error("after `edit`, `{line}` is not of the form `field: value` (OP-2808)")]
    NoField {
        /// The line, cut; empty when there is none.
        line: String,
    },
}

impl Unclear {
    /// What was understood all the same.
    #[must_use]
    pub fn understood(&self) -> Option<Kind> {
        match self {
            Self::Contradiction { kind, .. } | Self::NoComment { kind } | Self::Uncertain { kind } => Some(*kind),
            Self::NoField { .. } => Some(Kind::Edit),
            Self::Empty | Self::NoDecision { .. } | Self::Disagreement | Self::Hidden | Self::LongComment => None,
        }
    }
}

/// Longest comment, in bytes, as everywhere in review.
pub const MAX_COMMENT_BYTES: usize = 10_000;

/// Reads an answer.
///
/// # Errors
/// [`Unclear`]: nothing is decided.
pub fn read(shown: &Shown<'_>, words: &Words) -> Result<Decision, Unclear> {
    let plain = shown.text.filter(|part| !part.visible.trim().is_empty()).map(|part| {
        let head = tail::above_echo(part.source);
        let (text, certain) = head.map_or((part.visible, part.certain), |head| (head, true));
        told(text, certain, shown.sent, words)
    });
    let Some(html) = shown.html else { return plain.unwrap_or(Err(Unclear::Empty)) };
    let formatted = told(html.visible, html.certain, shown.sent, words);
    let decision = match (plain, formatted) {
        (None, formatted) => formatted?,
        (Some(Ok(plain)), Ok(formatted)) if agree(&plain, &formatted) => plain,
        (Some(Err(plain)), Err(_)) => return Err(plain),
        (Some(_), _) => return Err(Unclear::Disagreement),
    };
    if hidden::decides(html.source, words) { Err(Unclear::Hidden) } else { Ok(decision) }
}

/// Reads one part's text.
fn told(text: &str, certain: bool, sent: Option<&str>, words: &Words) -> Result<Decision, Unclear> {
    let lines = tail::lines(text, sent);
    let Some((first, rest)) = lines.split_first() else { return Err(Unclear::Empty) };
    let Some((kind, said)) = head(first, words) else { return Err(Unclear::NoDecision { line: cut(first) }) };
    if !certain {
        return Err(Unclear::Uncertain { kind });
    }
    let below = Tail::of(rest);
    if let Some(line) = contradiction::find(kind, said, &below, words) {
        return Err(Unclear::Contradiction { kind, line: cut(line) });
    }
    let comment = || {
        let body = below.body();
        let comment =
            [said.trim(), body.trim()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n");
        if comment.len() > MAX_COMMENT_BYTES { Err(Unclear::LongComment) } else { Ok(comment) }
    };
    let some = |comment: String| (!comment.is_empty()).then_some(comment);
    let needed = || some(comment()?).ok_or(Unclear::NoComment { kind });
    match kind {
        Kind::Approve => Ok(Decision::Approve),
        Kind::Minor => Ok(Decision::Minor { comment: needed()? }),
        Kind::Major => Ok(Decision::Major { comment: needed()? }),
        Kind::Reject => Ok(Decision::Reject { comment: some(comment()?) }),
        Kind::Edit => fields::read(said, below.lines())
            .map(|fields| Decision::Edit { fields })
            .map_err(|line| Unclear::NoField { line: cut(line) }),
    }
}

/// What the first line says: a word alone, or a word, a colon and more. A full stop or an exclamation mark behind a word alone, and stars
/// around it as some clients write bold type, change nothing.
fn head<'l>(line: &'l str, words: &Words) -> Option<(Kind, &'l str)> {
    let line = line.trim();
    if let Some(kind) = words.exactly(bare(line)) {
        return Some((kind, ""));
    }
    let (word, said) = line.split_once([':', '：'])?;
    let kind = words.exactly(word.trim().trim_matches('*'))?;
    // `approve: …` is not in the grammar: whoever writes more than the word may mean a condition.
    (kind != Kind::Approve).then_some((kind, said.trim().trim_start_matches('*').trim_start()))
}

/// A line without what may surround a word.
pub(super) fn bare(line: &str) -> &str {
    let line = line.trim();
    let line = line.strip_prefix('*').and_then(|line| line.strip_suffix('*')).unwrap_or(line);
    let line = line.strip_suffix(['.', '!', '。', '！']).unwrap_or(line);
    line.strip_prefix('*').and_then(|line| line.strip_suffix('*')).unwrap_or(line)
}

/// Whether two readings are the same decision. Line breaks, signatures and marks of bold type differ between honest parts.
fn agree(plain: &Decision, formatted: &Decision) -> bool {
    let squeezed =
        |text: Option<&str>| -> String { text.unwrap_or_default().chars().filter(|c| c.is_alphanumeric()).collect() };
    match (plain, formatted) {
        (Decision::Edit { fields: a }, Decision::Edit { fields: b }) => {
            a.len() == b.len()
                && a.iter().zip(b).all(|(a, b)| {
                    a.path == b.path && squeezed(Some(&a.value.to_string())) == squeezed(Some(&b.value.to_string()))
                })
        }
        (a, b) if a.kind() == b.kind() => {
            let (a, b) = (squeezed(a.comment()), squeezed(b.comment()));
            a.starts_with(&b) || b.starts_with(&a)
        }
        _ => false,
    }
}

/// A line for people: cut, without control characters.
fn cut(line: &str) -> String {
    let mut shown: String = line.trim().chars().filter(|c| !c.is_control()).take(80).collect();
    if line.trim().chars().nth(80).is_some() {
        shown.push('…');
    }
    shown
}
