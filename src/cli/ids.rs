//! Identifiers as people type them. A request, its run and its brief share one suffix, so any of the three names may be given where one
//! of them is wanted. Own file because every noun reads them alike.

use crate::domain::id::{BriefId, NotAnId, RequestId, RunId};
use std::str::FromStr;

/// A request, run or brief, by any of their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named(RequestId);

impl Named {
    /// The request.
    pub(crate) fn request(&self) -> &RequestId {
        &self.0
    }

    /// Its run.
    pub(crate) fn run(&self) -> RunId {
        self.0.run()
    }

    /// Its brief.
    pub(crate) fn brief(&self) -> BriefId {
        self.0.brief()
    }
}

impl FromStr for Named {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let text = text.trim();
        let (RunId::PREFIX | BriefId::PREFIX, suffix) = text.split_once('_').unwrap_or_default() else {
            return RequestId::parse(text).map(Self);
        };
        RequestId::parse(&format!("{}_{suffix}", RequestId::PREFIX)).map(Self)
    }
}

/// The one digest among `known` that begins with `prefix`, which people type by its first characters.
///
/// # Errors
/// What is wrong with the prefix and what to type.
pub(crate) fn digest<'a>(prefix: &str, known: impl Iterator<Item = &'a str>) -> Result<String, String> {
    let prefix = prefix.trim().to_ascii_lowercase();
    if prefix.len() < LEAST_DIGEST || !prefix.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(format!(
            "`{prefix}` is no revision digest; give at least its first {LEAST_DIGEST} hexadecimal digits (OP-9107)"
        ));
    }
    let mut found: Vec<&str> = known.filter(|digest| digest.starts_with(&prefix)).collect();
    found.sort_unstable();
    found.dedup();
    match found.as_slice() {
        [digest] => Ok((*digest).to_owned()),
        [] => Err(format!(
            "no revision of this brief has the digest `{prefix}`; read it with `opspilot review show` (OP-9107)"
        )),
        _ => Err(format!("several revisions begin with `{prefix}`; give more of the digest (OP-9107)")),
    }
}

/// As many characters of a digest as must be typed.
const LEAST_DIGEST: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    #[test]
    fn any_of_the_three_names_leads_to_all() {
        let request = RequestId::new(Timestamp::UNIX_EPOCH, [7; 10]);
        for text in [request.to_string(), request.run().to_string(), request.brief().to_string()] {
            assert_eq!(text.parse::<Named>().unwrap().request(), &request);
        }
        assert!("usr_00000000000000000000000000".parse::<Named>().is_err());
        assert!("nonsense".parse::<Named>().is_err());
    }

    #[test]
    fn a_digest_is_found_by_a_beginning_that_is_long_and_unique() {
        let known = ["aabbccdd11", "aabbccdd22", "ffeeddcc00"];
        assert_eq!(digest("FFEEDDCC", known.into_iter()).unwrap(), "ffeeddcc00");
        assert!(digest("aabbccdd", known.into_iter()).unwrap_err().contains("several"));
        assert!(digest("ffee", known.into_iter()).unwrap_err().contains("at least"));
        assert!(digest("12345678", known.into_iter()).unwrap_err().contains("no revision"));
    }
}
