//! What could go wrong: risk factors with quotes, and the level they add up to.
//!
//! Its own file because risk is judged before anything else and changes the status and the actions.
//! INVARIANT: every factor rests on words of the request that are not denied, except "instructions" and the one that says that risks were
//! not judged. The level is "low" only where they were.

use super::super::content::{Factor, Level, Risk, RiskKind};
use super::super::language;
use super::super::lexicon::{Hit, Sense};
use super::super::read::contact;
use super::facts::Facts;
use super::{DraftInput, cite};

/// Finds the factors and the level.
pub(super) fn assess(facts: &Facts<'_>, input: &DraftInput<'_>) -> Risk {
    let mut factors: Vec<Factor> = Vec::new();
    let mut level = Level::Low;
    for kind in RiskKind::ALL {
        let mut strongest = 0u8;
        let mut quotes = Vec::new();
        let mut words = Vec::new();
        for hit in &facts.hits {
            let weight = match hit.sense {
                Sense::Risk(found, weight) if found == *kind => weight,
                Sense::Outage(weight) if *kind == RiskKind::Outage && weight >= 2 => weight,
                _ => continue,
            };
            strongest = strongest.max(weight);
            if quotes.len() < 3
                && let Some(quote) = facts.quote(hit.start, hit.end)
                && !words.iter().any(|word: &&str| word.eq_ignore_ascii_case(facts.quoted(quote)))
                && !facts.hits.iter().any(|other| covers(other, hit, *kind))
            {
                quotes.push(quote);
                words.push(facts.quoted(quote));
            }
        }
        if strongest < 2 {
            continue;
        }
        let cited: Vec<String> = words.iter().map(|word| cite(word, 60)).collect();
        let cited: Vec<&str> = cited.iter().map(String::as_str).collect();
        factors.push(Factor {
            kind: *kind,
            text: format!("{}: the request says {}.", meaning(*kind), super::join(&cited)),
            quotes,
        });
        level = level.max(grade(*kind, strongest));
    }
    if factors.iter().filter(|factor| factor.kind != RiskKind::Outage).count() >= 3 {
        level = level.max(Level::High);
    }
    if let Some((sentence, _)) = facts.sentences.iter().zip(&facts.hostile).find(|(_, hostile)| **hostile) {
        factors.push(Factor {
            kind: RiskKind::Instructions,
            text: "Part of the text is addressed to a program rather than to a person. It was read as data only and nothing in this brief follows it.".into(),
            quotes: facts.quote(sentence.start, sentence.end).into_iter().collect(),
        });
        level = level.max(Level::High);
    }
    if let Some(contact) = foreign_link(facts, input) {
        factors.push(Factor {
            kind: RiskKind::Security,
            text: "Payment or login is mentioned together with a link. Check the sender over a known channel before anybody follows it.".into(),
            quotes: facts.quote(contact.0, contact.1).into_iter().collect(),
        });
        level = level.max(Level::Medium);
    }
    if !super::is_readable(input)
        && let Some(gist) = facts.gist()
    {
        // "Low" would say that nothing was found where nothing was looked for.
        let name = language::name(input.language);
        factors.push(Factor {
            kind: RiskKind::Other,
            text: format!("Risks were not judged: the built-in rules read English, and the request is in {name}. The level says that somebody should look, and nothing about what they will find."),
            quotes: vec![gist],
        });
        level = level.max(Level::Medium);
    }
    Risk { level, factors }
}

/// Whether another phrase of the same risk holds this one: "take our business elsewhere" says what
/// "business elsewhere" says.
fn covers(other: &Hit, hit: &Hit, kind: RiskKind) -> bool {
    let same = match other.sense {
        Sense::Risk(found, _) => found == kind,
        Sense::Outage(_) => kind == RiskKind::Outage,
        _ => false,
    };
    same && other.start <= hit.start && hit.end <= other.end && other.end - other.start > hit.end - hit.start
}

fn grade(kind: RiskKind, strongest: u8) -> Level {
    match (kind, strongest) {
        (RiskKind::Safety, 3..) => Level::Critical,
        (RiskKind::Legal | RiskKind::Security | RiskKind::PersonalData, 3..) => Level::High,
        (RiskKind::Churn | RiskKind::Outage | RiskKind::Payment, 3..) => Level::High,
        _ => Level::Medium,
    }
}

fn meaning(kind: RiskKind) -> &'static str {
    match kind {
        RiskKind::Legal => "Legal consequences are possible",
        RiskKind::Safety => "People could come to harm",
        RiskKind::Security => "Security may be affected",
        RiskKind::Churn => "The client may leave",
        RiskKind::Payment => "Money is in dispute or outstanding",
        RiskKind::PersonalData => "Personal data is involved",
        RiskKind::Outage => "Something the client depends on does not work",
        RiskKind::Reputation => "It may be made public",
        RiskKind::Instructions | RiskKind::Other => "Worth a second look",
    }
}

/// Whether a link leads to `host` or a name below it.
fn is_on(link: &str, host: &str) -> bool {
    let bare = link.split_once("://").map_or(link, |(_, rest)| rest);
    let name = bare.split(['/', '?', '#', ':']).next().unwrap_or("");
    name.eq_ignore_ascii_case(host)
        || name
            .len()
            .checked_sub(host.len() + 1)
            .and_then(|at| name.get(at..))
            .is_some_and(|end| end.starts_with('.') && end.get(1..).is_some_and(|e| e.eq_ignore_ascii_case(host)))
}

/// A link in a text that talks about payment or signing in.
fn foreign_link(facts: &Facts<'_>, input: &DraftInput<'_>) -> Option<(usize, usize)> {
    let touchy = facts
        .hits
        .iter()
        .any(|hit| matches!(hit.sense, Sense::Topic("the login" | "the payment" | "the changed bank details")));
    if !touchy {
        return None;
    }
    let own = input.sender.and_then(|sender| sender.rsplit_once('@')).map(|(_, host)| host.trim_end_matches('>'));
    facts
        .contacts
        .iter()
        .filter(|contact| contact.kind == contact::Kind::Link)
        .find(|contact| own.is_none_or(|host| !is_on(facts.words(contact.start, contact.end), host)))
        .map(|contact| (contact.start, contact.end))
}
