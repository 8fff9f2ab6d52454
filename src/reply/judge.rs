//! Puts all conditions together: secret, sender, proof, standing of the brief, and what was written.
//! Own file because it is the gate: every path to a decision by mail goes through [`judge`]. INVARIANT: a [`Candidate`] is made here alone,
//! after every condition held; who is not proven hears nothing from us.

use super::authenticity::{Authentic, Unproven};
use super::grammar::{self, Decision, Shown, Unclear};
use super::secret::{Bound, Checked, Key, Token};
use super::words::{Kind, Words};
use jiff::Timestamp;

/// How often a sender may come with secrets that are none before nothing from it is looked at any more.
pub const MAX_TRIES: u32 = 8;

/// Where in the message a secret stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a recipient's address, sub-addressed or caught by a catch-all.
    To,
    /// In the address of somebody who got a copy.
    Cc,
    /// In the identifiers of the thread.
    References,
    /// In the identifier of the mail that was answered.
    InReplyTo,
    /// In the subject.
    Subject,
    /// In the recipient that the receiving server noted (`Delivered-To`, `X-Original-To`): no sender's signature reaches it.
    Envelope,
}

impl Place {
    /// The header field that a signature must cover; `None` when the receiving server wrote it.
    fn field(self) -> Option<&'static str> {
        match self {
            Self::To => Some("to"),
            Self::Cc => Some("cc"),
            Self::References => Some("references"),
            Self::InReplyTo => Some("in-reply-to"),
            Self::Subject => Some("subject"),
            Self::Envelope => None,
        }
    }
}

/// A secret and where it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The secret, unchecked.
    pub token: Token,
    /// Where it stood.
    pub place: Place,
}

/// An answer as it came in.
#[derive(Clone, Copy, Debug)]
pub struct Letter<'a> {
    /// The secret that was found, when there was one.
    pub given: Option<&'a Given>,
    /// Who it is proven to be from, or why it is not.
    pub sender: Result<&'a Authentic, &'a Unproven>,
    /// Why it is automatic, when it is.
    pub automatic: Option<&'a str>,
    /// What was written.
    pub shown: Shown<'a>,
    /// When it came in.
    pub received: Timestamp,
    /// How often this sender came with a wrong secret of late.
    pub tries: u32,
}

/// What was asked, as the house remembers it under [`Token::name`].
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Brief, revision and reviewer that the secret was made for.
    pub bound: Bound<'a>,
    /// The reviewer's addresses.
    pub addresses: &'a [String],
    /// Whether reply by mail is switched on for this reviewer and this pilot.
    pub allowed: bool,
    /// Whether this secret has decided something before.
    pub used: bool,
    /// Where the brief stands now.
    pub standing: Standing<'a>,
}

/// Where a brief stands, as far as an answer needs to know.
#[derive(Clone, Copy, Debug)]
pub enum Standing<'a> {
    /// It waits for people, with this revision.
    Open {
        /// Digest of the revision that stands.
        revision: &'a str,
    },
    /// It waits for something else first, such as a new attempt.
    Busy {
        /// What it waits for, in words.
        what: &'a str,
    },
    /// It is over.
    Decided(Decided<'a>),
}

/// Who decided what, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decided<'a> {
    /// The person's name.
    pub by: &'a str,
    /// What, in a word such as `approved`, `rejected` or `withdrawn`.
    pub what: &'a str,
    /// When.
    pub at: Timestamp,
}

/// A decision that all conditions hold for. It decides nothing by itself: review asks the policy and the machine, as for every face.
/// No public constructor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    checked: Checked,
    sender: Authentic,
    decision: Decision,
}

impl Candidate {
    /// The secret's brief, revision, reviewer, and name to mark it as used.
    #[must_use]
    pub fn checked(&self) -> &Checked {
        &self.checked
    }

    /// Who sent it and how that was proven.
    #[must_use]
    pub fn sender(&self) -> &Authentic {
        &self.sender
    }

    /// What was decided.
    #[must_use]
    pub fn decision(&self) -> &Decision {
        &self.decision
    }
}

/// What becomes of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement<'a> {
    /// All conditions hold.
    Decide(Box<Candidate>),
    /// It is from the reviewer, and it cannot be told what is meant: one polite answer.
    Unclear {
        /// Why.
        why: Unclear,
        /// What was understood all the same.
        understood: Option<Kind>,
    },
    /// It is from the reviewer, and somebody decided before: they hear who, what and when.
    Late(Decided<'a>),
    /// A condition does not hold.
    Refused {
        /// Which.
        reason: Reason,
        /// Whether the sender hears of it; never without proof of who that is.
        answerable: bool,
    },
    /// Nothing is said and nothing is done.
    Silent(Reason),
}

/// Which condition does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// There is no secret: it is no answer to anything of ours.
    #[error("the message carries no secret of a review; it is taken as a new request (OP-2810)")]
    NoSecret,
    /// The secret is none of ours, or not for this.
    #[error("the secret in the message was not made for this review (OP-2811)")]
    WrongSecret,
    /// The secret has expired.
    #[error("the time to answer by mail ended at {at}; decide in the desk or with `opspilot review` (OP-2812)")]
    Expired {
        /// When.
        at: Timestamp,
    },
    /// The secret has decided before.
    #[error("this mail was answered before; each mail decides once (OP-2813)")]
    Used,
    /// Not proven.
    #[error("{0}")]
    Unproven(Unproven),
    /// Proven, but without the place where the secret stands.
    #[error("the sender's signature leaves out `{field}`, where the secret stands (OP-2817)")]
    Uncovered {
        /// The field's name.
        field: &'static str,
    },
    /// Not an address of the reviewer.
    #[error("`{address}` is not an address of the reviewer who was asked (OP-2818)")]
    Stranger {
        /// Who sent it.
        address: String,
    },
    /// Written by a machine.
    #[error("the message was written by a machine: {why} (OP-2819)")]
    Automatic {
        /// How that was seen.
        why: String,
    },
    /// Too many wrong secrets of one sender, or unproven answers with one secret.
    #[error(
        "too much mail of this sender, or with this secret, was refused; no more of it is looked at for a while (OP-2820)"
    )]
    Locked,
    /// Switched off.
    #[error(
        "deciding by mail is switched off for you or for this pilot; decide in the desk or with `opspilot review` (OP-2821)"
    )]
    SwitchedOff,
    /// The revision is not the one that stands.
    #[error("the brief has changed since this mail went out; a new mail shows what stands now (OP-2822)")]
    Moved,
    /// The brief cannot be decided now.
    #[error("the brief cannot be decided now: {what} (OP-2823)")]
    Busy {
        /// What it waits for.
        what: String,
    },
}

/// Judges an answer. `asked` is what is remembered under the secret's name, if anything.
#[must_use]
pub fn judge<'a>(letter: &Letter<'_>, asked: Option<&Asked<'a>>, key: &Key, words: &Words) -> Judgement<'a> {
    let (checked, sender) = match known(letter, asked.map(|asked| (&asked.bound, asked.addresses)), key) {
        Ok(known) => known,
        Err(judgement) => return judgement,
    };
    // Nothing is known without what was asked.
    let Some(asked) = asked else { return Judgement::Silent(Reason::NoSecret) };
    let heard = |reason| Judgement::Refused { reason, answerable: true };
    // From here on it is the reviewer, proven: they are told.
    if !asked.allowed {
        return heard(Reason::SwitchedOff);
    }
    match asked.standing {
        Standing::Decided(decided) => return Judgement::Late(decided),
        Standing::Busy { what } => return heard(Reason::Busy { what: what.to_owned() }),
        Standing::Open { revision } if revision != checked.revision() => return heard(Reason::Moved),
        Standing::Open { .. } => {}
    }
    if asked.used {
        return heard(Reason::Used);
    }
    if letter.received >= checked.expires() {
        return heard(Reason::Expired { at: checked.expires() });
    }
    match grammar::read(&letter.shown, words) {
        Ok(decision) => Judgement::Decide(Box::new(Candidate { checked, sender: sender.clone(), decision })),
        Err(why) => Judgement::Unclear { understood: why.understood(), why },
    }
}

/// Whether somebody leaves a list of regular letters: a message to the address that a letter to them names for that, from themselves, whatever
/// it says. It decides nothing; all that would keep a decision from counting keeps this from counting.
///
/// # Errors
/// What becomes of the message instead; it is never answered.
pub fn leaves(
    letter: &Letter<'_>,
    bound: &Bound<'_>,
    addresses: &[String],
    key: &Key,
) -> Result<Checked, Judgement<'static>> {
    let (checked, _) = known(letter, Some((bound, addresses)), key)?;
    if letter.received >= checked.expires() {
        let reason = Reason::Expired { at: checked.expires() };
        return Err(Judgement::Refused { reason, answerable: false });
    }
    Ok(checked)
}

/// What is asked before a word is read: a person wrote it, with a secret that is ours, and is proven to be the one it was made for.
fn known<'l>(
    letter: &Letter<'l>,
    asked: Option<(&Bound<'_>, &[String])>,
    key: &Key,
) -> Result<(Checked, &'l Authentic), Judgement<'static>> {
    if let Some(why) = letter.automatic {
        return Err(Judgement::Silent(Reason::Automatic { why: why.to_owned() }));
    }
    let given = letter.given.ok_or(Judgement::Silent(Reason::NoSecret))?;
    let unheard = |reason| Judgement::Refused { reason, answerable: false };
    if letter.tries >= MAX_TRIES {
        return Err(unheard(Reason::Locked));
    }
    let checked = asked.and_then(|(bound, addresses)| Some((key.check(&given.token, bound)?, addresses)));
    let (checked, addresses) = checked.ok_or_else(|| unheard(Reason::WrongSecret))?;
    let sender = letter.sender.map_err(|unproven| unheard(Reason::Unproven(unproven.clone())))?;
    if let Some(field) = given.place.field().filter(|field| !sender.covers(field)) {
        return Err(unheard(Reason::Uncovered { field }));
    }
    if !addresses.iter().any(|address| same_address(address, sender.address())) {
        return Err(unheard(Reason::Stranger { address: sender.address().to_owned() }));
    }
    Ok((checked, sender))
}

/// Whether two addresses are the same mailbox: domains in any case, and local parts too, as every provider of today has it.
fn same_address(a: &str, b: &str) -> bool {
    a.trim().eq_ignore_ascii_case(b.trim())
}
