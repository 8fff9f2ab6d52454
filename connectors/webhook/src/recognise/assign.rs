//! Who gets which field: every answer applies for the roles its label, its type and its looks speak for, the surest application wins.
//! Own file because this is the judgement, apart from the words it judges by. INVARIANT: every answer ends in exactly one place: a
//! field, `extra`, or the count of what did not fit.

use super::Role::{self, Email, First, Last, Name, Organisation, Phone, Subject, Text};
use super::label::Label;
use super::leaf::{Hint, Leaf, is_plain};
use super::shape::Shape;
use super::value;
use crate::node::Node;
use crate::options::Mapping;
use opspilot_sdk::Fields;
use std::collections::HashSet;

const MOST_EXTRA: usize = 200;
const MOST_EXTRA_BYTES: usize = 32 * 1024;
const MOST_VALUE_BYTES: usize = 4 * 1024;
const MOST_LABEL_CHARS: usize = 200;
const MOST_CUT_NAMES: usize = 20;
/// Answers beyond these are kept, but not guessed from.
const MOST_GUESSED: usize = 2_000;

/// Less sure than this is no application.
const LEAST_SURE: i32 = -40;
/// What stands for what did not fit.
const CUT: &str = "(not shown)";

/// Fields and the mapped identifier.
pub(crate) fn assign(
    node: &Node<'_>,
    leaves: Vec<Leaf<'_>>,
    shape: Option<&Shape>,
    mapping: &Mapping<Vec<String>>,
) -> (Fields, Option<String>) {
    let mut desk = Desk { used: vec![false; leaves.len()], leaves: &leaves, fields: Fields::default() };
    desk.explicit(mapping);
    if let Some(shape) = shape {
        desk.known(shape, node);
    }
    if shape.is_none_or(|shape| !shape.closed) {
        desk.guess();
    }
    let id = desk.find(&mapping.id).map(|(text, _)| text);
    desk.rest(shape);
    (desk.fields, id)
}

struct Desk<'d, 'n> {
    leaves: &'d [Leaf<'n>],
    used: Vec<bool>,
    fields: Fields,
}

struct Application {
    role: Role,
    sure: i32,
    leaf: usize,
}

impl<'n> Desk<'_, 'n> {
    fn field(&mut self, role: Role) -> &mut Option<String> {
        match role {
            Name | First | Last => &mut self.fields.name,
            Email => &mut self.fields.email,
            Phone => &mut self.fields.phone,
            Organisation => &mut self.fields.organisation,
            Subject => &mut self.fields.subject,
            Text => &mut self.fields.text,
        }
    }

    fn take(&mut self, role: Role, leaf: usize) {
        let Some(found) = self.leaves.get(leaf) else { return };
        let text = match role {
            Email => value::email(&found.value).unwrap_or(&found.value),
            _ => &found.value,
        };
        *self.field(role) = Some(value::clean(text));
        self.mark(leaf);
    }

    fn mark(&mut self, leaf: usize) {
        if let Some(used) = self.used.get_mut(leaf) {
            *used = true;
        }
    }

    /// What the operator said.
    fn explicit(&mut self, mapping: &Mapping<Vec<String>>) {
        for (role, sources) in [
            (Name, &mapping.name),
            (Email, &mapping.email),
            (Phone, &mapping.phone),
            (Organisation, &mapping.organisation),
            (Subject, &mapping.subject),
            (Text, &mapping.text),
        ] {
            if let Some((text, leaves)) = self.find(sources) {
                *self.field(role) = Some(text);
                for leaf in leaves {
                    self.mark(leaf);
                }
            }
        }
    }

    /// The first source that holds something: its text and the answers it was made of.
    fn find(&self, sources: &[String]) -> Option<(String, Vec<usize>)> {
        sources.iter().find_map(|source| {
            let found: Vec<usize> = source.split(" + ").filter_map(|part| self.named(part.trim())).collect();
            let texts: Vec<String> = found
                .iter()
                .filter_map(|index| self.leaves.get(*index))
                .map(|leaf| value::clean(&leaf.value))
                .collect();
            (!texts.is_empty()).then(|| (texts.join(" "), found))
        })
    }

    /// By whole path, then by the end of the path, then by label however it is written.
    fn named(&self, source: &str) -> Option<usize> {
        let ends = |leaf: &Leaf<'_>| leaf.path.strip_suffix(source).is_some_and(|before| before.ends_with('.'));
        let wanted = Label::new(source);
        let position = |test: &dyn Fn(&Leaf<'_>) -> bool| self.leaves.iter().position(test);
        position(&|leaf| leaf.path == source)
            .or_else(|| position(&|leaf| leaf.label == source))
            .or_else(|| position(&ends))
            .or_else(|| {
                position(&|leaf| !wanted.joined().is_empty() && Label::new(&leaf.label).joined() == wanted.joined())
            })
    }

    /// What the shape says.
    fn known(&mut self, shape: &Shape, node: &Node<'_>) {
        for role in [Name, Email, Phone, Organisation, Subject, Text] {
            if self.field(role).is_some() {
                continue;
            }
            if let Some((path, text)) = shape.mapped(role, node) {
                if role == Email && value::email(text).is_none() {
                    continue;
                }
                *self.field(role) = Some(value::clean(text));
                let direct = path.strip_suffix(".value").unwrap_or(path);
                if let Some(leaf) = self.leaves.iter().position(|leaf| leaf.path == path || leaf.path == direct) {
                    self.mark(leaf);
                }
            }
        }
    }

    /// What labels, types and looks say.
    fn guess(&mut self) {
        let mut applications = Vec::new();
        for (index, leaf) in self.leaves.iter().enumerate().take(MOST_GUESSED) {
            if leaf.inside && !self.used.get(index).copied().unwrap_or(true) {
                apply(index, leaf, &mut applications);
            }
        }
        // A stable sort: of two equally sure ones the earlier wins.
        applications.sort_by_key(|application| std::cmp::Reverse(application.sure));
        self.name(&applications);
        for role in [Email, Phone, Organisation, Subject, Text] {
            if self.field(role).is_some() {
                continue;
            }
            let best =
                applications.iter().find(|one| one.role == role && !self.used.get(one.leaf).copied().unwrap_or(true));
            if let Some(leaf) = best.map(|one| one.leaf) {
                self.take(role, leaf);
            }
        }
        self.unlabelled();
    }

    /// A whole name, or two parts of one.
    fn name(&mut self, applications: &[Application]) {
        if self.fields.name.is_some() {
            return;
        }
        let best =
            |role: Role, not: Option<usize>| applications.iter().find(|one| one.role == role && Some(one.leaf) != not);
        let text = |leaf: usize| self.leaves.get(leaf).map(|leaf| value::clean(&leaf.value)).unwrap_or_default();
        let (whole, first, last) = (best(Name, None), best(First, None), best(Last, None));
        let parts = match (whole, first, last) {
            // A whole name that holds the part is whole indeed; else `Name` stands beside `Vorname` for the family name.
            (Some(whole), Some(part), None) | (Some(whole), None, Some(part))
                if part.sure >= whole.sure - 40 && whole.leaf != part.leaf =>
            {
                let (full, piece) = (text(whole.leaf), text(part.leaf));
                if full.to_lowercase().contains(&piece.to_lowercase()) {
                    vec![whole.leaf]
                } else if part.role == First {
                    vec![part.leaf, whole.leaf]
                } else {
                    vec![whole.leaf, part.leaf]
                }
            }
            (whole, Some(first), Some(last)) if first.leaf != last.leaf => {
                let last = best(Last, Some(first.leaf)).unwrap_or(last);
                let whole = whole.filter(|whole| {
                    let full = text(whole.leaf).to_lowercase();
                    whole.sure >= first.sure - 20
                        && full.contains(&text(first.leaf).to_lowercase())
                        && full.contains(&text(last.leaf).to_lowercase())
                });
                whole.map_or_else(|| vec![first.leaf, last.leaf], |whole| vec![whole.leaf])
            }
            (Some(whole), _, _) => vec![whole.leaf],
            (None, Some(part), _) | (None, None, Some(part)) => vec![part.leaf],
            (None, None, None) => return,
        };
        let wide = |text: &str| text.chars().any(|c| c >= '\u{2e80}');
        let mut texts: Vec<String> = parts.iter().map(|leaf| text(*leaf)).collect();
        if parts.len() == 2 && texts.iter().all(|text| wide(text)) {
            texts.reverse();
        }
        self.fields.name = Some(texts.join(" "));
        for leaf in parts {
            self.mark(leaf);
        }
    }

    /// Answers under numbers instead of labels: told by their looks and their order alone.
    fn unlabelled(&mut self) {
        for role in [Name, Organisation] {
            if self.field(role).is_some() {
                continue;
            }
            let found = self.leaves.iter().take(MOST_GUESSED).enumerate().position(|(index, leaf)| {
                let blank = Label::new(&leaf.label).is_blank()
                    && (leaf.around.is_empty() || Label::new(&leaf.around).is_blank() || is_plain(&leaf.around));
                leaf.inside
                    && !leaf.away
                    && blank
                    && !self.used.get(index).copied().unwrap_or(true)
                    && value::surely_title(&leaf.value)
                    && !value::surely_phone(&leaf.value)
            });
            if let Some(leaf) = found {
                self.take(role, leaf);
            }
        }
        if self.fields.text.is_none() {
            let free = |index: usize| !self.used.get(index).copied().unwrap_or(true);
            let found = self.leaves.iter().take(MOST_GUESSED).enumerate().rposition(|(index, leaf)| {
                let several = leaf.value.split_whitespace().nth(1).is_some();
                free(index)
                    && leaf.inside
                    && several
                    && Label::new(&leaf.label).is_blank()
                    && suits(Text, &leaf.value)
                    && !value::date_like(&leaf.value)
            });
            if let Some(leaf) = found {
                self.take(Text, leaf);
            }
        }
    }

    /// Everything that is in no field.
    fn rest(&mut self, shape: Option<&Shape>) {
        let mut left = MOST_EXTRA_BYTES;
        let mut cut: Vec<String> = Vec::new();
        let mut missing = 0;
        let apart = self.leaves.iter().any(|leaf| !leaf.inside);
        let mut seen: HashSet<(String, &str)> = HashSet::new();
        for (index, leaf) in self.leaves.iter().enumerate() {
            // Some senders say every answer again beside the answers; within the answers a repetition means something.
            let repeated = apart && {
                let name = leaf.path.rsplit('.').next().unwrap_or(&leaf.path).to_lowercase();
                !seen.insert((name, leaf.value.trim())) && !leaf.inside
            };
            if self.used.get(index).copied().unwrap_or(true) || repeated || self.says_again(leaf) {
                continue;
            }
            let label = if leaf.asked && !leaf.label.is_empty() {
                &*leaf.label
            } else {
                shape.map_or(&*leaf.path, |shape| shape.shortened(&leaf.path))
            };
            let label: String = value::clean(label).chars().take(MOST_LABEL_CHARS).collect();
            let text = shortened(value::clean(&leaf.value));
            let size = label.len() + text.len();
            if self.fields.extra.len() >= MOST_EXTRA || size > left {
                missing += 1;
                if cut.len() < MOST_CUT_NAMES {
                    cut.push(label);
                }
                continue;
            }
            left -= size;
            self.fields.extra.push((label, text));
        }
        if missing > 0 {
            let more = if missing > cut.len() { ", …" } else { "" };
            let note = format!("{missing} more values stand in the delivery as it came: {}{more}", cut.join(", "));
            self.fields.extra.push((CUT.to_owned(), note));
        }
    }

    /// Whether an answer repeats what a field already says under a label that means that field.
    fn says_again(&self, leaf: &Leaf<'n>) -> bool {
        let text = leaf.value.trim();
        let fields = &self.fields;
        let mut same = [
            (&fields.name, Name),
            (&fields.email, Email),
            (&fields.phone, Phone),
            (&fields.organisation, Organisation),
            (&fields.subject, Subject),
            (&fields.text, Text),
        ]
        .into_iter()
        .filter(|(field, _)| field.as_deref() == Some(text))
        .peekable();
        if same.peek().is_none() {
            return false;
        }
        let roles = Label::new(&leaf.label).roles();
        same.any(|(_, role)| roles.iter().any(|(known, _)| *known == role))
    }
}

/// A value that is not too long, with a note where it was cut.
fn shortened(text: String) -> String {
    if text.len() <= MOST_VALUE_BYTES {
        return text;
    }
    let end = (0..=MOST_VALUE_BYTES).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    format!(
        "{}… (cut here; {} bytes stand in the delivery as it came)",
        text.get(..end).unwrap_or_default(),
        text.len()
    )
}

/// Every role one answer applies for.
fn apply(index: usize, leaf: &Leaf<'_>, into: &mut Vec<Application>) {
    let text = leaf.value.trim();
    let label = Label::new(&leaf.label);
    let mut roles = label.roles();
    if roles.is_empty() && (is_plain(&leaf.label) || label.is_blank()) && !leaf.around.is_empty() {
        roles = Label::new(&leaf.around).roles().into_iter().map(|(role, sure)| (role, sure - 10)).collect();
    }
    let named = label.has(&["title", "name"]);
    if leaf.organisation && label.has(&["name", "title", "legal", "display", "label"]) {
        roles = vec![(Organisation, 95)];
    } else if named && Label::new(&leaf.around).has(&["issue", "ticket", "case", "task", "event"]) {
        roles = vec![(Subject, 95)];
    }
    match leaf.hint {
        Hint::Email => roles.push((Email, 105)),
        Hint::Phone => roles.push((Phone, 105)),
        Hint::Name if !roles.iter().any(|(role, _)| *role != Name) => roles.push((Name, 90)),
        Hint::Long if !label.is_vetoed() => {
            if let Some((_, sure)) = roles.iter_mut().find(|(role, _)| *role == Text) {
                *sure += 10;
            } else if roles.iter().all(|(_, sure)| *sure <= 80) {
                roles.push((Text, 50));
            }
        }
        _ => {}
    }
    let numbered = gravity_part(&leaf.path);
    if let (Some(role), true) = (numbered, label.is_blank()) {
        roles.push((role, 70));
    }
    if value::email(text).is_some() && !roles.iter().any(|(role, _)| *role == Email) {
        roles.push((Email, 40));
    }
    if roles.is_empty()
        && value::surely_phone(text)
        && !label.is_vetoed()
        && !label.has(&["id", "number", "date", "at"])
    {
        roles.push((Phone, 30));
    }
    let told = roles.iter().any(|(role, _)| matches!(role, Subject | Text));
    if !told && value::prose(text) && !label.is_vetoed() && !label.has(&["address", "street"]) {
        let length = i32::try_from(text.len().min(400)).unwrap_or(0) / 20;
        let asks = if leaf.label.trim_end().ends_with('?') || label.is_blank() { 8 } else { 0 };
        roles.push((Text, 12 + length + asks));
    }
    let place = (if leaf.answers { 8 } else { 0 })
        - (if leaf.away { 45 } else { 0 })
        - i32::try_from(leaf.index.min(10)).unwrap_or(10) * 6;
    let own_away = if label.has(&[
        "cc",
        "bcc",
        "confirm",
        "confirmation",
        "alternative",
        "alternate",
        "secondary",
        "repeat",
        "owner",
        "assignee",
        "fax",
        "emergency",
    ]) {
        35
    } else {
        0
    };
    for (role, sure) in roles {
        let sure = sure + place - own_away;
        let of_a_thing = leaf.thing && matches!(role, Name | First | Last | Organisation | Phone);
        if sure > LEAST_SURE && !of_a_thing && suits(role, text) {
            into.push(Application { role, sure, leaf: index });
        }
    }
}

/// `1.3` and `1.6`: first and last name as numbered by form builders that number the parts of a field.
fn gravity_part(path: &str) -> Option<Role> {
    let (field, part) = path.rsplit_once('.')?;
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !number(field.rsplit('.').next().unwrap_or(field).trim_start_matches("input_")) {
        return None;
    }
    match part {
        "3" => Some(First),
        "6" => Some(Last),
        _ => None,
    }
}

fn suits(role: Role, text: &str) -> bool {
    match role {
        Name | First | Last => value::maybe_name(text),
        Email => value::email(text).is_some(),
        Phone => value::maybe_phone(text) && !value::date_like(text),
        Organisation => value::maybe_organisation(text),
        Subject => value::maybe_subject(text),
        Text => value::maybe_text(text),
    }
}
