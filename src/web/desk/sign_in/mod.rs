//! The screens that let people in, and those on which they look after how they get in: signing in, links, the account, people. Own folder
//! because here alone somebody unknown is answered. INVARIANT: a form of somebody unknown counts only with the key of the browser that it
//! was shown to; a browser that was let in gets a new secret; where it goes next is a path of this desk.

pub(super) mod account;
pub(super) mod enter;
pub(super) mod key;
pub(super) mod link;
pub(super) mod people;
pub(super) mod provider;

use super::super::App;
use super::super::problem::Refused;
use super::super::wire::Peer;
use super::cookie::{self, Cookie};
use super::shown::{Said, Shown};
use super::visit::{Form, Guest, KEY_FIELD};
use crate::access::{Client, Opened, form_key};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use maud::{Markup, html};

/// For how long a browser that is not let in is known again, in seconds.
const DOOR_LIVES: i64 = 3600;

/// A browser before it is let in: what its forms carry, and what tells it from others.
pub(super) struct Door {
    /// What only this browser has.
    pub(super) secret: String,
    /// Set, when the browser is to keep it from now on.
    cookie: Option<HeaderValue>,
}

impl Door {
    /// The one of this browser; a new one where it has none.
    pub(super) fn of(guest: &Guest) -> Self {
        let base_url = &guest.app.web.base_url;
        if let Some(secret) = cookie::read(&guest.headers, base_url, Cookie::Door).filter(|one| one.len() == 43) {
            return Self { secret, cookie: None };
        }
        let mut random = [0; 32];
        guest.app.web.store.fill(&mut random);
        let secret = URL_SAFE_NO_PAD.encode(random);
        let cookie = cookie::set(base_url, Cookie::Door, &secret, DOOR_LIVES);
        Self { secret, cookie }
    }

    /// What a form carries.
    pub(super) fn key(&self) -> Markup {
        html! { input type="hidden" name=(KEY_FIELD) value=(form_key(&self.secret)); }
    }

    /// The page, and the cookie that its forms need.
    pub(super) fn with(self, shown: Shown) -> Shown {
        match self.cookie {
            Some(cookie) => Shown::Baked(Box::new(shown), cookie),
            None => shown,
        }
    }
}

/// The browser that a form of somebody unknown came from, when the form was shown to it.
pub(super) fn at_door(guest: &Guest) -> Result<String, Refused> {
    let secret = cookie::read(&guest.headers, &guest.app.web.base_url, Cookie::Door);
    secret.filter(|secret| is_under(&guest.form, secret)).ok_or_else(|| {
        let detail = "this page is too old, or its browser keeps no cookies; open it again and repeat";
        Refused::new(StatusCode::FORBIDDEN, "OP-5118", detail)
    })
}

fn is_under(form: &Form, secret: &str) -> bool {
    form.is_under(&form_key(secret))
}

/// Who calls: what its person sees in the list of sessions, and whom tries are counted against.
pub(super) fn client(headers: &HeaderMap, peer: Option<&Peer>) -> Client {
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    // A proxy on this machine tells for whom it asks, last in the list (RFC 7239 calls it the only entry to be trusted).
    let forwarded = peer.filter(|peer| peer.is_loopback()).and_then(|_| {
        let line = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
        line.rsplit(',').next()?.trim().parse::<std::net::IpAddr>().ok()
    });
    let address = forwarded.or_else(|| peer.map(Peer::ip)).map(|ip| ip.to_canonical().to_string());
    Client { agent: agent.to_owned(), address: address.unwrap_or_default() }
}

/// Where to go afterwards: a path of this desk, and nothing that a browser could take for anything else.
pub(super) fn safe(to: Option<&str>) -> String {
    let fits = |to: &&str| {
        to.starts_with('/')
            && !to.starts_with("//")
            && to.len() <= 2000
            && to.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
            && !to.starts_with("/sign-")
    };
    to.filter(fits).unwrap_or("/").to_owned()
}

/// Lets a browser in: it gets the secret of its session, and goes on.
pub(super) fn let_in(app: &App, opened: &Opened, to: String, said: Option<Said>) -> Shown {
    let seconds = opened.until.duration_since(app.web.clock.now()).as_secs();
    let shown = Shown::Go { to, said };
    match cookie::set(&app.web.base_url, Cookie::Session, &opened.secret, seconds) {
        Some(cookie) => Shown::Baked(Box::new(shown), cookie),
        None => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::safe;

    #[test]
    fn nobody_is_sent_elsewhere() {
        for good in ["/", "/briefs/brf_1?revision=2", "/people"] {
            assert_eq!(safe(Some(good)), good);
        }
        for bad in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "evil",
            "/a\r\nb",
            "/a b",
            "/sign-out",
            "/ü",
        ] {
            assert_eq!(safe(Some(bad)), "/", "{bad}");
        }
        assert_eq!(safe(Some(&format!("/{}", "a".repeat(3000)))), "/");
        assert_eq!(safe(None), "/");
    }
}
