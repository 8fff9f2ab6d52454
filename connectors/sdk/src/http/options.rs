//! The keys by which a connector that writes says where it calls, for its options to flatten in. Own file because every sink over HTTP has
//! exactly these. INVARIANT: flattening lets unknown keys through, so whoever uses [`ReachOptions`] has an [`Unknown`] too and judges it.

use super::{Reach, Site};
use crate::Problems;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// How long it may take to connect, in seconds.
const CONNECT_SECS: u64 = 10;
/// The longest silence, in seconds.
const SILENCE_SECS: u64 = 30;
/// The longest time for a whole call, in seconds.
const WHOLE_SECS: u64 = 60;
/// The largest answer, in bytes: a record with its notes.
const MOST_BYTES: usize = 8 << 20;

/// Where a sink calls, as it stands in its options.
#[derive(Clone, Debug, Deserialize)]
pub struct ReachOptions {
    /// What every path is put behind; the vendor's own where it has one.
    pub base_url: Option<String>,
    /// `http` to other machines too.
    #[serde(default)]
    pub allow_plain: bool,
    /// The name in `base_url` may lead to addresses of the own network.
    #[serde(default)]
    pub private_network: bool,
    /// Certificates (PEM) of the authorities to believe instead of the system's; relative to the data folder.
    pub ca_file: Option<PathBuf>,
    /// An HTTP proxy to go through; that of the environment is never used.
    pub proxy_url: Option<String>,
    /// The longest silence of the far side, in seconds.
    pub silence_secs: Option<u64>,
    /// The longest time for a whole call, in seconds.
    pub whole_secs: Option<u64>,
}

impl ReachOptions {
    /// Judges without I/O; notes what is wrong under the keys' names. `usual` is where the vendor is; `None`: the operator must say.
    pub fn judge(self, usual: Option<&str>, problems: &mut Problems) -> Option<Site> {
        let Some(base_url) = self.base_url.or_else(|| usual.map(str::to_owned)) else {
            problems.add(
                "base_url",
                "is missing",
                "give the address of the system, such as `https://desk.example.org`",
            );
            return None;
        };
        let silence = self.silence_secs.unwrap_or(SILENCE_SECS);
        let reach = Reach {
            base_url,
            allow_plain: self.allow_plain,
            private_network: self.private_network,
            ca_file: self.ca_file,
            proxy_url: self.proxy_url,
            // Whoever wants to wait less for an answer waits no longer for a connection.
            connect_secs: CONNECT_SECS.min(silence.max(1)),
            first_byte_secs: silence,
            whole_secs: self.whole_secs.unwrap_or(WHOLE_SECS),
            max_answer_bytes: MOST_BYTES,
        };
        let mut found = Problems::new();
        let site = reach.judge(&mut found);
        for problem in found.iter() {
            let silence = problem.path == "first_byte_secs";
            let path = if silence { "silence_secs" } else { problem.path.as_str() };
            problems.add(path, problem.message.replace("first_byte_secs", "silence_secs"), problem.help.as_str());
        }
        site
    }
}

/// The keys that nobody asked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Unknown(BTreeMap<String, Value>);

impl Unknown {
    /// Notes every one of them.
    pub fn judge(&self, kind: &str, problems: &mut Problems) {
        for key in self.0.keys() {
            problems.add(key.as_str(), "is not a key of it", format!("the page of `{kind}` lists its keys"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ReachOptions, Unknown};
    use crate::Problems;
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Deserialize)]
    struct Options {
        key_env: Option<String>,
        #[serde(flatten)]
        reach: ReachOptions,
        #[serde(flatten)]
        unknown: Unknown,
    }

    #[test]
    fn what_nobody_asked_for_is_refused() {
        let given =
            json!({"key_env": "KEY", "base_url": "https://desk.example.org", "silence_secs": 5, "colour": "red"});
        let options = Options::deserialize(given).unwrap();
        let mut problems = Problems::new();
        options.unknown.judge("desk", &mut problems);
        assert_eq!(options.key_env.as_deref(), Some("KEY"));
        assert!(options.reach.judge(None, &mut problems).is_some());
        assert!(problems.to_string().contains("`colour`"), "{problems}");
        assert!(!problems.to_string().contains("base_url"), "{problems}");
    }

    #[test]
    fn where_a_vendor_is_need_not_be_said() {
        let none = || ReachOptions::deserialize(json!({})).unwrap();
        let mut problems = Problems::new();
        let site = none().judge(Some("https://api.example.com"), &mut problems).unwrap();
        assert_eq!((site.host(), problems.is_empty()), ("api.example.com", true));
        assert!(none().judge(None, &mut problems).is_none());
        let quick = ReachOptions::deserialize(json!({"silence_secs": 1, "whole_secs": 2})).unwrap();
        assert!(quick.judge(Some("https://api.example.com"), &mut Problems::new()).is_some());
        let never = ReachOptions::deserialize(json!({"silence_secs": 0, "whole_secs": 0})).unwrap();
        never.judge(Some("https://api.example.com"), &mut problems);
        assert!(problems.to_string().contains("`silence_secs`: is 0"), "{problems}");
        assert!(problems.to_string().contains("`base_url`"), "{problems}");
    }
}
