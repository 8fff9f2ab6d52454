//! Everything the generator knows about one request, read in one pass.
//!
//! Its own file because every section of a brief is written from these facts and from nothing else.
//! INVARIANT: every fact has a span of the request text; text addressed to a program is marked
//! hostile and gives no facts.

use super::super::content::Quote;
use super::super::lexicon::{self, Hit, RequestKind, Sense};
use super::super::read::contact::{self, Contact};
use super::super::read::date::{self, When};
use super::super::read::list::List;
use super::super::read::money::{self, Money};
use super::super::read::sentence::{self, Part, Sentence};
use super::super::read::words::{self, Kind, Token};
use super::quantity::{self, Quantity};
use jiff::civil::Date;

/// Most text the generator reads, in bytes; what lies beyond is mentioned, not read.
pub(super) const READ: usize = 64 * 1024;

/// A day by which something is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline {
    /// The day.
    pub(super) date: Date,
    /// The words it comes from.
    pub(super) quote: Quote,
    /// Whether it was worked out from the day of receipt.
    pub(super) relative: bool,
    /// It is so near that even an acknowledgement has to be out by then.
    pub(super) near: bool,
}

/// The facts of one request.
pub(super) struct Facts<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: Vec<Token<'a>>,
    pub(super) sentences: Vec<Sentence<'a>>,
    /// Per sentence: how likely it asks for something, 0 to 1. Hostile and foreign ones are 0.
    pub(super) ask: Vec<f32>,
    /// Per sentence: addressed to a program.
    pub(super) hostile: Vec<bool>,
    pub(super) hits: Vec<Hit>,
    /// All dates, also those in text that gives no facts.
    pub(super) dates: Vec<When>,
    pub(super) whens: Vec<When>,
    pub(super) money: Vec<Money>,
    pub(super) contacts: Vec<Contact>,
    pub(super) quantities: Vec<Quantity>,
    /// The first day that is set, for whatever.
    pub(super) deadline: Option<Deadline>,
    /// The day by which the sender waits for an answer.
    pub(super) answer: Option<Deadline>,
    /// The day by which the work that an offer is wanted for is to be done.
    pub(super) work: Option<Deadline>,
    pub(super) kind: RequestKind,
    /// Topics of the lexicon, most telling first.
    pub(super) topics: Vec<&'static str>,
    /// The hurry was denied ("no rush").
    pub(super) calm: Option<Hit>,
    /// The text was longer than [`READ`].
    pub(super) cut: bool,
}

impl<'a> Facts<'a> {
    /// Reads `text`, with `subject` as a hint for the kind of request; `today` is the day of
    /// receipt in the pilot's time zone.
    pub(super) fn read(full: &'a str, subject: Option<&str>, attachments: usize, today: Date) -> Self {
        let text = head(full, READ);
        let tokens = words::tokens(text);
        let sentences = sentence::split(text);
        let all = lexicon::find(text);
        let hostile: Vec<bool> = sentences.iter().map(|s| is_hostile(s, &all)).collect();
        let silent = |at: usize| {
            sentence_at(&sentences, at).is_none_or(|i| {
                hostile.get(i) == Some(&true) || sentences.get(i).is_some_and(|s| s.part == Part::Foreign)
            })
        };
        let keyed = |at: usize| {
            sentence_at(&sentences, at).and_then(|i| sentences.get(i)).is_some_and(|sentence| sentence.is_keyed(at))
        };
        let mut hits: Vec<Hit> = all
            .into_iter()
            .filter(|hit| matches!(hit.sense, Sense::Machine) || !(silent(hit.start) || keyed(hit.start)))
            .collect();
        let calm = hits.iter().find(|hit| matches!(hit.sense, Sense::Calm)).copied();
        deny(&tokens, &mut hits);
        let dates = date::find(&tokens);
        let whens: Vec<When> = dates.iter().copied().filter(|when| !silent(when.start)).collect();
        let money: Vec<Money> = money::find(&tokens).into_iter().filter(|m| !silent(m.start)).collect();
        let quantities: Vec<Quantity> =
            quantity::find(&tokens, &money).into_iter().filter(|q| !silent(q.start)).collect();
        // "Within 72 hours" is a date, not a quantity.
        let quantities: Vec<Quantity> = quantities
            .into_iter()
            .filter(|q| {
                let at = whens.partition_point(|when| when.start <= q.start);
                at.checked_sub(1).and_then(|i| whens.get(i)).is_none_or(|when| q.start >= when.end)
            })
            .collect();
        let contacts = contact::find(text);
        let ask = sentences
            .iter()
            .zip(&hostile)
            .map(|(s, hostile)| match s.part {
                Part::Body if !hostile => super::super::ask::score(s.text),
                _ => 0.0,
            })
            .collect();
        let mut facts = Facts {
            text,
            tokens,
            sentences,
            ask,
            hostile,
            hits,
            dates,
            whens,
            money,
            contacts,
            quantities,
            deadline: None,
            answer: None,
            work: None,
            kind: RequestKind::Other,
            topics: Vec::new(),
            calm,
            cut: text.len() < full.len(),
        };
        facts.find_deadlines(today);
        facts.kind = super::kind::of(&facts, subject, attachments);
        facts.topics = super::kind::topics(&facts, subject);
        if facts.kind == RequestKind::Pitch {
            // Whatever date a seller names, nobody here waits for it.
            (facts.deadline, facts.answer) = (None, None);
        }
        if facts.kind != RequestKind::Lead {
            // Only an offer goes out long before the work: elsewhere the answer is the work.
            (facts.answer, facts.work) = (facts.deadline, None);
        }
        facts
    }

    /// Drops what was concluded from English words; figures, dates and phrases of hurry stay.
    pub(super) fn forget_meaning(&mut self) {
        self.kind = RequestKind::Other;
        self.topics.clear();
    }

    /// A quote of bytes `start..end`.
    pub(super) fn quote(&self, start: usize, end: usize) -> Option<Quote> {
        Quote::new(u32::try_from(start).ok()?, u32::try_from(end).ok()?)
    }

    /// The words between two offsets.
    pub(super) fn words(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or("")
    }

    /// Where the request says what it is about, for a statement that no single word bears: the first sentence that asks, else the first
    /// of the message, else what there is.
    pub(super) fn gist(&self) -> Option<Quote> {
        let told = |part: Option<Part>| {
            let mut all = self.sentences.iter().zip(&self.hostile);
            all.find(|(s, hostile)| !**hostile && part.is_none_or(|part| s.part == part)).map(|(s, _)| s)
        };
        let asks = self.asks().next().map(|(_, s)| s);
        let s = asks.or_else(|| told(Some(Part::Body))).or_else(|| told(None)).or_else(|| self.sentences.first());
        let (start, end) = s.map(|s| (s.start, s.end)).or_else(|| self.tokens.first().map(|t| (t.start, t.end)))?;
        self.quote(start, end)
    }

    /// The words of a quote.
    pub(super) fn quoted(&self, quote: Quote) -> &'a str {
        quote.of(self.text).unwrap_or("")
    }

    /// The sentence that holds byte `at`.
    pub(super) fn sentence_of(&self, at: usize) -> Option<usize> {
        sentence_at(&self.sentences, at)
    }

    /// Whether byte `at` stands in text that is addressed to a program.
    pub(super) fn is_hostile(&self, at: usize) -> bool {
        self.sentence_of(at).is_some_and(|index| self.hostile.get(index) == Some(&true))
    }

    /// Whether byte `at` stands in an e-mail address, or in the host of a link: names that say nothing of the matter.
    pub(super) fn is_address(&self, at: usize) -> bool {
        let after = self.contacts.partition_point(|contact| contact.start <= at);
        let Some(contact) = after.checked_sub(1).and_then(|i| self.contacts.get(i)).filter(|c| at < c.end) else {
            return false;
        };
        match contact.kind {
            contact::Kind::Email => true,
            contact::Kind::Link => {
                let words = self.words(contact.start, contact.end);
                let scheme = words.find("://").map_or(0, |colon| colon + 3);
                let host = words.get(scheme..).map_or(0, |rest| rest.find(['/', '?', '#']).unwrap_or(rest.len()));
                at < contact.start + scheme + host
            }
            contact::Kind::Phone => false,
        }
    }

    /// What was written, without the fields that stand below it.
    pub(super) fn written(&self) -> &'a str {
        let end = self.sentences.iter().rposition(|s| s.part != Part::Field).map_or(0, |last| last + 1);
        self.sentences.get(end).map_or(self.text, |field| self.words(0, field.start))
    }

    /// The sentences that ask for something, in order of the text.
    pub(super) fn asks(&self) -> impl Iterator<Item = (usize, &Sentence<'a>)> {
        self.sentences.iter().enumerate().filter(|(i, _)| self.ask.get(*i).is_some_and(|score| *score >= 0.5))
    }

    /// Whether any hit has this sense.
    pub(super) fn has(&self, wanted: impl Fn(&Sense) -> bool) -> bool {
        self.hits.iter().any(|hit| wanted(&hit.sense))
    }

    /// Whether a document is only asked for again.
    pub(super) fn wants_copy(&self) -> bool {
        self.tokens.iter().any(|token| token.any(&["copy", "resend", "duplicate"]))
            || self.tokens.windows(2).any(|pair| matches!(pair, [a, b] if a.any(&["invoice", "receipt", "statement", "october", "it"]) && b.is("again")))
    }

    /// The one or two topics that say most; side matters only when there is nothing else.
    pub(super) fn main_topics(&self) -> &[&'static str] {
        let telling = self.topics.iter().take_while(|topic| !super::kind::GENERAL.contains(topic)).count();
        let most = if telling == 0 { 1 } else { telling.min(2) };
        self.topics.get(..most.min(self.topics.len())).unwrap_or(&[])
    }

    /// Whether this topic was found.
    pub(super) fn topic(&self, name: &str) -> bool {
        self.topics.contains(&name)
    }

    /// Whether the sentence that holds byte `at` pleads: "please", "need", "must", "call".
    fn pleads(&self, at: usize) -> bool {
        let Some(s) = self.sentence_of(at).and_then(|i| self.sentences.get(i)) else { return false };
        let first = self.tokens.partition_point(|token| token.start < s.start);
        self.tokens
            .get(first..)
            .unwrap_or(&[])
            .iter()
            .take_while(|token| token.end <= s.end)
            .any(|token| token.any(&["please", "need", "must", "call", "pls"]))
    }

    /// Whether nothing but small joining words stands between two bytes.
    fn only_joints(&self, from: usize, to: usize) -> bool {
        let first = self.tokens.partition_point(|token| token.start < from);
        let between = self.tokens.get(first..).unwrap_or(&[]).iter().take_while(|token| token.start < to);
        between.clone().count() <= 3
            && between.into_iter().all(|token| {
                token.any(&["the", "on", "of", "at", "latest", "this", "next", "is", "end", "by", "coming"])
                    || token.text == ":"
            })
    }

    fn find_deadlines(&mut self, today: Date) {
        let (mut first, mut answer, mut work): (Option<Deadline>, Option<Deadline>, Option<Deadline>) =
            (None, None, None);
        for when in &self.whens {
            let Some(date) = when.resolve(today).filter(|date| *date >= today) else { continue };
            // Hits are in order of their end: the last one before the date is the one that leads it.
            let before = self.hits.partition_point(|hit| hit.end <= when.start);
            let nearest = self.hits.get(before.saturating_sub(8)..before).unwrap_or(&[]);
            let lead = nearest.iter().rfind(|hit| matches!(hit.sense, Sense::Until | Sense::Urgent(_)));
            let near = lead.filter(|hit| {
                when.start - hit.end <= 24 && self.sentence_of(hit.start) == self.sentence_of(when.start)
            });
            let within = self.words(when.start, when.end).get(..6).is_some_and(|w| w.eq_ignore_ascii_case("within"))
                || self
                    .words(when.start, when.end)
                    .get(..3)
                    .is_some_and(|w| w.eq_ignore_ascii_case("eod") || w.eq_ignore_ascii_case("cob"));
            let asked = self.sentence_of(when.start).and_then(|i| self.ask.get(i)).is_some_and(|score| *score >= 0.5)
                && !matches!(self.kind, RequestKind::Booking)
                && matches!(when.form, date::Form::Days(0..=2) | date::Form::Hours(_) | date::Form::EndOfWeek(0));
            let at_once = self.words(when.start, when.end).eq_ignore_ascii_case("immediately");
            if at_once && !(asked && self.pleads(when.start)) {
                continue;
            }
            if near.is_none() && !within && !asked {
                continue;
            }
            // INVARIANT: the quoted deadline stands in next actions, so it holds date words only.
            let start = near.filter(|hit| self.only_joints(hit.end, when.start)).map_or(when.start, |hit| hit.start);
            let Some(quote) = self.quote(start, when.end) else { continue };
            let days = (date - today).get_days();
            let found = Deadline { date, quote, relative: when.is_relative(), near: days <= 3 };
            let keep = |slot: &mut Option<Deadline>| {
                if slot.is_none_or(|best| date < best.date) {
                    *slot = Some(found);
                }
            };
            let of_work = self.is_of_work(when, days);
            keep(&mut first);
            if of_work {
                keep(&mut work);
            }
            // A day as near as that binds the answer, too: an offer after it is none.
            if !of_work || found.near {
                keep(&mut answer);
            }
        }
        (self.deadline, self.answer, self.work) = (first, answer, work);
    }

    /// Whether a day is the one by which work is to be done, and not the one for an answer: by the words of its sentence, those before
    /// it first. Where they tell nothing, or of both, a day that is far off is one for work.
    fn is_of_work(&self, when: &When, days: i32) -> bool {
        let Some(s) = self.sentence_of(when.start).and_then(|i| self.sentences.get(i)) else { return days > FAR };
        let at = |byte: usize| self.tokens.partition_point(|token| token.start < byte);
        let before = self.tokens.get(at(s.start)..at(when.start)).unwrap_or(&[]);
        let behind = self.tokens.get(at(when.end)..at(s.end)).unwrap_or(&[]);
        let tells = |token: &&Token<'_>| ANSWER.has(token.text) || WORK.has(token.text);
        let Some(word) = before.iter().rfind(tells).or_else(|| behind.iter().find(tells)) else { return days > FAR };
        // "An offer to automate it by …" may mean the day of either.
        let both = before.iter().any(|token| ANSWER.has(token.text));
        WORK.has(word.text) && (!both || days > FAR)
    }
}

/// So many days from now a day that nothing else tells of is not meant for an answer.
const FAR: i32 = 14;

/// What one is waited for with.
static ANSWER: List = List::new(&[
    "quote",
    "quotes",
    "quotation",
    "offer",
    "offers",
    "proposal",
    "proposals",
    "estimate",
    "estimates",
    "answer",
    "answers",
    "reply",
    "replies",
    "respond",
    "response",
    "feedback",
    "hear",
    "decide",
    "decision",
    "confirm",
    "confirmation",
    "call",
    "demo",
    "meeting",
    "meet",
    "tender",
    "bid",
    "bids",
    "submit",
    "submission",
    "send",
    "back",
    "know",
    "tell",
    "price",
    "prices",
    "pricing",
    "contact",
    "talk",
    "speak",
]);

/// What work is waited for with.
static WORK: List = List::new(&[
    "automate",
    "automated",
    "automating",
    "automation",
    "live",
    "launch",
    "launched",
    "start",
    "started",
    "starting",
    "deliver",
    "delivered",
    "delivery",
    "finish",
    "finished",
    "ready",
    "done",
    "complete",
    "completed",
    "running",
    "run",
    "install",
    "installed",
    "installation",
    "implement",
    "implemented",
    "implementation",
    "build",
    "built",
    "migrate",
    "migrated",
    "migration",
    "replace",
    "replaced",
    "rollout",
    "operational",
    "place",
    "production",
    "move",
    "moved",
    "introduce",
    "introduced",
    "integrate",
    "integrated",
    "online",
    "trained",
    "project",
    "use",
    "working",
]);

/// The first `limit` bytes of `text`, cut at a character.
fn head(text: &str, limit: usize) -> &str {
    let mut end = text.len().min(limit);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or("")
}

fn sentence_at(sentences: &[Sentence<'_>], at: usize) -> Option<usize> {
    let after = sentences.partition_point(|s| s.start <= at);
    let index = after.checked_sub(1)?;
    sentences.get(index).filter(|s| at < s.end).map(|_| index)
}

fn is_hostile(sentence: &Sentence<'_>, hits: &[Hit]) -> bool {
    let from = hits.partition_point(|hit| hit.end <= sentence.start);
    let marked = hits
        .get(from..)
        .unwrap_or(&[])
        .iter()
        .take_while(|hit| hit.end <= sentence.end)
        .any(|hit| matches!(hit.sense, Sense::Machine));
    marked || !sentence.text.is_ascii() && sentence.text.chars().filter(|c| words::is_invisible(*c)).count() > 3
}

/// Takes out hits that a word before them denies: "no error", "without an outage", "isn't broken".
fn deny(tokens: &[Token<'_>], hits: &mut Vec<Hit>) {
    let calm: Vec<(usize, usize)> =
        hits.iter().filter(|hit| matches!(hit.sense, Sense::Calm)).map(|hit| (hit.start, hit.end)).collect();
    hits.retain(|hit| {
        if !matches!(hit.sense, Sense::Urgent(_) | Sense::Outage(_) | Sense::Risk(..)) {
            return true;
        }
        if calm.iter().any(|(start, end)| hit.start >= *start && hit.end <= *end) {
            return false;
        }
        let index = tokens.partition_point(|token| token.start < hit.start);
        let before = tokens.get(index.saturating_sub(3)..index).unwrap_or(&[]);
        let stop = before.iter().rposition(|token| token.kind == Kind::Mark || token.new_line).map_or(0, |at| at);
        !before.get(stop..).unwrap_or(&[]).iter().any(|token| {
            token.any(&[
                "no", "not", "never", "without", "isn't", "isn’t", "aren't", "aren’t", "wasn't", "wasn’t", "don't",
                "don’t", "hardly",
            ])
        })
    });
}
