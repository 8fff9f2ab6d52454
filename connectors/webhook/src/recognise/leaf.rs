//! From a tree to answers: label, value and where it stood. Own file because forms wrap their answers in lists of questions, maps of
//! questions, pairs of first and last name, and more; behind this file an answer is an answer.

use super::label::Label;
use super::shape::Shape;
use super::value;
use super::words::{ANSWER_PLACES, ORGANISATION_WORDS, OTHER_PEOPLE, PLAIN_PLACES, THINGS};
use crate::node::Node;
use std::borrow::Cow;

const MOST_PATH_BYTES: usize = 1_000;
const MOST_STEP_BYTES: usize = 200;
/// More choices than a form offers.
const MOST_OPTIONS: usize = 500;

/// What the sender says an answer is, in its own type names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hint {
    None,
    Email,
    Phone,
    Name,
    Long,
}

/// One answer.
#[derive(Clone, Debug)]
pub(crate) struct Leaf<'n> {
    /// Where it stands, dotted.
    pub(crate) path: String,
    /// What it is called there, or what the question was.
    pub(crate) label: Cow<'n, str>,
    /// What the place around it is called.
    pub(crate) around: Cow<'n, str>,
    /// The answer as text.
    pub(crate) value: Cow<'n, str>,
    /// What the sender says it is.
    pub(crate) hint: Hint,
    /// Whether the label is a question put to a person, so that it can be shown alone.
    pub(crate) asked: bool,
    /// Whether the place around it speaks of somebody else than the person who asks.
    pub(crate) away: bool,
    /// Whether the place around it speaks of a thing.
    pub(crate) thing: bool,
    /// Whether the place around it is where senders put what was filled in.
    pub(crate) answers: bool,
    /// Whether the place around it speaks of an organisation.
    pub(crate) organisation: bool,
    /// Whether it stands where a known form keeps its answers, or the shape is not known.
    pub(crate) inside: bool,
    /// How many answers stand in lists before it: `2` in `contacts.2.email`.
    pub(crate) index: usize,
}

/// All answers of a body, in order; `null` and empty texts are none.
pub(crate) fn leaves<'n>(node: &'n Node<'_>, shape: Option<&Shape>) -> Vec<Leaf<'n>> {
    let mut walk = Walk { leaves: Vec::new(), path: String::new(), shape };
    let place =
        Place { label: "", around: "", away: false, thing: false, answers: false, organisation: false, index: 0 };
    if let Some((answers, rest)) = shape.and_then(|shape| shape.questions(node)) {
        for (label, value, hint, path) in answers {
            walk.leaves.push(Leaf {
                path,
                label,
                around: Cow::Borrowed(""),
                value,
                hint,
                asked: true,
                away: false,
                thing: false,
                answers: true,
                organisation: false,
                inside: true,
                index: 0,
            });
        }
        for (path, node) in rest {
            path.clone_into(&mut walk.path);
            walk.node(node, Place { label: path.rsplit('.').next().unwrap_or(path), ..place });
        }
        return walk.leaves;
    }
    walk.node(node, place);
    walk.leaves
}

#[derive(Clone, Copy)]
struct Place<'n> {
    label: &'n str,
    around: &'n str,
    away: bool,
    thing: bool,
    answers: bool,
    organisation: bool,
    index: usize,
}

struct Walk<'n, 's> {
    leaves: Vec<Leaf<'n>>,
    path: String,
    shape: Option<&'s Shape>,
}

impl<'n> Walk<'n, '_> {
    fn node(&mut self, node: &'n Node<'_>, place: Place<'n>) {
        match node {
            Node::Null => {}
            Node::List(items) if items.iter().all(|item| !matches!(item, Node::List(_) | Node::Map(_))) => {
                let parts: Vec<&str> =
                    items.iter().filter_map(Node::scalar).filter(|part| !part.trim().is_empty()).collect();
                if let [one] = parts.as_slice() {
                    self.push(Cow::Borrowed(*one), place);
                } else if !parts.is_empty() {
                    self.push(Cow::Owned(parts.join(", ")), place);
                }
            }
            Node::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    if let Some(question) = Question::read(item) {
                        self.question(item, &question, place, index);
                    } else {
                        self.step(&index.to_string(), |walk| {
                            let place = Place { index: place.index + index, ..place };
                            walk.node(item, place);
                        });
                    }
                }
            }
            Node::Map(entries) => {
                if let Some(name) = person(entries) {
                    self.push(Cow::Owned(name), place);
                    if let Some(leaf) = self.leaves.last_mut() {
                        leaf.hint = Hint::Name;
                    }
                    return;
                }
                if let Some(number) = telephone(entries) {
                    self.push(Cow::Owned(number), place);
                    if let Some(leaf) = self.leaves.last_mut() {
                        leaf.hint = Hint::Phone;
                    }
                    return;
                }
                let here = Label::new(place.label);
                let addressed = entries.iter().any(|(_, value)| value.text().and_then(value::email).is_some());
                let inner = Place {
                    label: "",
                    around: if is_plain(place.label) { place.around } else { place.label },
                    away: place.away || here.has(OTHER_PEOPLE),
                    thing: !addressed && (place.thing || here.has(THINGS)),
                    answers: place.answers || here.has(ANSWER_PLACES),
                    organisation: here.has(ORGANISATION_WORDS),
                    index: place.index,
                };
                for (index, (key, value)) in entries.iter().enumerate() {
                    let inner = Place { label: key, ..inner };
                    match Question::read(value) {
                        Some(question) => self.question(value, &question, inner, index),
                        None => self.step(key, |walk| walk.node(value, inner)),
                    }
                }
            }
            scalar => {
                if let Some(text) = scalar.scalar().filter(|text| !text.trim().is_empty()) {
                    self.push(Cow::Borrowed(text), place);
                }
            }
        }
    }

    fn step(&mut self, key: &str, walk: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        // Bounded, for every answer below keeps its path: a long name over many answers would fill the memory.
        let room = MOST_PATH_BYTES.saturating_sub(self.path.len()).min(MOST_STEP_BYTES);
        self.path.push_str(key.get(..key.floor_char_boundary(room)).unwrap_or_default());
        walk(self);
        self.path.truncate(length);
    }

    fn push(&mut self, value: Cow<'n, str>, place: Place<'n>) {
        let inside = self.shape.is_none_or(|shape| shape.holds(&self.path));
        self.leaves.push(Leaf {
            path: self.path.clone(),
            label: Cow::Borrowed(place.label),
            around: Cow::Borrowed(place.around),
            value,
            hint: Hint::None,
            asked: false,
            away: place.away,
            thing: place.thing,
            answers: place.answers,
            organisation: place.organisation,
            inside,
            index: place.index,
        });
    }

    fn question(&mut self, node: &'n Node<'_>, question: &Question<'n>, place: Place<'n>, index: usize) {
        let Some(value) = question.answer() else { return };
        let label = question.label.unwrap_or(place.label);
        let organisation = node.get("objectTypeId").and_then(Node::scalar) == Some("0-2");
        let at = index.to_string();
        self.step(question.label.or(Some(place.label)).filter(|label| !label.is_empty()).unwrap_or(&at), |walk| {
            walk.push(
                value,
                Place { label, around: if question.label.is_some() { place.label } else { place.around }, ..place },
            );
            if let Some(leaf) = walk.leaves.last_mut() {
                leaf.hint = question.hint;
                leaf.asked = question.label.is_some();
                leaf.organisation |= organisation;
            }
        });
        if let Node::Map(entries) = node {
            for (key, value) in entries.iter().filter(|(key, _)| !Question::KNOWN.contains(&key.as_ref())) {
                let inner = Place { label: key, around: label, away: true, organisation: false, ..place };
                self.step(label, |walk| walk.step(key, |walk| walk.node(value, inner)));
            }
        }
    }
}

/// Whether a place's own name says nothing.
pub(crate) fn is_plain(label: &str) -> bool {
    label.is_empty()
        || PLAIN_PLACES.iter().any(|plain| label.eq_ignore_ascii_case(plain))
        || label.bytes().all(|byte| byte.is_ascii_digit())
}

/// A map that is one question with its answer.
struct Question<'n> {
    label: Option<&'n str>,
    value: &'n Node<'n>,
    options: Option<&'n Node<'n>>,
    hint: Hint,
}

impl<'n> Question<'n> {
    const LABELS: [&'static str; 9] =
        ["label", "title", "question", "text", "name", "fieldName", "field_name", "field", "key"];
    const VALUES: [&'static str; 5] = ["value", "answer", "response", "values", "raw_value"];
    const KNOWN: [&'static str; 30] = [
        "label",
        "title",
        "question",
        "text",
        "name",
        "fieldName",
        "field_name",
        "field",
        "key",
        "value",
        "answer",
        "response",
        "values",
        "raw_value",
        "type",
        "fieldType",
        "field_type",
        "options",
        "id",
        "required",
        "objectTypeId",
        "order",
        "ref",
        "fieldElementId",
        "inputType",
        "columns",
        "rows",
        "placeholder",
        "validation",
        "prettyFormat",
    ];

    fn read(node: &'n Node<'_>) -> Option<Self> {
        let Node::Map(entries) = node else { return None };
        let value_key = Self::VALUES.iter().find(|key| node.get(key).is_some())?;
        let label =
            Self::LABELS.iter().filter(|key| *key != value_key).find_map(|key| node.get(key).and_then(Node::text));
        let kind =
            ["type", "fieldType", "field_type", "inputType"].iter().find_map(|key| node.get(key).and_then(Node::text));
        if label.is_none() && (*value_key != "value" || entries.len() > 8) {
            return None;
        }
        // `{"value": "a@x.example", "label": "work"}`: the label tells which of several, not what.
        let label = label.filter(|label| !is_plain(label));
        Some(Self {
            label,
            value: node.get(value_key)?,
            options: node.get("options"),
            hint: Hint::of(kind.unwrap_or_default()),
        })
    }

    fn answer(&self) -> Option<Cow<'n, str>> {
        answer(self.value, self.options)
    }
}

impl Hint {
    /// What a sender's type name says.
    pub(crate) fn of(kind: &str) -> Self {
        let kind = kind.to_ascii_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| kind.contains(word));
        if has(&["email"]) {
            Self::Email
        } else if has(&["phone"]) || kind == "tel" {
            Self::Phone
        } else if has(&["textarea", "long", "paragraph", "multiline", "essay", "multi_line"]) {
            Self::Long
        } else if has(&["fullname", "full_name"]) || kind == "name" {
            Self::Name
        } else {
            Self::None
        }
    }
}

/// An answer as text: choices by what they were called, files by name and link, parts joined.
pub(crate) fn answer<'n>(value: &'n Node<'_>, options: Option<&Node<'_>>) -> Option<Cow<'n, str>> {
    let named = |id: &str| -> Option<String> {
        let Some(Node::List(options)) = options else { return None };
        let option =
            options.iter().take(MOST_OPTIONS).find(|option| option.get("id").and_then(Node::scalar) == Some(id))?;
        ["text", "label", "name", "title"]
            .iter()
            .find_map(|key| option.get(key).and_then(Node::text))
            .map(str::to_owned)
    };
    match value {
        Node::Null => None,
        Node::List(items) => {
            let parts: Vec<Cow<'_, str>> = items.iter().filter_map(|item| answer(item, options)).collect();
            (!parts.is_empty()).then(|| Cow::Owned(parts.join(", ")))
        }
        Node::Map(entries) => {
            if let Some(whole) = person(entries).or_else(|| telephone(entries)) {
                return Some(Cow::Owned(whole));
            }
            let shown: Vec<String> = ["name", "label", "text", "url"]
                .iter()
                .filter_map(|key| value.get(key).and_then(Node::text))
                .map(str::to_owned)
                .collect();
            let parts = if shown.is_empty() {
                entries.iter().filter_map(|(_, part)| answer(part, None)).map(Cow::into_owned).collect()
            } else {
                shown
            };
            (!parts.is_empty()).then(|| Cow::Owned(parts.join(" ")))
        }
        scalar => {
            let text = scalar.scalar().filter(|text| !text.trim().is_empty())?;
            Some(named(text).map_or(Cow::Borrowed(text), Cow::Owned))
        }
    }
}

/// `{"first": "Dana", "last": "Fox"}` and its relatives, when the map holds nothing else.
fn person(entries: &[(Cow<'_, str>, Node<'_>)]) -> Option<String> {
    const PARTS: [(&str, u8); 16] = [
        ("prefix", 0),
        ("salutation", 0),
        ("title", 0),
        ("first", 1),
        ("firstname", 1),
        ("first_name", 1),
        ("given", 1),
        ("given_name", 1),
        ("middle", 2),
        ("last", 3),
        ("lastname", 3),
        ("last_name", 3),
        ("family", 3),
        ("family_name", 3),
        ("suffix", 4),
        ("middlename", 2),
    ];
    if entries.is_empty() || entries.len() > 6 {
        return None;
    }
    let mut parts = Vec::new();
    for (key, value) in entries {
        let key = key.to_ascii_lowercase();
        let (_, order) = PARTS.iter().find(|(part, _)| *part == key)?;
        if matches!(value, Node::List(_) | Node::Map(_)) {
            return None;
        }
        if let Some(text) = value.text() {
            parts.push((*order, text.trim()));
        }
    }
    let both = parts.iter().any(|(order, _)| *order == 1) || parts.iter().any(|(order, _)| *order == 3);
    parts.sort_by_key(|(order, _)| *order);
    both.then(|| parts.iter().map(|(_, part)| *part).collect::<Vec<_>>().join(" "))
}

/// `{"area": "555", "phone": "010 0199"}` and its relatives, when the map holds nothing else.
fn telephone(entries: &[(Cow<'_, str>, Node<'_>)]) -> Option<String> {
    const PARTS: [&str; 7] = ["country", "country_code", "countryCode", "area", "area_code", "phone", "number"];
    let known = |key: &str| PARTS.iter().position(|part| *part == key);
    let number = entries.iter().any(|(key, _)| key == "phone" || key == "number");
    if entries.len() < 2 || !number {
        return None;
    }
    let mut parts = Vec::new();
    for (key, value) in entries {
        let order = known(key)?;
        let text = value.scalar().unwrap_or_default().trim();
        if !text.chars().all(|c| c.is_ascii_digit() || " +()-./".contains(c)) {
            return None;
        }
        parts.push((order, text));
    }
    parts.sort_by_key(|(order, _)| *order);
    let whole = parts.iter().map(|(_, part)| *part).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    (!whole.is_empty()).then_some(whole)
}
