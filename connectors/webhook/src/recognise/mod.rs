//! From a tree to the fields of a request: known shapes first, then labels, then the looks of values; the operator's own mapping wins
//! over all. Own room because guessing must stay apart from verifying and reading. INVARIANT: what is not recognised goes to `extra`;
//! what does not fit there is counted and named.

mod assign;
mod label;
mod leaf;
mod shape;
mod value;
mod words;

use crate::node::Node;
use crate::options::Mapping;
use opspilot_sdk::Content;

pub(crate) use shape::Shape;

/// What a field of a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Role {
    /// The whole name of a person.
    Name,
    /// The given name alone.
    First,
    /// The family name alone.
    Last,
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// A company, an association, a practice.
    Organisation,
    /// A subject line.
    Subject,
    /// What they wrote.
    Text,
}

/// The outcome.
#[derive(Debug)]
pub(crate) struct Recognised {
    /// Fields, or the text itself when there are none.
    pub(crate) content: Content,
    /// The known shape, if it is one.
    pub(crate) shape: Option<&'static Shape>,
    /// What the operator's mapping names as identifier.
    pub(crate) id: Option<String>,
}

/// Recognises the fields of a body; `raw` is the body as it came, for what has no fields at all.
pub(crate) fn recognise(node: &Node<'_>, raw: &[u8], mapping: &Mapping<Vec<String>>) -> Recognised {
    let unpacked = shape::unpack(node);
    let node = unpacked.as_ref().unwrap_or(node);
    let shape = Shape::of(node);
    let leaves = leaf::leaves(node, shape);
    let plain = match node {
        Node::List(items) => items.iter().all(|item| !matches!(item, Node::List(_) | Node::Map(_))),
        Node::Map(_) => false,
        _ => true,
    };
    if plain || leaves.is_empty() {
        let joined = leaves.iter().map(|leaf| leaf.value.as_ref()).collect::<Vec<_>>().join("\n");
        let text = if joined.is_empty() { String::from_utf8_lossy(raw).into_owned() } else { joined };
        return Recognised { content: Content::Text(value::clean(&text)), shape, id: None };
    }
    let (fields, id) = assign::assign(node, leaves, shape, mapping);
    Recognised { content: Content::Fields(fields), shape, id }
}

#[cfg(test)]
mod tests;
