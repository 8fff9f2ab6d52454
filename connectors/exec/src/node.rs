//! JSON from a program nobody vouches for, read strictly: a key twice in one object is an error, nesting and the number of values are
//! bounded. Own file because the usual value type keeps the last of two equal keys, and its error messages quote what a client wrote.
//! INVARIANT: no error message holds a value of the text, only places and the names of keys.

use opspilot_sdk::json::Fault;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use std::cell::Cell;
use std::fmt;

/// One line holds at most so many values.
const VALUES: u32 = 100_000;

/// A JSON value. Numbers and truth values are only told apart from texts: the protocol has no use for them.
#[derive(Debug)]
pub(crate) enum Node {
    Null,
    True,
    False,
    Number,
    Text(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    /// Reads a whole line.
    ///
    /// # Errors
    /// What stands where in the line that cannot stand there.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let left = Cell::new(VALUES);
        let mut reader = serde_json::Deserializer::from_str(text);
        let node = Seed(&left).deserialize(&mut reader).and_then(|node| reader.end().map(|()| node));
        node.map_err(|cause| Fault::of(&cause).in_line())
    }

    /// What it is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::True | Self::False => "true or false",
            Self::Number => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

/// A name from outside in a message: short and printable.
pub(crate) fn shown(name: &str) -> String {
    let short: String = name.chars().take(40).collect();
    let cut = if short.len() < name.len() { "…" } else { "" };
    format!("{}{cut}", short.escape_debug())
}

struct Seed<'a>(&'a Cell<u32>);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        let left = self.0.get();
        if left == 0 {
            return Err(D::Error::custom(format_args!("more than {VALUES} values")));
        }
        self.0.set(left - 1);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(if value { Node::True } else { Node::False })
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Number)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Number)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Number)
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Node, E> {
        Ok(Node::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(node) = access.next_element_seed(Seed(self.0))? {
            list.push(node);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut entries: Vec<(String, Node)> = Vec::new();
        while let Some(key) = access.next_key::<String>()? {
            entries.push((key, access.next_value_seed(Seed(self.0))?));
        }
        let mut keys: Vec<&str> = entries.iter().map(|(key, _)| key.as_str()).collect();
        keys.sort_unstable();
        if let Some([key, _]) = keys.windows(2).find(|pair| matches!(pair, [a, b] if a == b)) {
            return Err(A::Error::custom(format_args!("the key `{}` stands twice in one object", shown(key))));
        }
        Ok(Node::Object(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::Node;

    #[test]
    fn strange_json_is_refused_without_quoting_it() {
        for text in [
            r#"{"a":1,"a":2}"#,
            r#"{"a":{"b":1,"b":"secret-word"}}"#,
            r#"{"a":"secret-word"} x"#,
            r#"{"a":"secret-word""#,
            r#"{"a":"secret-word\q"}"#,
            r#"{"secret-word":nul}"#,
            "",
        ] {
            let error = Node::read(text).expect_err(text);
            assert!(!error.contains("secret-word"), "{error}");
        }
        assert!(Node::read(&"[".repeat(100_000)).is_err());
        assert!(Node::read(&format!("[0{}]", ",0".repeat(100_001))).is_err());
        assert!(Node::read(&format!("[0{}]", ",0".repeat(99_000))).is_ok());
    }
}
