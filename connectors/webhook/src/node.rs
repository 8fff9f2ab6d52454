//! The one tree that every body becomes: JSON, form-encoded and multipart alike. Own file because reading and recognising meet
//! here and nowhere else. INVARIANT: numbers keep the text they were written in, maps keep their order.

use std::borrow::Cow;

/// A value of a body.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as written.
    Number(Cow<'a, str>),
    /// A text.
    Text(Cow<'a, str>),
    /// Values in order.
    List(Vec<Node<'a>>),
    /// Named values in order; a name stands once.
    Map(Vec<(Cow<'a, str>, Node<'a>)>),
}

impl<'a> Node<'a> {
    /// The value under `name`, if this is a map that has it.
    pub(crate) fn get(&self, name: &str) -> Option<&Node<'a>> {
        match self {
            Node::Map(entries) => entries.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The value at a dotted path; a number picks from a list.
    pub(crate) fn at(&self, path: &str) -> Option<&Node<'a>> {
        path.split('.').try_fold(self, |node, step| match node {
            Node::List(items) => step.parse::<usize>().ok().and_then(|index| items.get(index)),
            _ => node.get(step),
        })
    }

    /// A scalar as text: numbers as written, booleans by name; `None` for `null`, lists and maps.
    pub(crate) fn scalar(&self) -> Option<&str> {
        match self {
            Node::Bool(true) => Some("true"),
            Node::Bool(false) => Some("false"),
            Node::Number(text) | Node::Text(text) => Some(text),
            Node::Null | Node::List(_) | Node::Map(_) => None,
        }
    }

    /// A text that holds more than white space.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Node::Text(text) if !text.trim().is_empty() => Some(text),
            _ => None,
        }
    }

    /// The same tree without borrowing from the body.
    pub(crate) fn into_owned(self) -> Node<'static> {
        match self {
            Node::Null => Node::Null,
            Node::Bool(truth) => Node::Bool(truth),
            Node::Number(text) => Node::Number(Cow::Owned(text.into_owned())),
            Node::Text(text) => Node::Text(Cow::Owned(text.into_owned())),
            Node::List(items) => Node::List(items.into_iter().map(Node::into_owned).collect()),
            Node::Map(entries) => Node::Map(
                entries.into_iter().map(|(key, value)| (Cow::Owned(key.into_owned()), value.into_owned())).collect(),
            ),
        }
    }
}
