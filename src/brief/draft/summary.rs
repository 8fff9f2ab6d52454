//! The summary: who wants what, in their own words, with the figures and dates they name.
//!
//! Its own file because it is the part a client reads aloud.
//! INVARIANT: whatever it says in quotation marks stands in the request, and its quotes point there.

use super::super::content::{Quote, Statement};
use super::super::language;
use super::super::lexicon::{RequestKind, Sense};
use super::super::read::date::Form;
use super::super::read::sentence::Part;
use super::facts::Facts;
use super::guidance::Wish;
use super::{DraftInput, cite, day, join};

/// Writes the summary.
pub(super) fn write(facts: &Facts<'_>, input: &DraftInput<'_>, wish: &Wish<'_>, readable: bool) -> Statement {
    let mut quotes: Vec<Quote> = Vec::new();
    let mut text = String::with_capacity(400);
    if facts.tokens.is_empty() {
        text.push_str("The request is empty: there is nothing to read.");
        return Statement { text, quotes };
    }
    text.push_str(&sender(facts, input));
    if readable {
        text.push_str(verb(facts.kind));
        let topics = facts.topics.get(..facts.topics.len().min(3)).unwrap_or(&[]);
        if !topics.is_empty() {
            text.push_str(match facts.kind {
                RequestKind::Other => " about ",
                RequestKind::Booking
                | RequestKind::Lead
                | RequestKind::Question
                | RequestKind::Complaint
                | RequestKind::Support
                | RequestKind::Change => "; it concerns ",
                _ => ": ",
            });
            text.push_str(&join(topics));
        }
        text.push('.');
        words(facts, wish, &mut text, &mut quotes);
    } else {
        let name = language::name(input.language);
        text.push_str(&format!(
            " writes in {name}. The built-in rules read English; they quote this request but do not interpret it."
        ));
        if let Some(first) = facts
            .sentences
            .iter()
            .zip(&facts.hostile)
            .find(|(s, hostile)| s.part == Part::Body && !**hostile)
            .map(|(s, _)| s)
        {
            text.push_str(&format!(" It begins: {}.", cite(first.text, 160)));
            quotes.extend(facts.quote(first.start, first.end));
        }
    }
    if !wish.short {
        figures(facts, &mut text, &mut quotes);
    }
    dates(facts, &mut text, &mut quotes);
    if !input.attachments.is_empty() && !wish.short {
        let names: Vec<String> = input.attachments.iter().take(3).map(|name| cite(name, 60)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        text.push_str(&format!(" Attached: {}.", join(&names)));
    }
    if quotes.is_empty() {
        quotes.extend(facts.gist());
    }
    Statement { text, quotes }
}

/// The sender as the brief names them.
fn sender(facts: &Facts<'_>, input: &DraftInput<'_>) -> String {
    let name = input
        .sender
        .and_then(display_name)
        .or_else(|| field(facts, &["name", "full name", "contact", "your name", "contact name"]));
    let organisation = input
        .organisation
        .map(str::trim)
        .filter(|o| !o.is_empty())
        .or_else(|| field(facts, &["company", "organisation", "organization", "company name", "business"]));
    match (name, organisation) {
        (Some(name), Some(organisation)) if !name.eq_ignore_ascii_case(organisation) => {
            format!("{} of {}", short(name), short(organisation))
        }
        (Some(name), _) => short(name),
        (None, Some(organisation)) => short(organisation),
        (None, None) => "The sender".into(),
    }
}

fn short(name: &str) -> String {
    name.split_whitespace().flat_map(|word| [word, " "]).collect::<String>().trim_end().chars().take(60).collect()
}

/// The name part of `Name <address>`; an address alone has none.
fn display_name(sender: &str) -> Option<&str> {
    let name = sender.split('<').next().unwrap_or("").trim().trim_matches('"').trim();
    (!name.is_empty() && !name.contains('@') && name.len() <= 80).then_some(name)
}

/// The value of a form field in the text.
fn field<'a>(facts: &Facts<'a>, labels: &[&str]) -> Option<&'a str> {
    facts.sentences.iter().filter(|s| s.part == Part::Field).find_map(|s| {
        let (label, value) = s.text.split_once(':')?;
        let value = value.trim();
        labels
            .iter()
            .any(|wanted| label.trim().eq_ignore_ascii_case(wanted))
            .then_some(value)
            .filter(|v| !v.is_empty() && v.len() <= 80)
    })
}

fn verb(kind: RequestKind) -> &'static str {
    match kind {
        RequestKind::Lead => " asks for an offer",
        RequestKind::Support => " reports a fault",
        RequestKind::Complaint => " complains",
        RequestKind::Booking => " wants to book",
        RequestKind::Invoice => " writes about billing",
        RequestKind::Change => " asks for a change",
        RequestKind::Cancellation => " wants to end an agreement",
        RequestKind::Application => " applies for a job",
        RequestKind::Privacy => " makes a request about personal data",
        RequestKind::Question => " asks for information",
        RequestKind::Pitch => " offers something of their own",
        RequestKind::Notice => " passes on information and asks for nothing",
        RequestKind::Other => " writes",
    }
}

/// The sentences that ask, or the first ones when none does.
fn words(facts: &Facts<'_>, wish: &Wish<'_>, text: &mut String, quotes: &mut Vec<Quote>) {
    let most = if wish.short { 1 } else { 3 };
    let mut asks: Vec<usize> = facts.asks().map(|(i, _)| i).collect();
    if asks.len() > most {
        asks.sort_by(|a, b| weight(facts, wish, *b).total_cmp(&weight(facts, wish, *a)).then(a.cmp(b)));
        asks.truncate(most);
        asks.sort_unstable();
    }
    let asked = !asks.is_empty();
    let mut chosen = asks;
    let mut opening: Option<(usize, f32)> = None;
    for (i, s) in facts.sentences.iter().enumerate() {
        let worth = s.part == Part::Body
            && facts.hostile.get(i) == Some(&false)
            && s.text.split_whitespace().count() >= 4
            && !chosen.contains(&i);
        let told = telling(facts, wish, i);
        if worth && opening.is_none_or(|(_, best)| told > best) {
            opening = Some((i, told));
        }
    }
    let opening = opening.map(|(i, _)| i);
    if let Some(opening) = opening
        && !chosen.contains(&opening)
        && !wish.short
    {
        chosen.push(opening);
        chosen.sort_unstable();
    } else if chosen.is_empty() {
        chosen.extend(opening);
    }
    let mut cited: Vec<String> = Vec::with_capacity(chosen.len());
    for sentence in chosen.iter().filter_map(|i| facts.sentences.get(*i)) {
        let words = cite(sentence.text, if wish.short { 120 } else { 220 });
        // Forms repeat what was written in a field of their own.
        if !cited.contains(&words) {
            quotes.extend(facts.quote(sentence.start, sentence.end));
            cited.push(words);
        }
    }
    if !cited.is_empty() {
        text.push_str(if asked { " In their words: " } else { " They write: " });
        text.push_str(&cited.join(" "));
        if !text.ends_with(['.', '!', '?', '”']) {
            text.push('.');
        }
    }
}

/// How much a sentence tells about the matter: phrases of the lexicon, figures, dates; the first
/// ones a little more.
fn telling(facts: &Facts<'_>, wish: &Wish<'_>, index: usize) -> f32 {
    let Some(s) = facts.sentences.get(index) else { return 0.0 };
    let told: f32 = facts
        .hits
        .iter()
        .filter(|hit| hit.start >= s.start && hit.start < s.end)
        .map(|hit| match hit.sense {
            Sense::Kind(kind, weight) if kind == facts.kind => 0.2 * f32::from(weight),
            Sense::Outage(weight) | Sense::Risk(_, weight) => 0.2 * f32::from(weight),
            Sense::Topic(topic) if facts.topics.contains(&topic) => 0.3,
            _ => 0.0,
        })
        .sum();
    weight(facts, wish, index) + told.min(2.0) - 0.05 * (index.min(10) as f32)
}

/// Asks that carry a figure, a date or a topic say more.
fn weight(facts: &Facts<'_>, wish: &Wish<'_>, index: usize) -> f32 {
    let Some(s) = facts.sentences.get(index) else { return 0.0 };
    let inside = |at: usize| at >= s.start && at < s.end;
    let mut weight = facts.ask.get(index).copied().unwrap_or(0.0);
    weight += facts.whens.iter().filter(|w| inside(w.start)).count().min(2) as f32 * 0.3;
    weight += facts.money.iter().filter(|m| inside(m.start)).count().min(2) as f32 * 0.3;
    weight += if s.text.ends_with('?') { 0.3 } else { 0.0 };
    if wish.focuses_on(s.text) {
        weight += 5.0;
    }
    weight
}

fn figures(facts: &Facts<'_>, text: &mut String, quotes: &mut Vec<Quote>) {
    let mut spans: Vec<(usize, usize)> =
        facts.money.iter().map(|m| (m.start, m.end)).chain(facts.quantities.iter().map(|q| (q.start, q.end))).collect();
    spans.sort_unstable();
    let mut cited: Vec<String> = Vec::new();
    for (start, end) in spans {
        let words = cite(facts.words(start, end), 60);
        if cited.len() == 5 || cited.contains(&words) {
            continue;
        }
        cited.push(words);
        quotes.extend(facts.quote(start, end));
    }
    if !cited.is_empty() {
        let cited: Vec<&str> = cited.iter().map(String::as_str).collect();
        text.push_str(&format!(" Figures named: {}.", join(&cited)));
    }
}

fn dates(facts: &Facts<'_>, text: &mut String, quotes: &mut Vec<Quote>) {
    if let Some(deadline) = facts.deadline {
        let words = cite(facts.quoted(deadline.quote), 60);
        if deadline.relative {
            text.push_str(&format!(
                " Date set: {words}, which is {} counted from the day of receipt.",
                day(deadline.date)
            ));
        } else {
            text.push_str(&format!(" Date set: {words}."));
        }
        quotes.push(deadline.quote);
    }
    let mut cited: Vec<String> = Vec::new();
    for when in &facts.whens {
        let inside = facts
            .deadline
            .is_some_and(|d| when.start >= d.quote.start() as usize && when.end <= d.quote.end() as usize);
        let words = cite(facts.words(when.start, when.end), 60);
        let spoken = matches!(when.form, Form::Days(0));
        let repeated =
            facts.deadline.is_some_and(|d| facts.quoted(d.quote).ends_with(facts.words(when.start, when.end)));
        let past = matches!(when.form, Form::Past);
        if inside || spoken || repeated || past || cited.len() == 4 || cited.contains(&words) {
            continue;
        }
        cited.push(words);
        quotes.extend(facts.quote(when.start, when.end));
    }
    if !cited.is_empty() {
        let cited: Vec<&str> = cited.iter().map(String::as_str).collect();
        text.push_str(&format!(
            " {} named: {}.",
            if facts.deadline.is_some() { "Also" } else { "Dates" },
            join(&cited)
        ));
    }
}
