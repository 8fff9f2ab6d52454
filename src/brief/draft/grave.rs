//! How grave a report sounds to the model that has learnt from reports, and which texts are such reports.
//!
//! Its own file because what a model says has to be told apart from what the words say.
//! INVARIANT: what weighed most is quoted from the request, or not at all.

use super::super::content::Quote;
use super::super::model;
use super::super::read::list::List;
use super::super::read::sentence::Part;
use super::facts::Facts;
use std::ops::Range;

/// What the model of reports makes of a text.
pub(super) struct Gravity {
    /// The log-odds: around -2 for an ordinary report.
    odds: f32,
    /// The words that spoke most against it and most for it.
    most: [Option<Quote>; 2],
}

impl Gravity {
    /// Asks the model.
    pub(super) fn of(facts: &Facts<'_>, subject: Option<&str>) -> Self {
        // A text begins with its subject, as the reports did from which the model has learnt.
        let written = facts.written();
        let lead = subject.filter(|subject| !written.starts_with(subject));
        let weighed = match lead {
            None => model::GRAVE.weigh(written),
            Some(subject) => {
                let mut joined = String::with_capacity(subject.len() + written.len().min(8_000) + 1);
                joined.push_str(subject);
                joined.push('\n');
                joined.push_str(written.get(..8_000).unwrap_or(written));
                model::GRAVE.weigh(&joined)
            }
        };
        let lead = lead.map_or(0, |subject| subject.len() + 1);
        let quote = |range: Option<Range<usize>>| {
            let range = range?;
            let start = range.start.checked_sub(lead).filter(|start| !facts.is_hostile(*start))?;
            facts.quote(start, range.end - lead)
        };
        Self { odds: weighed.odds, most: weighed.most.map(quote) }
    }

    /// The log-odds of a model that was trained elsewhere.
    #[cfg(test)]
    pub(super) fn with(odds: f32) -> Self {
        Self { odds, most: [None, None] }
    }

    /// What it adds to a score, from `-most` to `most`. The log-odds lie close together, around -2 for an ordinary report.
    pub(super) fn points(&self, most: f32) -> f32 {
        let distance = (self.odds + 2.05) / 0.8;
        most * distance / (1.0 + distance.abs())
    }

    /// The words that weighed most for it, or against it.
    pub(super) fn most(&self, graver: bool) -> Option<Quote> {
        let [against, speaks] = self.most;
        if graver { speaks } else { against }
    }
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
pub(super) fn is_technical(facts: &Facts<'_>, subject: Option<&str>) -> bool {
    // Names of fields are the form's words.
    let said = facts.sentences.iter().filter(|sentence| sentence.part != Part::Field);
    let words = said.flat_map(|sentence| sentence.text.split_whitespace());
    subject.unwrap_or("").split_whitespace().chain(words.take(300)).any(is_craft)
}

/// The bytes without which a word is no identifier, no code, no version, and holds no address.
static SPEAKS: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = matches!(byte as u8, b'.' | b'0'..=b'9' | b'A'..=b'Z' | b'@' | b'_' | b'(' | b':' | b'{');
        byte += 1;
    }
    table
};

/// Whether a word is an identifier, a piece of code, a version, or a word of the craft.
fn is_craft(word: &str) -> bool {
    let bytes = word.as_bytes();
    let of_craft = || CRAFT.has(word.trim_matches(|c: char| !c.is_ascii_alphanumeric()));
    // Most words are small letters, and what ends a clause: they can be nothing else.
    if !bytes.iter().fold(false, |any, byte| any | SPEAKS.get(usize::from(*byte)).is_some_and(|speaks| *speaks)) {
        return of_craft();
    }
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
        || of_craft()
        || (letters && word.contains("Exception"))
        || (dots > 0 && is_dotted_name(word))
        || (digits >= 3 && is_key(word))
}
