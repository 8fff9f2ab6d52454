//! Secrets that must not come back: whoever is called may repeat what it was sent, in a refusal, a page, a record, and what it says is kept and
//! shown to people. Own file because every sink asks the same of every word from outside. INVARIANT: a secret of [`LEAST`] characters or more is
//! found in each of its usual dresses: as it is, as part of credentials (RFC 9110 section 11.4, RFC 7617), percent-encoded, in base64, escaped for
//! JSON and for HTML.

use crate::plain::html;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use serde_json::{Map, Value};
use std::fmt;

/// What is shorter stands in ordinary texts too, and taking it out would change what they say.
const LEAST: usize = 6;
/// What stands in its place.
const BLANK: &str = "…";

/// The dresses of all secrets, the longest first.
#[derive(Clone, Default)]
pub struct Hidden(Vec<String>);

impl Hidden {
    /// One more secret.
    pub fn add(&mut self, secret: &str) {
        if secret.chars().count() < LEAST {
            return;
        }
        let json = serde_json::to_string(secret).unwrap_or_default();
        let json = json.trim_matches('"').to_owned();
        let upper = percent(secret, |byte| format!("%{byte:02X}"));
        let lower = percent(secret, |byte| format!("%{byte:02x}"));
        let in_base64 = STANDARD_NO_PAD.encode(secret);
        for dress in [json.replace('/', "\\/"), json, upper, lower, in_base64, html(secret), secret.to_owned()] {
            if !self.0.contains(&dress) {
                self.0.push(dress);
            }
        }
        self.0.sort_by_key(|dress| std::cmp::Reverse(dress.len()));
    }

    /// The value of a header that is secret: as it is, what stands behind its scheme, and of `Basic` what is encoded there. An address is the
    /// name of an account, and no secret.
    pub fn add_header(&mut self, value: &str) {
        self.add(value);
        let Some((scheme, behind)) = value.split_once([' ', ',']) else { return };
        self.add(behind.trim());
        if !scheme.eq_ignore_ascii_case("basic") {
            return;
        }
        let pair = STANDARD.decode(behind.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        if let Some((user, password)) = pair.as_deref().and_then(|pair| pair.split_once(':')) {
            self.add(&format!("{user}:{password}"));
            self.add(password);
            if !user.contains('@') {
                self.add(user);
            }
        }
    }

    /// The text without them.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for dress in self.0.iter() {
            if text.contains(dress.as_str()) {
                text = text.replace(dress.as_str(), BLANK);
            }
        }
        text
    }

    /// The JSON without them, in names and in texts.
    #[must_use]
    pub fn value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(&text)),
            Value::Array(all) => all.into_iter().map(|one| self.value(one)).collect(),
            Value::Object(all) => Value::Object(
                all.into_iter().map(|(name, one)| (self.text(&name), self.value(one))).collect::<Map<_, _>>(),
            ),
            other => other,
        }
    }
}

/// None of them is printed.
impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden(…)")
    }
}

/// With everything but letters, digits and `-._~` as bytes (RFC 3986 section 2.1).
fn percent(text: &str, write: impl Fn(u8) -> String) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { write(byte) }).collect()
}

#[cfg(test)]
mod tests {
    use super::Hidden;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    #[test]
    fn a_secret_is_found_in_every_dress() {
        let secret = "can/ary\"&<4711>";
        let mut hidden = Hidden::default();
        hidden.add_header(&format!("Bearer {secret}"));
        let basic = STANDARD.encode("key-4712:word-4713");
        hidden.add_header(&format!("Basic {basic}"));
        let of_an_address = STANDARD.encode("agent@example.org/token:word-4714");
        hidden.add_header(&format!("Basic {of_an_address}"));
        hidden.add_header("v1,c2lnbmVk");
        hidden.add("short");
        for echoed in [
            format!("Bearer {secret}"),
            secret.to_owned(),
            "can%2Fary%22%26%3C4711%3E".to_owned(),
            "can%2fary%22%26%3c4711%3e".to_owned(),
            "can/ary&quot;&amp;&lt;4711&gt;".to_owned(),
            json!(secret).to_string(),
            json!(secret).to_string().replace('/', "\\/"),
            STANDARD.encode(secret),
            basic,
            of_an_address,
            "key-4712 and word-4713, word-4714".to_owned(),
            "c2lnbmVk".to_owned(),
        ] {
            let told = hidden.text(&format!("you sent `{echoed}`, which is wrong"));
            assert!(!told.contains("471") && !told.contains("c2lnbm"), "{told}");
            assert!(told.starts_with("you sent `") && told.contains('…'), "{told}");
        }
        let body = hidden.value(json!({ "a": [1, secret, { "word-4713": "key-4712" }], "b": "agent@example.org" }));
        assert_eq!(body, json!({ "a": [1, "…", { "…": "…" }], "b": "agent@example.org" }));
        assert_eq!(hidden.text("a short text of agent@example.org"), "a short text of agent@example.org");
        assert_eq!(format!("{hidden:?}"), "Hidden(…)");
    }
}
