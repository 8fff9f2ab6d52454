//! Where a connector calls and how long it waits, judged without touching the world. Own file because these option names are shared by
//! every connector that calls out: one learnt, all known. INVARIANT: without `allow_plain` nothing crosses a network unencrypted.

use super::address::{is_localhost, is_usable};
use crate::Problems;
use reqwest::Url;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// The longest wait that can be configured, in seconds.
const LONGEST: u64 = 3600;

/// What stands in the options. A connector has these keys among its own and hands their values over.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// `base_url`: what every path is put behind; `https`, or `http` to this machine.
    pub base_url: String,
    /// `allow_plain`: `http` to others too.
    pub allow_plain: bool,
    /// `private_network`: the name may lead to addresses of the own network.
    pub private_network: bool,
    /// `ca_file`: certificates (PEM) of the authorities to believe instead of the system's; relative to the data folder.
    pub ca_file: Option<PathBuf>,
    /// `proxy_url`: an HTTP proxy to go through; that of the environment is never used.
    pub proxy_url: Option<String>,
    /// `connect_secs`: the longest time to connect, TLS included.
    pub connect_secs: u64,
    /// `first_byte_secs`: the longest silence, before the first byte of the answer and after.
    pub first_byte_secs: u64,
    /// `whole_secs`: the longest time for all of it.
    pub whole_secs: u64,
    /// `max_answer_bytes`: the largest answer.
    pub max_answer_bytes: usize,
}

/// A place to call that has been judged. Comes from [`Reach::judge`] alone.
#[derive(Clone, Debug)]
pub struct Site {
    pub(crate) base: String,
    pub(crate) host: String,
    pub(crate) tls: bool,
    pub(crate) private: bool,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) proxy: Option<Url>,
    pub(crate) connect: Duration,
    pub(crate) silence: Duration,
    pub(crate) whole: Duration,
    pub(crate) most: usize,
}

impl Site {
    /// Whom is called: the host, and the port where one is configured.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }
}

impl Reach {
    /// Judges without I/O; notes what is wrong under the keys' names.
    pub fn judge(self, problems: &mut Problems) -> Option<Site> {
        let base = base(&self.base_url, self.allow_plain, problems);
        let proxy = match self.proxy_url.as_deref().map(|text| (text, Url::parse(text))) {
            None => None,
            Some((_, Ok(url))) if url.scheme() == "http" && bare(&url) && matches!(url.path(), "" | "/") => Some(url),
            Some(_) => {
                let help = "give it as `http://proxy.example.org:3128`; a proxy that wants a password is not supported";
                problems.add("proxy_url", "is not the address of an HTTP proxy", help);
                None
            }
        };
        if self.ca_file.as_ref().is_some_and(|file| file.as_os_str().is_empty()) {
            problems.add("ca_file", "names no file", "give its path");
        }
        let waits = [
            ("connect_secs", self.connect_secs),
            ("first_byte_secs", self.first_byte_secs),
            ("whole_secs", self.whole_secs),
        ];
        for (index, (key, value)) in waits.into_iter().enumerate() {
            if !(1..=LONGEST).contains(&value) {
                problems.add(key, format!("is {value}"), format!("use 1 to {LONGEST}"));
            } else if let Some((before, least)) = index.checked_sub(1).and_then(|before| waits.get(before))
                && value < *least
            {
                problems.add(key, format!("is {value}, less than `{before}`"), format!("use {least} or more"));
            }
        }
        if !((64 << 10)..=(64 << 20)).contains(&self.max_answer_bytes) {
            let help = "use 65536 (64 KiB) to 67108864 (64 MiB)";
            problems.add("max_answer_bytes", format!("is {}", self.max_answer_bytes), help);
        }
        let url = base?;
        let name = url.host_str()?;
        let host = url.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"));
        Some(Site {
            base: url.as_str().trim_end_matches('/').to_owned(),
            host,
            tls: url.scheme() == "https",
            private: self.private_network,
            ca_file: self.ca_file,
            proxy,
            connect: Duration::from_secs(self.connect_secs),
            silence: Duration::from_secs(self.first_byte_secs),
            whole: Duration::from_secs(self.whole_secs),
            most: self.max_answer_bytes,
        })
    }
}

/// Without a password, a question or a fragment.
fn bare(url: &Url) -> bool {
    url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none()
}

fn base(text: &str, allow_plain: bool, problems: &mut Problems) -> Option<Url> {
    let mut wrong = |what: &str, help: &str| problems.add("base_url", what, help);
    let example = "give it as `https://api.example.org/v1`";
    let Some(url) = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "https" | "http")) else {
        wrong("is not an `https` address", example);
        return None;
    };
    let host = url.host_str().unwrap_or_default();
    let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
    if !bare(&url) {
        wrong("holds a user, a password, `?` or `#`", "take them out; the key is named by `key_file` or `key_env`");
        return None;
    }
    if let Some(address) = literal {
        // Numbers have many spellings, and a person must see where this leads.
        if !text.to_ascii_lowercase().contains(&format!("//{host}")) {
            wrong("spells an address in an unusual way", &format!("write it as `{host}`"));
            return None;
        }
        if !is_usable(address) {
            wrong("is an address at which no server stands", example);
            return None;
        }
    }
    let here = is_localhost(host) || literal.is_some_and(|address| address.to_canonical().is_loopback());
    if url.scheme() == "http" && !here && !allow_plain {
        let help = "use `https`; `allow_plain = true` sends requests and the key readable over the network";
        wrong("is not encrypted", help);
        return None;
    }
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::Reach;
    use crate::Problems;

    fn reach(base_url: &str) -> Reach {
        Reach {
            base_url: base_url.to_owned(),
            connect_secs: 10,
            first_byte_secs: 60,
            whole_secs: 180,
            max_answer_bytes: 4 << 20,
            ..Reach::default()
        }
    }

    #[test]
    fn where_may_be_called() {
        for (text, host) in [
            ("https://api.example.org/v1/", "api.example.org"),
            ("https://api.example.org:8443", "api.example.org:8443"),
            ("http://localhost:11434/v1", "localhost:11434"),
            ("http://127.0.0.1:8080", "127.0.0.1:8080"),
            ("http://[::1]:8080", "[::1]:8080"),
            ("https://10.1.2.3/v1", "10.1.2.3"),
            ("https://2001:db8::1", ""),
            ("http://api.example.org", ""),
            ("http://10.1.2.3", ""),
            ("http://2130706433/", ""),
            ("http://0x7f.1/", ""),
            ("http://0177.0.0.1/", ""),
            ("http://127.1/", ""),
            ("https://169.254.169.254/latest", ""),
            ("https://[::ffff:169.254.169.254]/", ""),
            ("https://0.0.0.0/", ""),
            ("https://user:pw@api.example.org", ""),
            ("https://api.example.org/?key=1", ""),
            ("https://api.example.org/#x", ""),
            ("ftp://api.example.org", ""),
            ("file:///etc/passwd", ""),
            ("api.example.org", ""),
            ("", ""),
        ] {
            let mut problems = Problems::new();
            let site = reach(text).judge(&mut problems);
            assert_eq!(site.as_ref().map_or("", |site| site.host()), host, "{text}: {problems}");
            assert_eq!(problems.is_empty(), !host.is_empty(), "{text}: {problems}");
            assert!(!problems.to_string().contains("pw"), "{problems}");
        }
        let mut problems = Problems::new();
        let site = Reach { allow_plain: true, ..reach("http://10.1.2.3:4000/v1") }.judge(&mut problems).unwrap();
        assert_eq!(site.base, "http://10.1.2.3:4000/v1");
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let mut problems = Problems::new();
        let wrong = Reach {
            ca_file: Some("".into()),
            proxy_url: Some("http://u:p@proxy".to_owned()),
            connect_secs: 0,
            first_byte_secs: 9999,
            whole_secs: 5,
            max_answer_bytes: 1,
            ..reach("x")
        };
        assert!(wrong.judge(&mut problems).is_none());
        let text = problems.to_string();
        for key in
            ["base_url", "ca_file", "proxy_url", "connect_secs", "first_byte_secs", "whole_secs", "max_answer_bytes"]
        {
            assert!(text.contains(&format!("`{key}`")), "{key} is not in {text}");
        }
    }
}
