//! How soon: a score out of named reasons, each with its quote.
//!
//! Its own file because the score is what the queue is ordered by.
//! INVARIANT: every reason that moved the score by five points or more is named.

use super::super::content::{Level, Priority, Quote, Risk, RiskKind, Score, Statement};
use super::super::language;
use super::super::lexicon::{RequestKind, Sense};
use super::super::model;
use super::super::read::list::List;
use super::facts::Facts;
use super::{DraftInput, cite, day};
use jiff::civil::Date;

/// Adds up the evidence.
pub(super) fn assess(facts: &Facts<'_>, input: &DraftInput<'_>, risk: &Risk, today: Date) -> Priority {
    assess_with(facts, input, risk, today, gravity(facts.text, input.subject))
}

/// The same with the log-odds of the model handed in, so that a held-out model can be measured.
pub(super) fn assess_with(facts: &Facts<'_>, input: &DraftInput<'_>, risk: &Risk, today: Date, odds: f32) -> Priority {
    let mut sum = Sum { points: 36.0, reasons: Vec::new() };
    urgency(facts, &mut sum);
    deadline(facts, today, &mut sum);
    standstill(facts, &mut sum);
    risks(risk, &mut sum);
    waiting(facts, &mut sum);
    kind(facts, &mut sum);
    if !matches!(input.language, "en" | "und") {
        sum.add(
            0.0,
            format!(
                "Only figures, dates and a few words of hurry were judged: the request is in {}.",
                language::name(input.language)
            ),
            Vec::new(),
        );
    } else if sum.reasons.is_empty() {
        sum.add(
            0.0,
            "The request names no deadline, no standstill and no risk; it can be taken in turn.".into(),
            Vec::new(),
        );
    }
    if sum.points < PRESSING && is_technical(facts.text, input.subject) {
        // In a report of a software fault words like "fails" are the rule, not news: the model that
        // has read many such reports weighs more than the single words, unless these press hard.
        sum.points = 36.0 + 0.1 * (sum.points - 36.0) + weigh(odds, 80.0);
    } else {
        sum.points += weigh(odds, 12.0);
    }
    let score = Score::clamped(sum.points);
    Priority { score, band: score.band(), reasons: sum.reasons }
}

/// From here on the words of a request press so hard that no model may soften them.
const PRESSING: f32 = 74.0;

/// What the model of reports adds, from `-most` to `most`. Its log-odds lie close together, around
/// -2 for an ordinary report.
fn weigh(odds: f32, most: f32) -> f32 {
    let distance = (odds + 2.05) / 0.8;
    most * distance / (1.0 + distance.abs())
}

/// Words of people who build software.
static CRAFT: List = List::new(&[
    "jdk",
    "java",
    "maven",
    "jenkins",
    "docker",
    "dockerfile",
    "jira",
    "javadoc",
    "junit",
    "kerberos",
    "classpath",
    "cve",
    "npe",
    "sdk",
    "jar",
    "jars",
    "pom",
    "compiler",
    "compile",
    "namespace",
    "thread",
    "threads",
    "deadlock",
    "mutex",
    "stacktrace",
    "checkstyle",
    "github",
    "git",
    "commit",
    "refactor",
    "deprecate",
    "deprecated",
    "unit-test",
    "regression",
    "javac",
    "python",
    "codebase",
    "filesystem",
    "cluster",
    "node",
    "nodes",
    "hadoop",
    "ci",
    "backport",
    "cherrypick",
    "cherry-pick",
    "rebase",
    "precommit",
    "pre-commit",
    "findbugs",
    "spotbugs",
    "javadocs",
    "log4j",
    "log4j2",
    "protobuf",
    "zookeeper",
    "kafka",
    "kubernetes",
    "hdfs",
    "hbase",
    "s3a",
    "abfs",
    "jvm",
    "datanode",
    "namenode",
    "endpoint",
    "endpoints",
    "runtime",
    "classloader",
    "config",
    "configs",
    "uri",
    "uris",
    "idempotency",
    "idempotent",
    "async",
    "http",
]);

/// Endings of files that programs are made of.
static SOURCES: List = List::new(&[
    "java",
    "py",
    "sh",
    "xml",
    "md",
    "js",
    "ts",
    "cpp",
    "sln",
    "yml",
    "yaml",
    "rs",
    "go",
    "rb",
    "kt",
    "scala",
    "properties",
    "vm",
    "toml",
]);
/// Where the name of a web site ends.
static SITES: List =
    List::new(&["com", "org", "net", "de", "uk", "eu", "io", "fr", "at", "ch", "it", "es", "nl", "gov", "edu", "info"]);

/// A dotted name that is no web site: `fs.azure.buffer.dir`, `pom.xml`.
fn is_dotted_name(word: &str) -> bool {
    let word = word.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
    let Some((rest, last)) = word.rsplit_once('.') else { return false };
    let plain = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    let named = plain
        && rest.bytes().any(|byte| byte.is_ascii_alphabetic())
        && last.bytes().all(|byte| byte.is_ascii_lowercase());
    named
        && (SOURCES.has(last)
            || (rest.contains('.') && last.len() > 1 && !SITES.has(last) && !rest.starts_with("www.")))
}

/// A report's key: `HADOOP-17079`. Orders and invoices have such keys as well, with shorter words or their own.
fn is_key(word: &str) -> bool {
    let word = word.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
    let Some((name, number)) = word.split_once('-') else { return false };
    (5..=12).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_uppercase())
        && (3..=6).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && !matches!(
            name,
            "ORDER" | "INVOICE" | "TICKET" | "QUOTE" | "CASE" | "REFUND" | "BOOKING" | "OFFER" | "CONTRACT"
        )
}

/// Whether a text reads like a report about software: identifiers, code, traces.
fn is_technical(text: &str, subject: Option<&str>) -> bool {
    subject.unwrap_or("").split_whitespace().chain(text.split_whitespace().take(300)).any(is_craft)
}

/// Whether a word is an identifier, a piece of code, a version, or a word of the craft.
fn is_craft(word: &str) -> bool {
    let bytes = word.as_bytes();
    let has = |two: &[u8; 2]| bytes.windows(2).any(|pair| pair == two);
    let (mut dots, mut digits, mut letters) = (0, 0, false);
    let (mut price, mut mail, mut line, mut sign, mut camel, mut before) = (false, false, false, false, false, b' ');
    for byte in bytes {
        match byte {
            b'.' => dots += 1,
            b'0'..=b'9' => digits += 1,
            b'a'..=b'z' => letters = true,
            b'A'..=b'Z' => {
                letters = true;
                camel |= before.is_ascii_lowercase();
            }
            b',' | b'$' => price = true,
            b'@' => mail = true,
            b'_' => line = true,
            b'(' | b':' | b'{' => sign = true,
            _ => {}
        }
        before = *byte;
    }
    if mail || (sign && word.contains("://")) {
        return false;
    }
    let code = sign && (has(b"()") || has(b"::") || has(b"{{") || word.contains("{code"));
    let version = dots >= 2 && digits >= 3 && !price;
    camel
        || code
        || (line && letters)
        || version
        || CRAFT.has(word.trim_matches(|c: char| !c.is_ascii_alphanumeric()))
        || (letters && word.contains("Exception"))
        || (dots > 0 && is_dotted_name(word))
        || (digits >= 3 && is_key(word))
}

/// How grave the words sound to the model of reports, as log-odds.
fn gravity(text: &str, subject: Option<&str>) -> f32 {
    match subject {
        Some(subject) => {
            let mut joined = String::with_capacity(subject.len() + text.len().min(8_000) + 1);
            joined.push_str(subject);
            joined.push('\n');
            joined.push_str(text.get(..8_000).unwrap_or(text));
            model::GRAVE.score(&joined)
        }
        None => model::GRAVE.score(text),
    }
}

struct Sum {
    points: f32,
    reasons: Vec<Statement>,
}

impl Sum {
    fn add(&mut self, points: f32, text: String, quotes: Vec<Quote>) {
        self.points += points;
        self.reasons.push(Statement { text, quotes });
    }
}

fn urgency(facts: &Facts<'_>, sum: &mut Sum) {
    if let Some(calm) = facts.calm {
        let words = facts.words(calm.start, calm.end);
        sum.add(
            -18.0,
            format!("The sender says it can wait: {}.", cite(words, 60)),
            facts.quote(calm.start, calm.end).into_iter().collect(),
        );
        return;
    }
    let mut best = 0u8;
    let mut found = None;
    let mut count = 0;
    for hit in &facts.hits {
        if let Sense::Urgent(weight) = hit.sense {
            // "Today" and "immediately" press for time only where something is asked.
            let asked = facts.sentence_of(hit.start).and_then(|i| facts.ask.get(i)).is_some_and(|score| *score >= 0.5);
            let plain = hit.end - hit.start < 12;
            if (weight == 1 || (weight == 2 && plain)) && !asked {
                continue;
            }
            count += 1;
            if weight > best {
                best = weight;
                found = Some(hit);
            }
        }
    }
    let Some(hit) = found else { return };
    let points = match best {
        3.. => 26.0,
        2 => 15.0,
        _ => 5.0,
    } + (count - 1).min(2) as f32 * 3.0;
    let words = facts.words(hit.start, hit.end);
    sum.add(
        points,
        format!("The sender presses for time: {}.", cite(words, 60)),
        facts.quote(hit.start, hit.end).into_iter().collect(),
    );
}

fn deadline(facts: &Facts<'_>, today: Date, sum: &mut Sum) {
    let Some(deadline) = facts.deadline else { return };
    let days = (deadline.date - today).get_days();
    let points = match days {
        ..=0 => 18.0,
        1..=2 => 14.0,
        3..=7 => 9.0,
        8..=30 => 3.0,
        _ => -2.0,
    };
    let words = cite(facts.quoted(deadline.quote), 60);
    let text = if deadline.relative {
        format!("A date is set: {words}, which is {} counted from the day the request arrived.", day(deadline.date))
    } else {
        format!("A date is set: {words}.")
    };
    sum.add(points, text, vec![deadline.quote]);
}

fn standstill(facts: &Facts<'_>, sum: &mut Sum) {
    let mut best = 0u8;
    let mut found = None;
    let mut impact = None;
    for hit in &facts.hits {
        match hit.sense {
            Sense::Outage(weight) if weight > best => {
                best = weight;
                found = Some(hit);
            }
            Sense::Impact if impact.is_none() => impact = Some(hit),
            _ => {}
        }
    }
    let Some(hit) = found else { return };
    if best == 1 && !matches!(facts.kind, RequestKind::Support | RequestKind::Other) {
        return;
    }
    let words = cite(facts.words(hit.start, hit.end), 60);
    let mut quotes: Vec<Quote> = facts.quote(hit.start, hit.end).into_iter().collect();
    let mut points = match best {
        3.. => 22.0,
        2 => 12.0,
        _ => 4.0,
    };
    let text = match impact {
        Some(wide) if best >= 2 => {
            points += 8.0;
            quotes.extend(facts.quote(wide.start, wide.end));
            format!(
                "Something does not work ({words}) and it reaches further: {}.",
                cite(facts.words(wide.start, wide.end), 60)
            )
        }
        _ if best == 1 => format!("A fault is named: {words}."),
        _ => format!("Something does not work: {words}."),
    };
    sum.add(points, text, quotes);
}

fn risks(risk: &Risk, sum: &mut Sum) {
    for factor in &risk.factors {
        let points = match (factor.kind, risk.level) {
            (RiskKind::Safety, Level::High | Level::Critical) => 30.0,
            (RiskKind::Safety, _) => 14.0,
            (RiskKind::Security, _) => 12.0,
            (RiskKind::Legal, _) => 10.0,
            (RiskKind::Churn | RiskKind::Reputation, Level::High | Level::Critical) => 11.0,
            (RiskKind::Churn | RiskKind::Reputation, _) => 6.0,
            (RiskKind::Payment | RiskKind::PersonalData, _) => 6.0,
            (RiskKind::Outage | RiskKind::Instructions | RiskKind::Other, _) => continue,
        };
        sum.add(points, factor.text.clone(), factor.quotes.clone());
    }
}

/// Somebody who wrote before and had no answer.
fn waiting(facts: &Facts<'_>, sum: &mut Sum) {
    let hit = facts.hits.iter().find(|hit| matches!(hit.sense, Sense::Topic("the missing reply")));
    if let Some(hit) = hit {
        let words = cite(facts.words(hit.start, hit.end), 60);
        sum.add(
            9.0,
            format!("The sender wrote before and had no answer: {words}."),
            facts.quote(hit.start, hit.end).into_iter().collect(),
        );
    }
}

fn kind(facts: &Facts<'_>, sum: &mut Sum) {
    let (points, text) = match facts.kind {
        RequestKind::Pitch => (-24.0, "The sender offers something of their own; nothing waits for an answer."),
        RequestKind::Notice => (-16.0, "The message passes something on and asks for nothing."),
        RequestKind::Complaint => (8.0, "The sender is unhappy with what was delivered; a late answer makes it worse."),
        RequestKind::Cancellation => (6.0, "The sender wants to end something; notice periods may run from today."),
        RequestKind::Privacy => (8.0, "Requests about personal data have to be answered within the time the law sets."),
        RequestKind::Lead => (5.0, "A possible new engagement; early answers win them."),
        _ => return,
    };
    sum.add(points, text.into(), Vec::new());
}
