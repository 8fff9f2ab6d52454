//! Identifiers: TypeIDs (a prefix that says what it is, and a UUIDv7 in Crockford base 32, 26 characters; TypeID spec 0.3, RFC 9562).
//! INVARIANT: a request, the run that drafts it and its brief share one suffix, so that one leads to the others without an index.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Text that is no identifier of the wanted kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is no {what}; it should look like `{prefix}_01hzy3v9qke8v9b6j2m7c4x5td` (OP-9003)")]
pub struct NotAnId {
    given: String,
    what: &'static str,
    prefix: &'static str,
}

fn suffix(now: Timestamp, random: [u8; 10]) -> String {
    // UUIDv7: 48 bits of milliseconds, version and variant bits, 74 bits of chance.
    let millis = u64::try_from(now.as_millisecond()).unwrap_or(0) & 0xffff_ffff_ffff;
    let mut bytes = [0u8; 16];
    bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
    bytes[6..].copy_from_slice(&random);
    bytes[6] = (bytes[6] & 0x0f) | 0x70;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let mut value = u128::from_be_bytes(bytes);
    let mut text = [0u8; 26];
    for place in text.iter_mut().rev() {
        *place = ALPHABET[(value & 31) as usize];
        value >>= 5;
    }
    text.iter().map(|&byte| char::from(byte)).collect()
}

fn is_suffix(text: &str) -> bool {
    text.len() == 26 && text.as_bytes()[0] <= b'7' && text.bytes().all(|byte| ALPHABET.contains(&byte))
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The prefix of such an identifier.
            pub const PREFIX: &'static str = $prefix;

            /// A new one, from the time and ten random bytes.
            #[must_use]
            pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
                Self(format!(concat!($prefix, "_{}"), suffix(now, random)))
            }

            /// Reads one.
            ///
            /// # Errors
            /// [`NotAnId`] when the text is anything else.
            pub fn parse(text: &str) -> Result<Self, NotAnId> {
                match text.strip_prefix(concat!($prefix, "_")) {
                    Some(rest) if is_suffix(rest) => Ok(Self(text.to_owned())),
                    _ => Err(NotAnId { given: text.chars().take(60).collect(), what: $what, prefix: $prefix }),
                }
            }

            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The 26 characters behind the prefix.
            #[must_use]
            pub fn suffix(&self) -> &str {
                &self.0[$prefix.len() + 1..]
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAnId;
            fn try_from(text: String) -> Result<Self, NotAnId> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                Self::parse(text)
            }
        }
    };
}

id!(
    /// Names a request.
    RequestId, "req", "request id"
);
id!(
    /// Names a run of a workflow.
    RunId, "run", "run id"
);
id!(
    /// Names a brief.
    BriefId, "brf", "brief id"
);
id!(
    /// Names a person or service.
    UserId, "usr", "user id"
);
id!(
    /// Names a decision of a person on a revision.
    DecisionId, "dec", "decision id"
);
id!(
    /// Names an answer of the policy.
    PermitId, "pdc", "policy decision id"
);
id!(
    /// Names an API token; not the token itself.
    TokenId, "tok", "token id"
);
id!(
    /// Names a report.
    ReportId, "rpt", "report id"
);
id!(
    /// Names an item that did not become a request.
    QuarantineId, "qrt", "quarantined item id"
);
id!(
    /// Names a running daemon, for leases.
    NodeId, "nod", "node id"
);

id!(
    /// Names a letter to a person.
    LetterId, "ltr", "letter id"
);
id!(
    /// Names an answer that came in by mail.
    ReplyId, "rpl", "reply id"
);

id!(
    /// Names what a call to a model may cost, put down before it.
    ReservationId, "rsv", "reservation id"
);

id!(
    /// Names a write into a system outside.
    WriteId, "wrt", "write id"
);
id!(
    /// Names a signed-in browser; not its secret.
    SessionId, "ses", "session id"
);
id!(
    /// Names a link that lets a person in once; not its secret.
    InvitationId, "inv", "invitation id"
);
id!(
    /// Names a passkey of a person's.
    PasskeyId, "pky", "passkey id"
);
id!(
    /// Names a tie between a person and who they are at a provider of sign-in.
    TieId, "tie", "tie id"
);
id!(
    /// Names what a person put on file about a pilot.
    StatementId, "stm", "statement id"
);
id!(
    /// Names a planted bad draft of the attention check.
    ProbeId, "prb", "probe id"
);
id!(
    /// Names what somebody said about a screen.
    FeedbackId, "fbk", "feedback id"
);

impl RunId {
    /// The request that this run drafts.
    #[must_use]
    pub fn request(&self) -> RequestId {
        RequestId(format!("req_{}", self.suffix()))
    }
}

impl RequestId {
    /// The run that drafts this request.
    #[must_use]
    pub fn run(&self) -> RunId {
        RunId(format!("run_{}", self.suffix()))
    }

    /// What a run waits for while its request is held.
    #[must_use]
    pub fn release_key(&self) -> String {
        format!("release:{self}")
    }

    /// The item that is kept when this cannot become a request after all.
    #[must_use]
    pub fn quarantined(&self) -> QuarantineId {
        QuarantineId(format!("qrt_{}", self.suffix()))
    }

    /// The brief of this request.
    #[must_use]
    pub fn brief(&self) -> BriefId {
        BriefId(format!("brf_{}", self.suffix()))
    }
}

impl BriefId {
    /// What a run waits for while people look at its brief.
    #[must_use]
    pub fn review_key(&self) -> String {
        format!("review:{self}")
    }

    /// The request this brief is about.
    #[must_use]
    pub fn request(&self) -> RequestId {
        RequestId(format!("req_{}", self.suffix()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_made_reads_back_and_sorts_by_time(a in 0i64..4_000_000_000_000, b in 0i64..4_000_000_000_000, r: [u8; 10], s: [u8; 10]) {
            let (one, two) = (Timestamp::from_millisecond(a).unwrap(), Timestamp::from_millisecond(b).unwrap());
            let (one, two) = (RequestId::new(one, r), RequestId::new(two, s));
            prop_assert_eq!(&RequestId::parse(one.as_str()).unwrap(), &one);
            if a != b { prop_assert_eq!(a < b, one < two); }
            prop_assert_eq!(one.brief().request(), one);
        }

        #[test]
        fn anything_else_is_refused(text in "\\PC{0,40}") {
            if let Ok(id) = RequestId::parse(&text) { prop_assert_eq!(id.as_str(), text); }
        }
    }

    #[test]
    fn kinds_do_not_mix() {
        let id = RequestId::new(Timestamp::UNIX_EPOCH, [1; 10]);
        assert!(BriefId::parse(id.as_str()).is_err());
        assert!(RequestId::parse("req_zzzzzzzzzzzzzzzzzzzzzzzzzz").is_err(), "more than 128 bits");
    }
}
