//! What a screen gets: who is there, what they ask, what they typed. Own file because forms are read strictly, in one place. INVARIANT:
//! a field that a screen does not know is refused, never dropped: what somebody typed must not vanish.

use super::super::App;
use super::super::call::Call;
use super::super::problem::Refused;
use super::super::query::{self, Query};
use super::super::wire::Peer;
use crate::access::{Client, Session};
use crate::policy::Principal;
use axum::http::{HeaderMap, StatusCode, header};
use maud::{Markup, html};
use std::sync::Arc;
use subtle::ConstantTimeEq as _;
use tokio_util::sync::CancellationToken;

/// The field that carries the form's key.
pub(super) const KEY_FIELD: &str = "form_key";

/// Somebody signed in, and their session.
pub(in crate::web) type Known = (Arc<Principal>, Session);

/// A call by somebody signed in.
pub(in crate::web) struct Visit {
    /// Who asks for what: the same as in the interface, so that every check and every read is the same.
    pub(in crate::web) call: Call,
    /// What was typed; empty for a `GET`.
    pub(in crate::web) form: Form,
    /// The session.
    pub(in crate::web) session: Session,
    /// The page is there already; a part of it is wanted (`HX-Request`).
    pub(in crate::web) part: bool,
    /// The browser.
    pub(in crate::web) client: Client,
    /// Keys of one letter count at it.
    pub(in crate::web) keys: bool,
    /// Is cancelled when the server closes.
    pub(in crate::web) closing: CancellationToken,
}

impl Visit {
    /// What every form that posts must carry: the key by which it counts.
    pub(in crate::web) fn key(&self) -> Markup {
        key(&self.session)
    }
}

pub(super) fn key(session: &Session) -> Markup {
    html! { input type="hidden" name=(KEY_FIELD) value=(session.form_key); }
}

/// A call by anybody.
pub(in crate::web) struct Guest {
    pub(in crate::web) app: App,
    pub(in crate::web) query: Query,
    pub(in crate::web) form: Form,
    /// Parts of the path by name.
    pub(in crate::web) path: Vec<(String, String)>,
    pub(in crate::web) headers: HeaderMap,
    pub(in crate::web) peer: Option<Arc<Peer>>,
    /// Who is signed in already, if anybody.
    pub(in crate::web) known: Option<Known>,
}

/// A form taken apart, in the order in which it was filled in.
#[derive(Debug, Default)]
pub(in crate::web) struct Form {
    fields: Vec<(String, String)>,
    key: Option<String>,
}

impl Form {
    /// Reads a form (`application/x-www-form-urlencoded`, WHATWG URL 5.1), allowing the named fields; see [`super::Screen::fields`].
    pub(super) fn read(headers: &HeaderMap, body: &[u8], known: &[&str]) -> Result<Self, Refused> {
        let bad = |detail: String| Refused::new(StatusCode::BAD_REQUEST, "OP-9202", detail);
        let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !media.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
        {
            return Err(bad("this address takes a form; send it from its page".into()));
        }
        let text = std::str::from_utf8(body).map_err(|_| bad("the form is no UTF-8; send it from its page".into()))?;
        let mut form = Self::default();
        for (name, value) in query::pairs(text).ok_or_else(|| bad("the form is not properly encoded".into()))? {
            if name == KEY_FIELD {
                form.key = Some(value);
                continue;
            }
            let shown: String = name.chars().take(40).collect();
            let fits = |known: &&str| match (known.strip_suffix('*'), known.strip_suffix('+')) {
                (Some(start), _) => name.starts_with(start),
                (None, Some(several)) => name == several,
                (None, None) => name == *known,
            };
            let Some(known) = known.iter().find(|known| fits(known)) else {
                return Err(bad(format!("there is no field `{shown}` here; load the page again and repeat")));
            };
            if !known.ends_with('+') && form.get(&name).is_some() {
                return Err(bad(format!("the field `{shown}` stands twice; load the page again and repeat")));
            }
            // Browsers send line ends as in mail; texts are kept as people on any system write them.
            form.fields.push((name, value.replace("\r\n", "\n")));
        }
        Ok(form)
    }

    /// What stands in a field.
    pub(in crate::web) fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// What stands in a field, when anything but blanks does.
    pub(in crate::web) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).map(str::trim).filter(|text| !text.is_empty())
    }

    /// Everything in a field that may stand several times.
    pub(in crate::web) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// All fields, without the key.
    pub(in crate::web) fn fields(&self) -> &[(String, String)] {
        &self.fields
    }

    /// Whether this desk gave the form to this session.
    pub(super) fn is_from(&self, session: &Session) -> bool {
        self.is_under(&session.form_key)
    }

    /// Whether the form carries this key.
    pub(super) fn is_under(&self, key: &str) -> bool {
        let given = self.key.as_deref().unwrap_or_default();
        bool::from(given.as_bytes().ct_eq(key.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::Form;
    use axum::http::{HeaderMap, HeaderValue, header};

    fn read(body: &str, known: &[&str]) -> Result<Form, String> {
        let mut headers = HeaderMap::new();
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(header::CONTENT_TYPE, form);
        Form::read(&headers, body.as_bytes(), known).map_err(|refused| refused.detail)
    }

    #[test]
    fn fields_are_known_and_stand_once() {
        let form = read("a=1&b=x%0D%0Ay&c=1&c=2&e.0=z&form_key=k", &["a", "b", "c+", "e.*"]).unwrap();
        assert_eq!(form.get("b"), Some("x\ny"));
        assert_eq!(form.all("c").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(form.get("e.0"), Some("z"));
        assert_eq!(form.get("form_key"), None);
        for (bad, known) in [("a=1&a=2", &["a"]), ("b=1", &["a"]), ("a=%ff", &["a"]), ("a=%", &["a"])] {
            assert!(read(bad, known).is_err(), "{bad}");
        }
        assert!(Form::read(&HeaderMap::new(), b"a=1", &["a"]).is_err());
    }
}
