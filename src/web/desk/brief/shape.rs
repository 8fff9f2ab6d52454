//! What of a brief can be edited in place: its single fields and its lists, as data. Own file because the form that is shown, the form that
//! comes back and the laying of one person's changes upon another's all go by this one table. INVARIANT: every field of a brief's content
//! that a person may write stands here, and nothing else does.

use crate::brief::{Level, RiskKind, Status};
use jiff::civil::Date;
use serde_json::{Value, json};

/// How a field is written by hand.
#[derive(Clone, Copy, Debug)]
pub(super) enum Hand {
    /// Several lines.
    Text,
    /// One line.
    Line,
    /// Several lines, each an entry of a list.
    Lines,
    /// A whole number from 0 to 100.
    Score,
    /// One of some words.
    Word(fn() -> Vec<&'static str>),
    /// A day, or none.
    Day,
    /// Yes or no.
    Yes,
}

/// A field that a brief has once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Single {
    /// Its name in a form.
    pub(super) name: &'static str,
    /// Where it stands in a content.
    pub(super) path: &'static str,
    /// What people call it.
    pub(super) label: &'static str,
    pub(super) hand: Hand,
}

/// One field of the entries of a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    /// Its name in a form, where it comes once for each entry.
    pub(super) name: &'static str,
    /// Its key in the entry.
    pub(super) key: &'static str,
    pub(super) label: &'static str,
    pub(super) hand: Hand,
}

/// A list.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    /// Its name in a form.
    pub(super) name: &'static str,
    /// The form's field that says which entry of the content an entry of the form was.
    pub(super) at: &'static str,
    /// Where it stands in a content.
    pub(super) path: &'static str,
    pub(super) label: &'static str,
    /// One of its entries, as people call it.
    pub(super) entry: &'static str,
    pub(super) cells: &'static [Cell],
    /// An entry with nothing in it.
    pub(super) blank: fn() -> Value,
}

const fn cell(name: &'static str, key: &'static str, label: &'static str, hand: Hand) -> Cell {
    Cell { name, key, label, hand }
}

const fn single(name: &'static str, path: &'static str, label: &'static str, hand: Hand) -> Single {
    Single { name, path, label, hand }
}

/// The places of single fields in [`SINGLES`].
pub(super) mod place {
    pub(in super::super) const SUMMARY: usize = 0;
    pub(in super::super) const SCORE: usize = 1;
    pub(in super::super) const RISK: usize = 2;
    pub(in super::super) const STATUS: usize = 3;
    pub(in super::super) const WHY: usize = 4;
    pub(in super::super) const PRICING: usize = 5;
}

/// Every single field.
pub(super) const SINGLES: [Single; 6] = [
    single("summary", "workflow_summary.text", "Summary", Hand::Text),
    // Its band goes with it, and is no field of its own.
    single("score", "priority.score", "Priority, 0 to 100", Hand::Score),
    single("risk", "risk.level", "Risk", Hand::Word(|| Level::ALL.iter().map(|word| word.as_str()).collect())),
    single(
        "status",
        "recommended_status.status",
        "Recommended",
        Hand::Word(|| Status::ALL.iter().map(|word| word.as_str()).collect()),
    ),
    single("why", "recommended_status.reason", "Why", Hand::Text),
    single("pricing", "pricing_rationale.text", "Price and payback", Hand::Text),
];

/// Every list.
pub(super) const LISTS: [List; 5] = [
    List {
        name: "action",
        at: "action_at",
        path: "next_actions",
        label: "Next actions",
        entry: "action",
        cells: &[
            cell("action", "text", "What", Hand::Text),
            cell("action_owner", "owner", "Who", Hand::Line),
            cell("action_due", "due", "By", Hand::Day),
            cell("action_gate", "needs_approval", "Waits for a decision", Hand::Yes),
        ],
        blank: || json!({ "text": "", "owner": "", "due": null, "needs_approval": false }),
    },
    List {
        name: "missing",
        at: "missing_at",
        path: "missing_information",
        label: "Still to ask",
        entry: "question",
        cells: &[
            cell("missing_question", "question", "Question", Hand::Text),
            cell("missing_why", "why", "Why it matters", Hand::Text),
            cell("missing_field", "field", "Name", Hand::Line),
        ],
        blank: || json!({ "field": "", "question": "", "why": "" }),
    },
    List {
        name: "reason",
        at: "reason_at",
        path: "priority.reasons",
        label: "Why this priority",
        entry: "reason",
        cells: &[cell("reason", "text", "Reason", Hand::Text)],
        blank: || json!({ "text": "", "quotes": [] }),
    },
    List {
        name: "factor",
        at: "factor_at",
        path: "risk.factors",
        label: "Risks",
        entry: "risk",
        cells: &[
            cell(
                "factor_kind",
                "kind",
                "About",
                Hand::Word(|| RiskKind::ALL.iter().map(|word| word.as_str()).collect()),
            ),
            cell("factor", "text", "What", Hand::Text),
        ],
        blank: || json!({ "kind": "other", "text": "", "quotes": [] }),
    },
    List {
        name: "phase",
        at: "phase_at",
        path: "implementation_roadmap",
        label: "Roadmap",
        entry: "phase",
        cells: &[
            cell("phase", "phase", "Phase", Hand::Line),
            cell("phase_steps", "steps", "Steps, one a line", Hand::Lines),
            cell("phase_exit", "exit", "Done when", Hand::Text),
        ],
        blank: || json!({ "phase": "", "steps": [], "exit": "" }),
    },
];

impl Hand {
    /// A value as it stands in a form.
    pub(super) fn shown(self, value: &Value) -> String {
        match (self, value) {
            (_, Value::String(text)) => text.clone(),
            (Self::Lines, Value::Array(lines)) => {
                lines.iter().filter_map(Value::as_str).map(one_line).collect::<Vec<_>>().join("\n")
            }
            (Self::Yes, Value::Bool(yes)) => (if *yes { "yes" } else { "no" }).to_owned(),
            (_, Value::Number(number)) => number.to_string(),
            _ => String::new(),
        }
    }

    /// The same, as far as a browser can tell: it makes every end of a line alike and takes them out of a single line.
    pub(super) fn plain(self, text: &str) -> String {
        let text = text.replace("\r\n", "\n").replace('\r', "\n").replace('\0', "\u{fffd}");
        match self {
            Self::Text => text.trim().to_owned(),
            Self::Lines => {
                let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
                lines.join("\n")
            }
            _ => one_line(&text),
        }
    }

    /// What was written, as a value of the content.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(super) fn value(self, written: &str) -> Result<Value, String> {
        let text = self.plain(written);
        match self {
            Self::Text | Self::Line => Ok(Value::String(text)),
            Self::Lines => Ok(text.lines().map(|line| Value::String(line.to_owned())).collect()),
            Self::Score => match text.parse::<u8>() {
                Ok(score @ 0..=100) => Ok(json!(score)),
                _ => Err("a priority is a whole number from 0 to 100".to_owned()),
            },
            Self::Word(words) if words().contains(&text.as_str()) => Ok(Value::String(text)),
            Self::Word(words) => Err(format!("it must be one of {}", words().join(", "))),
            Self::Day if text.is_empty() => Ok(Value::Null),
            Self::Day => match text.parse::<Date>() {
                Ok(day) => Ok(json!(day)),
                Err(_) => Err("a day is written as 2026-11-21".to_owned()),
            },
            Self::Yes if text == "yes" => Ok(Value::Bool(true)),
            Self::Yes if text == "no" => Ok(Value::Bool(false)),
            Self::Yes => Err("it must be yes or no".to_owned()),
        }
    }

    /// Whether a person writes it in words of their own: an entry without any is no entry.
    pub(super) fn is_written(self) -> bool {
        matches!(self, Self::Text | Self::Line | Self::Lines | Self::Day)
    }
}

fn one_line(text: &str) -> String {
    text.split(['\n', '\r']).map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// What stands at `path` of a content; [`Value::Null`] when nothing does.
pub(super) fn at<'v>(content: &'v Value, path: &str) -> &'v Value {
    path.split('.').fold(content, |value, key| &value[key])
}

/// What people call a place of a content, such as `next_actions[1].due`; the path itself where they have no word for it.
pub(super) fn named(path: &str) -> String {
    let within = |whole: &str| path.strip_prefix(whole).filter(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
    if let Some(rest) = within("unverified") {
        return format!("Please confirm{}", entry(rest).0);
    }
    for list in LISTS {
        let Some(rest) = within(list.path) else { continue };
        let (number, rest) = entry(rest);
        let key = rest.trim_start_matches('.');
        let cell = list.cells.iter().find(|cell| cell.key == key.split('[').next().unwrap_or_default());
        let cell = cell.filter(|_| list.cells.len() > 1).map(|cell| format!(": {}", cell.label)).unwrap_or_default();
        return format!("{}{number}{cell}", list.label);
    }
    let single = SINGLES.iter().find(|single| {
        // The whole section is called as its words are.
        single.path == path || single.path.strip_suffix(".text") == Some(path)
    });
    let single = single
        .or_else(|| SINGLES.iter().find(|single| within(single.path.split('.').next().unwrap_or_default()).is_some()));
    single.map_or_else(|| path.to_owned(), |single| single.label.to_owned())
}

/// The number of an entry, counted from 1 and written for people, and what follows it.
fn entry(rest: &str) -> (String, &str) {
    let inner = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    match inner.and_then(|(digits, rest)| Some((digits.parse::<usize>().ok()?, rest))) {
        Some((place, rest)) => (format!(" {}", place.saturating_add(1)), rest),
        None => (String::new(), rest),
    }
}
