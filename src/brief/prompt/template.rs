//! Templates of prompts: text with named slots.
//!
//! Its own file because templates are data that an operator may replace, so they are read strictly.
//! INVARIANT: a template that parsed has every slot its kind needs exactly once and no other; what is put into a slot is never read
//! for slots again.

use std::fmt;

/// Longest template, in bytes.
const MOST: usize = 32 * 1024;

/// The file names of the templates, the slots each must have, in the order in which they are hashed.
pub(super) const FILES: [(&str, &[&str]); 3] = [
    ("brief.system.md", &["boundary", "context", "playbook"]),
    ("brief.request.md", &["date", "zone", "language", "guidance", "fence", "mark"]),
    ("brief.repair.md", &["problems"]),
];

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// Name of the file.
    pub file: String,
    /// Line, from 1; 0 for the whole file.
    pub line: usize,
    /// What is wrong and what to do.
    pub problem: String,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "`{}`: {} (OP-7201)", self.file, self.problem),
            line => write!(f, "`{}`, line {line}: {} (OP-7201)", self.file, self.problem),
        }
    }
}

impl std::error::Error for TemplateError {}

/// One parsed template: pieces of text, each but the last with the slot that follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parsed {
    pieces: Vec<(String, &'static str)>,
    last: String,
}

impl Parsed {
    /// Reads `text`; every one of `slots` must stand in it once, written `{{name}}`.
    pub(super) fn read(file: &str, text: &str, slots: &[&'static str]) -> Result<Self, TemplateError> {
        let wrong = |at: usize, problem: String| {
            let line = text.get(..at).map_or(0, |head| head.matches('\n').count() + 1);
            TemplateError { file: file.to_owned(), line, problem }
        };
        if text.len() > MOST {
            return Err(TemplateError {
                file: file.to_owned(),
                line: 0,
                problem: format!("a template has at most {MOST} bytes"),
            });
        }
        if let Some(at) = text.find(|c: char| c.is_control() && c != '\n' && c != '\t') {
            return Err(wrong(at, "a control character stands here; take it out".into()));
        }
        let mut pieces: Vec<(String, &'static str)> = Vec::new();
        let mut from = 0;
        while let Some(open) = text.get(from..).and_then(|rest| rest.find("{{")).map(|at| from + at) {
            let inner = text.get(open + 2..).unwrap_or("");
            let Some(close) = inner.find("}}") else {
                return Err(wrong(open, "`{{` is not closed; write `{{name}}`".into()));
            };
            let name = inner.get(..close).unwrap_or("").trim();
            let known = || slots.iter().map(|slot| format!("`{{{{{slot}}}}}`")).collect::<Vec<_>>().join(", ");
            let Some(slot) = slots.iter().find(|slot| **slot == name) else {
                return Err(wrong(open, format!("there is no slot `{{{{{name}}}}}` here; there are {}", known())));
            };
            if pieces.iter().any(|(_, used)| used == slot) {
                return Err(wrong(open, format!("`{{{{{slot}}}}}` stands here a second time; leave one")));
            }
            pieces.push((text.get(from..open).unwrap_or("").to_owned(), slot));
            from = open + 2 + close + 2;
        }
        if let Some(missing) = slots.iter().find(|slot| !pieces.iter().any(|(_, used)| used == *slot)) {
            return Err(TemplateError {
                file: file.to_owned(),
                line: 0,
                problem: format!("the slot `{{{{{missing}}}}}` is missing; put it where it belongs"),
            });
        }
        Ok(Self { pieces, last: text.get(from..).unwrap_or("").trim_end().to_owned() })
    }

    /// The text with its slots filled. A name without a value stays empty.
    pub(super) fn fill(&self, values: &[(&str, &str)]) -> String {
        let room: usize = values.iter().map(|(_, value)| value.len()).sum();
        let mut out = String::with_capacity(room + self.last.len() + 1024);
        for (text, slot) in &self.pieces {
            out.push_str(text);
            out.push_str(values.iter().find(|(name, _)| name == slot).map_or("", |(_, value)| value));
        }
        out.push_str(&self.last);
        out
    }
}
