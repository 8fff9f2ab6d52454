//! Query strings, strictly: every key is known, none stands twice. Own file because a misspelt filter that is ignored shows people the
//! wrong list.

use super::problem::Refused;
pub(super) use crate::domain::form::pairs;
use axum::http::StatusCode;

/// A query string taken apart.
#[derive(Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query string (`application/x-www-form-urlencoded`), allowing the named keys.
    pub(super) fn read(text: &str, known: &[&str]) -> Result<Self, Refused> {
        let bad = |detail: String| Refused::new(StatusCode::BAD_REQUEST, "OP-9004", detail);
        let mut pairs: Vec<(String, String)> = Vec::new();
        let all = self::pairs(text).ok_or_else(|| bad("the query is not properly percent-encoded UTF-8".into()))?;
        for (name, value) in all {
            let shown: String = name.chars().take(40).collect();
            if !known.contains(&name.as_str()) {
                let remedy = if known.is_empty() {
                    "this address takes none".to_owned()
                } else {
                    format!("use {}", known.join(", "))
                };
                return Err(bad(format!("there is no query parameter `{shown}`; {remedy}")));
            }
            if pairs.iter().any(|(other, _)| *other == name) {
                return Err(bad(format!("the query parameter `{shown}` stands twice; send it once")));
            }
            pairs.push((name, value));
        }
        Ok(Self(pairs))
    }

    /// The value of a key; an empty one counts as absent.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, value)| other == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    pub(super) fn owned(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    /// One of a few words.
    pub(super) fn word(&self, name: &str, words: &[&str]) -> Result<Option<String>, Refused> {
        match self.get(name) {
            Some(word) if !words.contains(&word) => {
                let detail = format!(
                    "`{}` is no {name}; use one of {}",
                    word.chars().take(40).collect::<String>(),
                    words.join(", ")
                );
                Err(Refused::new(StatusCode::BAD_REQUEST, "OP-9004", detail))
            }
            word => Ok(word.map(str::to_owned)),
        }
    }

    /// A whole number within bounds.
    pub(super) fn number(&self, name: &str, least: u64, most: u64) -> Result<Option<u64>, Refused> {
        let read = |text: &str| text.parse::<u64>().ok().filter(|number| (least..=most).contains(number));
        match self.get(name) {
            None => Ok(None),
            Some(text) => read(text).map(Some).ok_or_else(|| {
                Refused::new(
                    StatusCode::BAD_REQUEST,
                    "OP-9004",
                    format!("`{name}` must be a whole number from {least} to {most}"),
                )
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Query;

    #[test]
    fn only_known_keys_once_and_decoded() {
        let query = Query::read("a=x%20y+z&b=", &["a", "b"]).unwrap();
        assert_eq!(query.get("a"), Some("x y z"));
        assert_eq!(query.get("b"), None);
        for bad in ["c=1", "a=1&a=2", "a=%", "a=%zz", "a=%ff", "a=%00"] {
            assert!(Query::read(bad, &["a", "b"]).is_err(), "{bad}");
        }
        assert!(Query::read("a=10", &["a"]).unwrap().number("a", 1, 9).is_err());
    }
}
