//! The shape of an answer: which keys, which types, which words.
//!
//! Its own file because it is the strict half of reading: what is not of this shape is refused whole, with everything that is wrong
//! named at once, so that a model can put it right in one go.
//! INVARIANT: reads exactly what `answer.schema.json` describes, plus lengths. There is no field for an owner, a reviewer, a recipient,
//! a target or an approval, so no answer can choose one.

use super::super::content::{Level, RiskKind, Score, Status};
use super::node::Node;
use super::{Correction, Wrong, short};

/// Longest statement, question, step; longest quote; in bytes.
const MOST_TEXT: usize = 1_500;
const MOST_QUOTE: usize = 4_000;

/// A sentence with the words it rests on.
pub(super) struct Said {
    pub(super) text: String,
    pub(super) quotes: Vec<String>,
}

/// An answer of the right shape; nothing in it has been looked up yet.
pub(super) struct Shape {
    pub(super) summary: Said,
    pub(super) score: Score,
    pub(super) reasons: Vec<Said>,
    pub(super) level: Level,
    pub(super) factors: Vec<(RiskKind, Said)>,
    pub(super) status: Status,
    pub(super) reason: String,
    pub(super) missing: Vec<[String; 3]>,
    pub(super) actions: Vec<(String, Option<jiff::civil::Date>)>,
    pub(super) pricing: Option<Said>,
    pub(super) phases: Vec<(String, Vec<String>, String)>,
}

/// Reads the tree; lists that are too long and texts that are too long are cut, which is noted.
pub(super) fn read(tree: Node, corrections: &mut Vec<Correction>) -> Result<Shape, Vec<Wrong>> {
    let mut reader = Reader { wrong: Vec::new(), corrections };
    let mut top = reader.object("", tree);
    let summary = reader.said("workflow_summary", &mut top);
    let mut priority =
        reader.take("", "priority", &mut top).map(|node| reader.object("priority", node)).unwrap_or_default();
    let score = reader.score(&mut priority);
    let reasons = reader.list("priority", "reasons", 5, &mut priority, |reader, path, node| {
        let mut object = reader.object(path, node);
        let said = reader.said_in(path, &mut object);
        reader.closed(path, object);
        said
    });
    reader.closed("priority", priority);
    let mut risk = reader.take("", "risk", &mut top).map(|node| reader.object("risk", node)).unwrap_or_default();
    let level = reader.word("risk", "level", &mut risk, Level::ALL, Level::as_str);
    let factors = reader.list("risk", "factors", 8, &mut risk, |reader, path, node| {
        let mut object = reader.object(path, node);
        let kind = reader.word(path, "kind", &mut object, RiskKind::ALL, RiskKind::as_str);
        let said = reader.said_in(path, &mut object);
        reader.closed(path, object);
        kind.map(|kind| (kind, said))
    });
    reader.closed("risk", risk);
    let mut recommended = reader
        .take("", "recommended_status", &mut top)
        .map(|node| reader.object("recommended_status", node))
        .unwrap_or_default();
    let status = reader.word("recommended_status", "status", &mut recommended, Status::ALL, Status::as_str);
    let reason = reader.text("recommended_status", "reason", &mut recommended);
    reader.closed("recommended_status", recommended);
    let missing = reader.list("", "missing_information", 8, &mut top, |reader, path, node| {
        let mut object = reader.object(path, node);
        let entry = ["field", "question", "why"].map(|key| reader.text(path, key, &mut object));
        reader.closed(path, object);
        entry
    });
    let actions = reader.list("", "next_actions", 8, &mut top, |reader, path, node| {
        let mut object = reader.object(path, node);
        let text = reader.text(path, "text", &mut object);
        let due = reader.day(path, &mut object);
        reader.closed(path, object);
        (text, due)
    });
    let pricing = match reader.take("", "pricing_rationale", &mut top) {
        None | Some(Node::Null) => None,
        Some(node) => {
            let mut object = reader.object("pricing_rationale", node);
            let said = reader.said_in("pricing_rationale", &mut object);
            reader.closed("pricing_rationale", object);
            Some(said)
        }
    };
    let phases = reader.list("", "implementation_roadmap", 6, &mut top, |reader, path, node| {
        let mut object = reader.object(path, node);
        let (phase, exit) = (reader.text(path, "phase", &mut object), reader.text(path, "exit", &mut object));
        let steps = reader.list(path, "steps", 8, &mut object, |reader, path, node| reader.string(path, node));
        reader.closed(path, object);
        (phase, steps, exit)
    });
    reader.closed("", top);
    match (score, level, status) {
        (Some(score), Some(level), Some(status)) if reader.wrong.is_empty() => Ok(Shape {
            summary,
            score,
            reasons,
            level,
            factors: factors.into_iter().flatten().collect(),
            status,
            reason,
            missing,
            actions,
            pricing,
            phases,
        }),
        _ => Err(reader.wrong),
    }
}

type Object = Vec<(String, Node)>;

struct Reader<'c> {
    wrong: Vec<Wrong>,
    corrections: &'c mut Vec<Correction>,
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

impl Reader<'_> {
    fn note(&mut self, path: &str, problem: String) {
        if self.wrong.len() < 40 {
            self.wrong.push(Wrong::shape(path, problem));
        }
    }

    fn object(&mut self, path: &str, node: Node) -> Object {
        match node {
            Node::Object(object) => object,
            other => {
                self.note(path, format!("must be an object and is {}", other.kind()));
                Object::new()
            }
        }
    }

    /// What is left in an object after all its fields were taken does not belong there.
    fn closed(&mut self, path: &str, rest: Object) {
        for (key, _) in rest.into_iter().take(5) {
            self.note(path, format!("has the key `{}`, which does not belong there", short(&key)));
        }
    }

    fn take(&mut self, path: &str, key: &str, object: &mut Object) -> Option<Node> {
        let place = object.iter().position(|(known, _)| known == key);
        if place.is_none() {
            self.note(&join(path, key), "is missing".to_owned());
        }
        place.map(|place| object.swap_remove(place).1)
    }

    fn string(&mut self, path: &str, node: Node) -> String {
        self.bounded(path, node, MOST_TEXT)
    }

    fn bounded(&mut self, path: &str, node: Node, most: usize) -> String {
        match node {
            Node::Text(mut text) => {
                if text.len() > most {
                    let mut end = most;
                    while !text.is_char_boundary(end) {
                        end -= 1;
                    }
                    self.corrections.push(Correction::new(
                        path,
                        format!("{} bytes of a text that is too long were left out", text.len() - end),
                    ));
                    text.truncate(end);
                    text.push('…');
                }
                text
            }
            other => {
                self.note(path, format!("must be a text and is {}", other.kind()));
                String::new()
            }
        }
    }

    fn text(&mut self, path: &str, key: &str, object: &mut Object) -> String {
        let node = self.take(path, key, object);
        node.map(|node| self.string(&join(path, key), node)).unwrap_or_default()
    }

    fn said(&mut self, key: &str, top: &mut Object) -> Said {
        let mut object = self.take("", key, top).map(|node| self.object(key, node)).unwrap_or_default();
        let said = self.said_in(key, &mut object);
        self.closed(key, object);
        said
    }

    fn said_in(&mut self, path: &str, object: &mut Object) -> Said {
        let text = self.text(path, "text", object);
        let quotes = self.list(path, "quotes", 6, object, |reader, path, node| reader.bounded(path, node, MOST_QUOTE));
        Said { text, quotes }
    }

    fn list<T>(
        &mut self,
        path: &str,
        key: &str,
        most: usize,
        object: &mut Object,
        mut read: impl FnMut(&mut Self, &str, Node) -> T,
    ) -> Vec<T> {
        let place = join(path, key);
        match self.take(path, key, object) {
            None => Vec::new(),
            Some(Node::List(list)) => {
                if list.len() > most {
                    let what = format!(
                        "{} of {} entries were left out, {most} are shown at most",
                        list.len() - most,
                        list.len()
                    );
                    self.corrections.push(Correction::new(&place, what));
                }
                let entries = list.into_iter().take(most).enumerate();
                entries.map(|(index, node)| read(self, &format!("{place}[{index}]"), node)).collect()
            }
            Some(other) => {
                self.note(&place, format!("must be a list and is {}", other.kind()));
                Vec::new()
            }
        }
    }

    fn word<T: Copy>(
        &mut self,
        path: &str,
        key: &str,
        object: &mut Object,
        all: &[T],
        name: impl Fn(T) -> &'static str,
    ) -> Option<T> {
        let place = join(path, key);
        match self.take(path, key, object)? {
            Node::Text(word) => {
                let found = all.iter().copied().find(|value| name(*value) == word);
                if found.is_none() {
                    let known: Vec<&str> = all.iter().map(|value| name(*value)).collect();
                    self.note(&place, format!("must be one of {} and is `{}`", known.join(", "), short(&word)));
                }
                found
            }
            other => {
                self.note(&place, format!("must be a text and is {}", other.kind()));
                None
            }
        }
    }

    fn score(&mut self, object: &mut Object) -> Option<Score> {
        match self.take("priority", "score", object)? {
            Node::Number(value) if (0.0..=100.0).contains(&value) && value.fract() == 0.0 => Score::new(value as u8),
            Node::Number(value) => {
                self.note(
                    "priority.score",
                    format!("must be a whole number from 0 to 100 and is {}", short(&value.to_string())),
                );
                None
            }
            other => {
                self.note("priority.score", format!("must be a number and is {}", other.kind()));
                None
            }
        }
    }

    fn day(&mut self, path: &str, object: &mut Object) -> Option<jiff::civil::Date> {
        let place = join(path, "due");
        match self.take(path, "due", object)? {
            Node::Null => None,
            Node::Text(text) => {
                // Nothing but a plain day: what else the reader of dates would take is refused.
                let day = Some(&text).filter(|text| text.len() == 10).and_then(|text| text.parse().ok());
                if day.is_none() {
                    self.note(&place, format!("must be a day such as 2026-11-30, or null, and is `{}`", short(&text)));
                }
                day
            }
            other => {
                self.note(&place, format!("must be a text or null and is {}", other.kind()));
                None
            }
        }
    }
}
