//! The cookies: a session's secret, before it what tells a browser from others, and how a browser is used (RFC 6265bis). Own file because their names and attributes
//! are what keeps them: bound to this host, out of reach of scripts, not sent along by other sites' forms.

use axum::http::{HeaderMap, HeaderValue, header};

/// Which cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cookie {
    /// The secret of a session.
    Session,
    /// What tells a browser from others before anybody is signed in.
    Door,
    /// What the next page is to tell of what was just done, once.
    Said,
    /// `off` where the person at this browser wants no keys of one letter. It is no secret.
    Keys,
}

fn is_secure(base_url: &str) -> bool {
    base_url.starts_with("https://")
}

/// Behind TLS the browser itself holds names that begin so to `Secure`, `Path=/` and this host alone.
fn name(base_url: &str, cookie: Cookie) -> &'static str {
    match (cookie, is_secure(base_url)) {
        (Cookie::Session, true) => "__Host-opspilot",
        (Cookie::Session, false) => "opspilot",
        (Cookie::Door, true) => "__Host-opspilot-door",
        (Cookie::Door, false) => "opspilot-door",
        (Cookie::Said, true) => "__Host-opspilot-said",
        (Cookie::Said, false) => "opspilot-said",
        (Cookie::Keys, true) => "__Host-opspilot-keys",
        (Cookie::Keys, false) => "opspilot-keys",
    }
}

/// The secret that came along. Two cookies of the name: somebody put one there, and neither counts.
pub(super) fn read(headers: &HeaderMap, base_url: &str, cookie: Cookie) -> Option<String> {
    let name = name(base_url, cookie);
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut found = pairs.filter(|(other, _)| *other == name).map(|(_, value)| value);
    match (found.next(), found.next()) {
        (Some(one), None) => Some(one.to_owned()),
        _ => None,
    }
}

/// Whether keys of one letter count at this browser: a switch of the browser, because hands and aids differ from one to the other (WCAG 2.2,
/// 2.1.4).
pub(super) fn has_keys(headers: &HeaderMap, base_url: &str) -> bool {
    read(headers, base_url, Cookie::Keys).as_deref() != Some("off")
}

/// The header that gives a browser its secret for so many seconds; an empty secret takes it away.
pub(super) fn set(base_url: &str, cookie: Cookie, secret: &str, seconds: i64) -> Option<HeaderValue> {
    let secure = if is_secure(base_url) { "; Secure" } else { "" };
    let seconds = if secret.is_empty() { 0 } else { seconds.max(0) };
    let line =
        format!("{}={secret}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}", name(base_url, cookie));
    HeaderValue::try_from(line).ok()
}

#[cfg(test)]
mod tests {
    use super::{Cookie, read, set};
    use axum::http::{HeaderMap, HeaderValue, header};

    #[test]
    fn one_cookie_of_the_right_name_counts() {
        let with = |lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::COOKIE, HeaderValue::from_static(line));
            }
            headers
        };
        let plain = "http://127.0.0.1:7700";
        assert_eq!(read(&with(&["a=b; opspilot=ops_x"]), plain, Cookie::Session).as_deref(), Some("ops_x"));
        assert_eq!(read(&with(&["opspilot=ops_x"]), "https://desk.example", Cookie::Session), None);
        assert_eq!(read(&with(&["opspilot=a; opspilot=b"]), plain, Cookie::Session), None);
        assert_eq!(read(&with(&["opspilot=a", "opspilot=b"]), plain, Cookie::Session), None);
        let secure = set("https://desk.example", Cookie::Session, "ops_x", 60).unwrap();
        assert_eq!(secure, "__Host-opspilot=ops_x; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure");
        assert!(set(plain, Cookie::Session, "", 60).unwrap().to_str().unwrap().contains("Max-Age=0"));
    }
}
