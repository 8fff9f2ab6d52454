//! The `Authentication-Results` field (RFC 8601): what a receiving server found out, and which of these fields may be believed.
//! Own file because anybody can write such a field. INVARIANT: only the topmost field of a configured server counts, and only while every
//! `Received` above it was written by that server's own hosts.

use super::header::{self, Field};
use super::tag;

/// A server whose results are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// The name it writes first into the field (authserv-id), such as `mx.example.net`. The server must remove fields of that name from
    /// mail that comes in (RFC 8601 section 5).
    pub id: String,
    /// Further hosts of its own that may write `Received` lines above its results: names, also those above a name (`example.net` for
    /// all its hosts), or beginnings of addresses such as `2002:`.
    pub hosts: Vec<String>,
}

impl Server {
    fn owns(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        std::iter::once(&self.id).chain(&self.hosts).map(|own| own.to_ascii_lowercase()).any(|own| {
            host == own
                || host.strip_suffix(own.as_str()).is_some_and(|front| front.ends_with('.'))
                || own.ends_with(':') && host.starts_with(own.as_str())
        })
    }
}

/// One method's result, such as `dkim=pass header.d=example.com`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// `dkim`, `dmarc`, `spf`, ...; lower case.
    pub(super) method: String,
    /// `pass`, `fail`, ...; lower case.
    pub(super) result: String,
    /// Properties such as `header.d`, lower case, with their values.
    properties: Vec<(String, String)>,
}

impl Finding {
    pub(super) fn property(&self, name: &str) -> Option<&str> {
        let mut found = self.properties.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_str());
        // Said twice is not said.
        found.next().filter(|_| found.next().is_none())
    }

    /// The domain a `dkim` finding speaks of.
    pub(super) fn signer(&self) -> Option<String> {
        let domain =
            self.property("header.d").or_else(|| self.property("header.i")?.rsplit_once('@').map(|(_, d)| d))?;
        tag::is_domain(domain).then(|| domain.to_ascii_lowercase())
    }
}

/// The results that may be believed: of which server, and what it found.
pub(super) fn believed<'s>(raw: &[u8], servers: &'s [Server]) -> Option<(&'s Server, Vec<Finding>)> {
    let fields = header::fields(raw)?;
    let mut above: Vec<&Field<'_>> = Vec::new();
    for field in &fields {
        if field.is("Received") {
            above.push(field);
            continue;
        }
        if !field.is("Authentication-Results") {
            continue;
        }
        let Some((id, findings)) = read(&field.text()) else { continue };
        let Some(server) = servers.iter().find(|server| server.id.eq_ignore_ascii_case(&id)) else { continue };
        let own = above.iter().all(|received| by(&received.text()).is_some_and(|host| server.owns(&host)));
        return own.then_some((server, findings));
    }
    None
}

/// The host that wrote a `Received` line (RFC 5321 section 4.4).
fn by(received: &str) -> Option<String> {
    let words = words(received.split(';').next()?)?;
    let at = words.iter().position(|word| word.eq_ignore_ascii_case("by"))?;
    words.get(at + 1).map(|host| host.trim_matches(['[', ']']).to_owned())
}

/// Reads a field's value: the server's name and its findings. `None` when it breaks the grammar of RFC 8601 section 2.2.
pub(super) fn read(value: &str) -> Option<(String, Vec<Finding>)> {
    let mut parts = split(value)?.into_iter();
    let head = words(&parts.next()?)?;
    let (id, version) = (head.first()?, head.get(1));
    if id.contains('=') || head.len() > 2 || version.is_some_and(|version| version != "1") {
        return None;
    }
    Some((id.clone(), findings(parts)?))
}

/// Reads results that stand without a server's name in front, or with one, as within a chain.
pub(super) fn findings(parts: impl Iterator<Item = String>) -> Option<Vec<Finding>> {
    let mut findings = Vec::new();
    for part in parts {
        let words = words(&part)?;
        let mut words = words.iter();
        let Some(first) = words.next() else { continue };
        if first.eq_ignore_ascii_case("none") {
            continue;
        }
        let (method, result) = first.split_once('=')?;
        let method = method.split('/').next().unwrap_or_default();
        let properties = words.filter_map(|word| word.split_once('='));
        findings.push(Finding {
            method: method.to_ascii_lowercase(),
            result: result.to_ascii_lowercase(),
            properties: properties.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect(),
        });
    }
    Some(findings)
}

/// The parts between semicolons that stand neither in a comment nor in quotes; comments are taken out.
fn split(value: &str) -> Option<Vec<String>> {
    let mut parts = vec![String::new()];
    let (mut depth, mut quoted) = (0_u32, false);
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        let part = parts.last_mut()?;
        match c {
            '\\' if quoted || depth > 0 => {
                let escaped = chars.next()?;
                if depth == 0 {
                    part.push(c);
                    part.push(escaped);
                }
            }
            '"' if depth == 0 => {
                quoted = !quoted;
                part.push(c);
            }
            '(' if !quoted => depth += 1,
            ')' if !quoted => {
                depth = depth.checked_sub(1)?;
                part.push(' ');
            }
            _ if depth > 0 => {}
            ';' if !quoted => parts.push(String::new()),
            c => part.push(c),
        }
    }
    (depth == 0 && !quoted).then_some(parts)
}

/// The words of a part: blanks around `=` and within quotes do not divide, quotes are taken off.
fn words(part: &str) -> Option<Vec<String>> {
    let part = split(part)?.join(";");
    let mut words: Vec<String> = Vec::new();
    let (mut open, mut quoted) = (false, false);
    let mut chars = part.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                quoted = !quoted;
                if !open {
                    words.push(String::new());
                    open = true;
                }
            }
            '\\' if quoted => words.last_mut()?.push(chars.next()?),
            c if quoted => words.last_mut()?.push(c),
            c if c.is_ascii_whitespace() => {
                while chars.peek().is_some_and(char::is_ascii_whitespace) {
                    chars.next();
                }
                let joined = chars.peek() == Some(&'=') || words.last().is_some_and(|word| open && word.ends_with('='));
                open = open && joined;
            }
            c if open => words.last_mut()?.push(c),
            c => {
                words.push(c.to_string());
                open = true;
            }
        }
    }
    (!quoted).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(id: &str) -> Server {
        Server { id: id.to_owned(), hosts: Vec::new() }
    }

    #[test]
    fn the_grammar_of_the_field() {
        let value = r#"mx.example.net 1 (a (nested; comment)); dkim=pass (ok) header.i = @news.example.com reason="a; \"b\" c";
            dmarc/1=PASS (p=reject) header.from=example.com"#;
        let (id, findings) = read(value).unwrap_or_default();
        assert_eq!(id, "mx.example.net");
        assert_eq!(findings.len(), 2);
        assert_eq!(findings[0].signer().as_deref(), Some("news.example.com"));
        assert_eq!(findings[0].property("reason"), Some("a; \"b\" c"));
        assert_eq!((findings[1].method.as_str(), findings[1].result.as_str()), ("dmarc", "pass"));
        for wrong in
            ["dkim=pass header.d=example.com", "mx 2; dkim=pass", "mx (open; dkim=pass", "mx; \"open", "", "mx; dkim"]
        {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert_eq!(read("mx.example.net; none"), Some(("mx.example.net".into(), Vec::new())));
    }

    #[test]
    fn only_the_topmost_of_a_trusted_server_counts() {
        let real = "Authentication-Results: mx.ours; dkim=fail header.d=a.example\r\n";
        let forged = "Authentication-Results: mx.ours; dkim=pass header.d=a.example\r\n";
        let own = "Received: from x (x [192.0.2.1]) by in.mx.ours with ESMTP; Fri, 1 Jan 2027 00:00:00 +0000\r\n";
        let foreign = "Received: from y by relay.evil (by mx.ours) with ESMTP; Fri, 1 Jan 2027 00:00:00 +0000\r\n";
        let result = |parts: &[&str]| {
            let raw = format!("{}From: a@a.example\r\n\r\n", parts.concat());
            believed(raw.as_bytes(), &[server("mx.ours")]).map(|(_, found)| found[0].result.clone())
        };
        assert_eq!(result(&[real, own, forged]).as_deref(), Some("fail"));
        assert_eq!(result(&[own, real, forged, foreign]).as_deref(), Some("fail"));
        assert_eq!(result(&[own, foreign, forged]), None);
        assert_eq!(result(&[foreign, forged]), None);
        assert_eq!(result(&["Authentication-Results: other; dkim=pass\r\n"]), None);
        assert_eq!(result(&["Authentication-Results: other; dkim=pass\r\n", forged]).as_deref(), Some("pass"));
    }
}
