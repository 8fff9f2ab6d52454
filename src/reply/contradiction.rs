//! What below a decision takes it back: another decision, a "no", a "but", a condition, a question, a demand.
//! Own file because it is a question of language, and because every doubt must end on the safe side: an approval with any of these is no
//! approval. INVARIANT: words of every shipped language are looked for, whatever languages are switched on for deciding.

use super::grammar::bare;
use super::lexicon::{
    DEMANDS, FRIENDLY, FRIENDLY_UNSPACED, HARMLESS, LIMITS, NEGATIONS, PHRASES, REFUSALS, SHORT, TURNS, Table, UNSPACED,
};
use super::tail::Tail;
use super::words::{Kind, Words};

/// The first line that does not go with the decision.
pub(super) fn find<'t>(kind: Kind, said: &'t str, below: &Tail<'t>, words: &Words) -> Option<&'t str> {
    let written = below.lines().iter().copied();
    let signed = below.signature().iter().copied();
    match kind {
        // An approval is not words: anything that could limit it does.
        Kind::Approve if below.is_long() => written.clone().chain(signed).find(|line| !line.trim().is_empty()),
        Kind::Approve => written
            .clone()
            .find(|line| doubts(line, words, true))
            .or_else(|| signed.clone().find(|line| doubts(line, words, false)))
            .or_else(|| across(written.clone().chain(signed)))
            .or_else(|| remark(&written.collect::<Vec<_>>())),
        // These are words, and words may hold anything; only another decision on a line of its own speaks against them.
        Kind::Minor | Kind::Major | Kind::Reject | Kind::Edit => {
            std::iter::once(said).chain(written).chain(signed).find(|line| decides_otherwise(line, kind, words))
        }
    }
}

/// Whether a line is, or begins with turning to, another decision.
fn decides_otherwise(line: &str, kind: Kind, words: &Words) -> bool {
    if words.exactly(bare(line)).is_some_and(|other| other != kind) {
        return true;
    }
    let tokens = tokens(line);
    let denied = tokens.iter().any(|token| NEGATIONS.contains(token.as_str()));
    let other = |token: &String| {
        words.exactly(token).is_some_and(|other| other != kind && other != Kind::Minor && other != Kind::Major)
    };
    let turned = tokens.iter().any(|token| TURNS.contains(token.as_str()));
    match kind {
        Kind::Edit => false,
        _ => !denied && tokens.iter().any(other) && (tokens.len() <= 4 || turned),
    }
}

/// Whether a line below an approval leaves any doubt. In a signature, words that also stand in titles are let pass.
fn doubts(line: &str, words: &Words, written: bool) -> bool {
    let line = harmless(line);
    if line.trim().is_empty() {
        return false;
    }
    if line.contains(['?', '？', '؟', '¿']) {
        return true;
    }
    let tokens = tokens(&line);
    let any = |list: &Table| tokens.iter().any(|token| list.contains(token.as_str()));
    let other = tokens
        .iter()
        .any(|token| Words::every(token).is_some_and(|kind| kind != Kind::Approve && written || kind == Kind::Reject))
        || tokens.iter().any(|token| {
            words.exactly(token).is_some_and(|kind| kind == Kind::Reject || written && kind != Kind::Approve)
        });
    let unspaced = UNSPACED.iter().any(|word| line.contains(word));
    let phrase = format!(" {} ", tokens.join(" "));
    other
        || unspaced
        || any(&NEGATIONS)
        || any(&LIMITS)
        || any(&TURNS)
        || any(&REFUSALS)
        || PHRASES.iter().any(|words| phrase.contains(&format!(" {words} ")))
        || written && (any(&DEMANDS) || tokens.len() >= 4 && any(&SHORT))
}

/// A sentence broken over lines may hide a phrase from a look at each line.
fn across<'t>(lines: impl Iterator<Item = &'t str>) -> Option<&'t str> {
    let lines: Vec<&str> = lines.filter(|line| !line.trim().is_empty()).collect();
    lines.windows(2).find_map(|pair| {
        let [first, second] = pair else { return None };
        let phrase = format!(" {} {} ", tokens(first).join(" "), tokens(second).join(" "));
        PHRASES.iter().any(|words| phrase.contains(&format!(" {words} "))).then_some(*first)
    })
}

/// The first line of a paragraph with a sentence that is not plainly friendly. What limits an approval can be said in endless ways, what
/// goes with one in a few: a sentence of three words and more must hold one of these. In a person's own words it is easy to be misread,
/// and asking once more costs little.
fn remark<'t>(written: &[&'t str]) -> Option<&'t str> {
    let paragraphs = written.split(|line| line.trim().is_empty()).filter(|paragraph| !paragraph.is_empty());
    let strange = |sentence: &str| {
        let tokens = tokens(sentence);
        let spoken = tokens.iter().filter(|token| token.chars().any(char::is_alphabetic)).count();
        let unspaced = sentence.chars().filter(|c| ('\u{3040}'..='\u{9fff}').contains(c)).count();
        let friendly = tokens.iter().any(|token| FRIENDLY.contains(token.as_str()))
            || FRIENDLY_UNSPACED.iter().any(|word| sentence.contains(word));
        !friendly && (spoken >= 3 || unspaced >= 4)
    };
    // What introduces a quote is nobody's remark: an address or a time, and a colon at the end.
    let introduces = |paragraph: &&[&str]| {
        let ends = paragraph.last().is_some_and(|line| line.trim_end().ends_with([':', '：']));
        let digits = |word: &str| word.chars().filter(char::is_ascii_digit).count() >= 3;
        ends && paragraph.iter().any(|line| line.contains('@') || line.split_whitespace().any(digits))
    };
    let mut paragraphs = paragraphs.filter(|paragraph| !introduces(paragraph)).filter(|paragraph| {
        let text = harmless(&paragraph.join(" "));
        text.split(['.', '!', ';', '。', '！']).any(strange)
    });
    paragraphs.next().and_then(|paragraph| paragraph.first().copied())
}

/// A line without addresses and links, whose question marks and words mean nothing, and without "no changes" and its like.
fn harmless(line: &str) -> String {
    let kept = line
        .split_whitespace()
        .filter(|word| !word.contains("://") && !word.contains('@') && !word.starts_with("www."));
    let mut line = kept.collect::<Vec<_>>().join(" ").to_lowercase().replace('’', "'");
    for phrase in HARMLESS.iter() {
        line = line.replace(phrase, " ");
    }
    line
}

/// Words in lower case; an apostrophe joins.
fn tokens(line: &str) -> Vec<String> {
    let line = line.to_lowercase().replace(['’', 'ʼ', '`'], "'");
    let words = line.split(|c: char| !c.is_alphanumeric() && c != '\'');
    let mut tokens = Vec::new();
    for word in words.map(|word| word.trim_matches('\'')).filter(|word| !word.is_empty()) {
        if word.ends_with("n't") {
            tokens.push("not".to_owned());
        }
        // French and Italian: `n'est`, `s'il`, `l'ho`.
        if let Some((front, back)) = word.split_once('\'') {
            tokens.extend([front.to_owned(), back.to_owned()]);
        }
        tokens.push(word.to_owned());
    }
    tokens
}
