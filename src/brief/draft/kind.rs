//! What kind of request it is, and what it is about.
//!
//! Its own file because the kind decides the check-list, the actions and the roadmap.
//! INVARIANT: topics come from the lexicon, never from the words of the request.

use super::super::content::{Quote, RiskKind};
use super::super::lexicon::{self, RequestKind, Sense};
use super::super::read::sentence::Part;
use super::facts::Facts;

const KINDS: usize = RequestKind::ALL.len();

/// Points per kind; the same strength of evidence counts only so often.
struct Tally {
    points: [u32; KINDS],
    seen: [[u8; 4]; KINDS],
}

impl Tally {
    fn add(&mut self, kind: RequestKind, weight: u32, cap: u8) {
        let slot = kind as usize;
        let strength = weight.clamp(1, 4) as usize - 1;
        let count = self.seen.get_mut(slot).and_then(|seen| seen.get_mut(strength));
        if let (Some(sum), Some(count)) = (self.points.get_mut(slot), count)
            && *count < cap
        {
            *count += 1;
            *sum += weight;
        }
    }

    fn of(&self, kind: RequestKind) -> u32 {
        self.points.get(kind as usize).copied().unwrap_or(0)
    }
}

/// The most likely kind.
pub(super) fn of(facts: &Facts<'_>, subject: Option<&str>, attachments: usize) -> RequestKind {
    let mut tally = Tally { points: [0; KINDS], seen: [[0; 4]; KINDS] };
    for hit in facts.hits.iter().filter(|hit| !facts.is_address(hit.start)) {
        // Something that does not work is a matter of support, whatever it is called after.
        if let Sense::Outage(weight) = hit.sense {
            tally.add(RequestKind::Support, u32::from(weight), 1);
        }
        if let Sense::Kind(kind, weight) = hit.sense
            && !(is_about_a_thing(kind) && names_a_program(facts.text, hit.end))
        {
            let asked = facts.sentence_of(hit.start).and_then(|i| facts.ask.get(i)).is_some_and(|score| *score >= 0.5);
            tally.add(kind, u32::from(weight), 3);
            if asked && weight >= 3 {
                tally.add(kind, 1, 3);
            }
        }
    }
    if let Some(subject) = subject {
        let hits = lexicon::find(subject);
        let denied = |hit: &lexicon::Hit| {
            // The subject leads the text, where what a word denies was taken out.
            let inside = facts.text.get(..subject.len()) == Some(subject);
            inside && !facts.hits.iter().any(|kept| kept.end == hit.end && kept.sense == hit.sense)
        };
        for hit in &hits {
            if let Sense::Outage(weight) = hit.sense
                && !denied(hit)
            {
                tally.add(RequestKind::Support, u32::from(weight), 1);
            }
            if let Sense::Kind(kind, weight) = hit.sense
                && !(is_about_a_thing(kind) && names_a_program(subject, hit.end))
            {
                tally.add(kind, u32::from(weight) + 1, 4);
            }
        }
    }
    if attachments > 0 && tally.of(RequestKind::Application) > 0 {
        tally.add(RequestKind::Application, 2, 4);
    }
    if facts.asks().next().is_none() {
        tally.add(RequestKind::Notice, 2, 4);
    } else {
        if let Some(notice) = tally.points.get_mut(RequestKind::Notice as usize) {
            *notice = notice.saturating_sub(2);
        }
        tally.add(RequestKind::Question, 1, 4);
    }
    // Where evidence is equal, the kind that needs more care wins.
    const ORDER: [RequestKind; 12] = [
        RequestKind::Privacy,
        RequestKind::Cancellation,
        RequestKind::Complaint,
        RequestKind::Application,
        RequestKind::Invoice,
        RequestKind::Support,
        RequestKind::Booking,
        RequestKind::Change,
        RequestKind::Lead,
        RequestKind::Pitch,
        RequestKind::Notice,
        RequestKind::Question,
    ];
    let mut best = (RequestKind::Other, 1);
    // Nobody only passes on that something stands still or that people are in danger.
    let presses = facts.has(|sense| matches!(sense, Sense::Outage(2..) | Sense::Risk(RiskKind::Safety, 3..)));
    for kind in ORDER.into_iter().filter(|kind| !(presses && *kind == RequestKind::Notice)) {
        let sum = tally.of(kind);
        if sum > best.1 {
            best = (kind, sum);
        }
    }
    best.0
}

/// The sentence that made it this kind of request: the one with the strongest phrase for it.
pub(super) fn evidence(facts: &Facts<'_>) -> Option<Quote> {
    let mut best: Option<(u8, usize)> = None;
    for hit in &facts.hits {
        if let Sense::Kind(kind, weight) = hit.sense
            && kind == facts.kind
            && best.is_none_or(|(strongest, _)| weight > strongest)
        {
            best = Some((weight, hit.start));
        }
    }
    let sentence = facts.sentences.get(facts.sentence_of(best?.1)?)?;
    facts.quote(sentence.start, sentence.end)
}

/// Kinds whose words also name programs: a booking form is no booking.
fn is_about_a_thing(kind: RequestKind) -> bool {
    matches!(kind, RequestKind::Booking | RequestKind::Invoice | RequestKind::Application)
}

/// Whether the word behind byte `end` makes a program of what stands before it: `form`, `system`.
fn names_a_program(text: &str, end: usize) -> bool {
    const PROGRAMS: &[&str] = &[
        "form", "forms", "page", "pages", "system", "systems", "site", "website", "tool", "app", "software", "module",
        "engine", "plugin", "plug-in", "widget", "portal", "button", "link", "screen", "service", "server", "api",
        "database",
    ];
    let rest = text.get(end..).unwrap_or_default();
    let Some(rest) = rest.strip_prefix([' ', '-']) else { return false };
    let word = rest.split(|letter: char| !letter.is_alphanumeric() && letter != '-').next().unwrap_or_default();
    PROGRAMS.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Up to six topics, most telling first: those in asking sentences and in the subject, then the rest.
pub(super) fn topics(facts: &Facts<'_>, subject: Option<&str>) -> Vec<&'static str> {
    let mut counted: Vec<(&'static str, i32, usize)> = Vec::new();
    let mut note =
        |topic: &'static str, weight: i32, at: usize| match counted.iter_mut().find(|(name, ..)| *name == topic) {
            Some((_, sum, _)) => *sum += weight,
            None => counted.push((topic, weight, at)),
        };
    for hit in facts.hits.iter().filter(|hit| !facts.is_address(hit.start)) {
        if let Sense::Topic(topic) = hit.sense {
            let sentence = facts.sentence_of(hit.start);
            let asked = sentence.and_then(|i| facts.ask.get(i)).is_some_and(|score| *score >= 0.5);
            let part = sentence.and_then(|i| facts.sentences.get(i)).map(|s| s.part);
            let weight = if asked {
                3
            } else if part == Some(Part::Frame) {
                0
            } else {
                1
            };
            note(topic, weight, hit.start);
        }
    }
    if let Some(subject) = subject {
        for hit in lexicon::find(subject) {
            if let Sense::Topic(topic) = hit.sense {
                note(topic, 4, 0);
            }
        }
    }
    counted.retain(|(topic, weight, _)| *weight > 0 && !says_nothing(facts.kind, topic));
    for covering in COVERED {
        let most = counted.iter().filter(|(topic, ..)| covering.1.contains(topic)).map(|(_, weight, _)| *weight).max();
        if let Some((_, weight, _)) = counted.iter_mut().find(|(topic, ..)| *topic == covering.0) {
            *weight = (*weight).max(most.unwrap_or(0));
            counted.retain(|(topic, ..)| !covering.1.contains(topic));
        }
    }
    counted.sort_by_key(|(topic, weight, at)| (GENERAL.contains(topic), -weight, *at));
    counted.truncate(6);
    counted.into_iter().map(|(topic, ..)| topic).collect()
}

/// The topic of being called, by telephone or otherwise.
const CALL: &str = "a call";

/// Whether the sender asks to be called.
pub(super) fn wants_call(facts: &Facts<'_>) -> bool {
    facts.hits.iter().any(|hit| {
        let asked = facts.sentence_of(hit.start).and_then(|i| facts.ask.get(i)).is_some_and(|score| *score >= 0.5);
        // "Call me", "give us a call"; a call alone may be one that was.
        let to_sender = || {
            let ends = |words: &str, whom: &str| words.len() > whom.len() && words.to_ascii_lowercase().ends_with(whom);
            let (said, before) = (facts.words(hit.start, hit.end), facts.words(hit.start.saturating_sub(3), hit.start));
            [" me", " us", "back"].iter().any(|whom| ends(said, whom))
                || ["me ", "us "].iter().any(|whom| before.eq_ignore_ascii_case(whom))
        };
        hit.sense == Sense::Topic(CALL) && asked && to_sender()
    })
}

/// Topics that say little beside others; they come last.
pub(super) const GENERAL: &[&str] = &[
    "the automation",
    "pricing",
    "the budget",
    "the timeline",
    "a meeting",
    CALL,
    "a visit on site",
    "availability",
    "the product",
    "reporting",
    "the charge",
    "the payment",
    "the contract",
    "the error",
    "the order",
    "the app",
    "training",
    "the repair",
    "security",
    "the data-processing agreement",
    "references",
    "parking",
    "hosting and data location",
    "opening hours",
    "insurance",
    "the phones",
    "the tenancy",
    "accounting",
    "the e-mail system",
    "the website",
    "marketing",
    "document handling",
    "the network",
];

/// A topic that says more than the ones beside it.
const COVERED: &[(&str, &[&str])] = &[
    ("the double charge", &["the charge", "the payment", "the invoice"]),
    ("the changed bank details", &["the payment", "the charge"]),
    ("the outage", &["the error", "the slow system"]),
    ("the crashes", &["the error"]),
    ("order intake", &["the order", "the automation"]),
    ("invoice processing", &["the invoice", "the automation"]),
    ("the late delivery", &["the delivery"]),
    ("the damaged goods", &["the delivery", "the product"]),
    ("the leak", &["the repair"]),
    ("the heating", &["the repair"]),
    ("the rooms", &["availability"]),
    ("allergies", &["catering"]),
    ("the interview", &["a meeting"]),
    ("the migration", &["the data import"]),
    ("the data-processing agreement", &["the personal data", "the contract"]),
];

/// A topic that only repeats the kind of request.
fn says_nothing(kind: RequestKind, topic: &str) -> bool {
    if topic == CALL {
        // Who wants to be called says so about something else, unless the call is what is to be arranged.
        return kind != RequestKind::Booking;
    }
    match kind {
        RequestKind::Lead => {
            matches!(topic, "the offer" | "the quote" | "the payment" | "the budget" | "pricing" | "the timeline")
        }
        RequestKind::Booking => matches!(topic, "the booking" | "availability"),
        RequestKind::Cancellation => matches!(topic, "the cancellation" | "the contract"),
        RequestKind::Application => matches!(topic, "the position" | "the CV" | "the interview"),
        RequestKind::Privacy => topic == "the personal data",
        RequestKind::Support => matches!(topic, "the error" | "the outage" | "the crashes"),
        _ => false,
    }
}
