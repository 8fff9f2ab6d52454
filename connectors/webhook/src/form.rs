//! Form-encoded bodies (WHATWG URL, `application/x-www-form-urlencoded`) and the brackets that some frameworks put into names
//! (`contact[email]`, `tags[]`). Own file because multipart names follow the same bracket rules. Bounded by [`MAX_FIELDS`].

use crate::node::Node;
use crate::refuse::{FORM, PART_LARGE, malformed, shown, too_large};
use opspilot_sdk::Refusal;
use std::borrow::Cow;

/// How many fields one form may have.
pub(crate) const MAX_FIELDS: usize = 1_000;
const MAX_BRACKETS: usize = 8;

/// Reads a form-encoded body.
///
/// # Errors
/// A refusal when it is not UTF-8 after decoding or holds too many fields.
pub(crate) fn read(body: &[u8]) -> Result<Node<'static>, Refusal> {
    let mut form = Form::default();
    for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        let number = form.count + 1;
        let name = decode(halves.next().unwrap_or_default());
        let name = name.map_err(|name| not_utf8(&format!("the name `{}` of form field {number}", shown(&name))))?;
        let value = decode(halves.next().unwrap_or_default());
        // The value is left out: it is what somebody wrote, and the name finds it.
        let value = value.map_err(|_| not_utf8(&format!("the form field `{}` (field {number})", shown(&name))))?;
        form.add(&name, value)?;
    }
    Ok(form.into_node())
}

/// A form as it is read, field by field.
#[derive(Default)]
pub(crate) struct Form {
    entries: Vec<(Cow<'static, str>, Node<'static>)>,
    count: usize,
}

impl Form {
    /// Adds a field; a repeated name makes a list.
    ///
    /// # Errors
    /// A refusal when there are too many.
    pub(crate) fn add(&mut self, name: &str, value: String) -> Result<(), Refusal> {
        self.count += 1;
        if self.count > MAX_FIELDS {
            return Err(too_large(PART_LARGE, format!("the form has more than {MAX_FIELDS} fields; send fewer")));
        }
        let value = Node::Text(Cow::Owned(value));
        let steps = steps(name);
        if !fits(&self.entries, &steps) {
            put(&mut self.entries, &[name], value);
        } else {
            put(&mut self.entries, &steps, value);
        }
        Ok(())
    }

    /// The whole form.
    pub(crate) fn into_node(self) -> Node<'static> {
        Node::Map(self.entries)
    }
}

/// `a[b][]` as `a`, `b`, ``; a name without well-formed brackets as itself.
fn steps(name: &str) -> Vec<&str> {
    let whole = vec![name];
    let Some((first, mut rest)) = name.find('[').and_then(|open| name.split_at_checked(open)) else { return whole };
    if first.is_empty() {
        return whole;
    }
    let mut steps = vec![first];
    while let Some(inner) = rest.strip_prefix('[') {
        let Some((step, after)) = inner.split_once(']') else { return whole };
        if step.contains('[') || steps.len() > MAX_BRACKETS {
            return whole;
        }
        steps.push(step);
        rest = after;
    }
    if rest.is_empty() { steps } else { whole }
}

/// Whether the steps can be walked without meeting a plain value: `a=1&a[b]=2` cannot.
fn fits(entries: &[(Cow<'static, str>, Node<'static>)], steps: &[&str]) -> bool {
    let [first, rest @ ..] = steps else { return true };
    if rest.is_empty() || rest == [""] {
        return true;
    }
    match entries.iter().find(|(key, _)| key == first) {
        None => true,
        Some((_, Node::Map(inner))) => fits(inner, rest),
        Some(_) => false,
    }
}

fn put(entries: &mut Vec<(Cow<'static, str>, Node<'static>)>, steps: &[&str], value: Node<'static>) {
    let [first, rest @ ..] = steps else { return };
    let position = entries.iter().position(|(key, _)| key == first);
    let leaf = rest.is_empty() || rest == [""];
    match position.and_then(|index| entries.get_mut(index)) {
        None if leaf => entries.push((Cow::Owned((*first).to_owned()), value)),
        None => {
            let mut inner = Vec::new();
            put(&mut inner, rest, value);
            entries.push((Cow::Owned((*first).to_owned()), Node::Map(inner)));
        }
        Some((_, Node::Map(inner))) if !leaf => put(inner, rest, value),
        Some((_, Node::List(items))) => items.push(value),
        Some((_, other)) => {
            let before = std::mem::replace(other, Node::Null);
            *other = Node::List(vec![before, value]);
        }
    }
}

fn not_utf8(what: &str) -> Refusal {
    malformed(FORM, format!("{what} is not UTF-8; send the form encoded as UTF-8"))
}

/// `+` is a space, `%41` a byte; a `%` without two digits stands for itself, as browsers read it. What is not UTF-8 comes back as far
/// as it can be shown.
fn decode(piece: &[u8]) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(piece.len());
    let mut rest = piece;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (first, after) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [high, low, tail @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    bytes.push(high * 16 + low);
                    rest = tail;
                }
                _ => bytes.push(b'%'),
            },
            (byte, _) => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).map_err(|fault| String::from_utf8_lossy(fault.as_bytes()).into_owned())
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::node::Node;
    use proptest::prelude::*;

    fn text<'a>(node: &'a Node<'_>, path: &str) -> Option<&'a str> {
        node.at(path).and_then(Node::scalar)
    }

    #[test]
    fn brackets_repeats_and_percent() {
        let node =
            read(b"name=Dana+Fox&contact[email]=d%40x.example&tags[]=a&tags[]=b&n=1&n=2&rate=100%&x=%zz&flag&=v")
                .unwrap();
        assert_eq!(text(&node, "name"), Some("Dana Fox"));
        assert_eq!(text(&node, "contact.email"), Some("d@x.example"));
        assert_eq!(text(&node, "tags.1"), Some("b"));
        assert_eq!(text(&node, "n.0"), Some("1"));
        assert_eq!(text(&node, "rate"), Some("100%"));
        assert_eq!(text(&node, "x"), Some("%zz"));
        assert_eq!(text(&node, "flag"), Some(""));
    }

    #[test]
    fn a_value_and_a_bracket_under_one_name_both_stay() {
        let node = read(b"a=1&a[b]=2&a[b]=3&c[d]=4&c=5&odd[=6&[x]=7").unwrap();
        assert_eq!(text(&node, "a"), Some("1"));
        assert_eq!(text(&node, "a[b].1"), Some("3"));
        assert_eq!(text(&node, "c.0.d"), Some("4"));
        assert_eq!(text(&node, "c.1"), Some("5"));
        assert_eq!(text(&node, "odd["), Some("6"));
        assert_eq!(text(&node, "[x]"), Some("7"));
    }

    #[test]
    fn a_refusal_names_the_field_and_never_its_value() {
        let refusal = read(b"name=Dana&message=caf%E9+bar").unwrap_err();
        assert_eq!(
            (refusal.code, refusal.message.as_str()),
            ("OP-2114", "the form field `message` (field 2) is not UTF-8; send the form encoded as UTF-8")
        );
        let refusal = read(b"name=Dana&caf%E9=bar").unwrap_err();
        let said = "the name `caf\u{fffd}` of form field 2 is not UTF-8; send the form encoded as UTF-8";
        assert_eq!(refusal.message, said);
        let nameless = read(b"=%E9").unwrap_err();
        assert!(nameless.message.starts_with("the form field `` (field 1)"), "{}", nameless.message);
    }

    #[test]
    fn foreign_encodings_and_floods_are_refused() {
        assert_eq!(read(b"name=J%FCrgen").unwrap_err().code, "OP-2114");
        assert_eq!(read("a=1&".repeat(1_001).as_bytes()).unwrap_err().code, "OP-2118");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = read(&bytes);
        }
    }
}
