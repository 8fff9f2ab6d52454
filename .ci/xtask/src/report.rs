//! What was run and how it went, totals last, so that the end of a log says all.

use std::io::Write as _;

/// Counts of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

/// The lines of a report.
#[derive(Debug, Default)]
pub(crate) struct Report {
    lines: Vec<String>,
    count: Count,
}

impl Report {
    /// A check that is one thing: it went well or it did not.
    pub(crate) fn check(&mut self, name: &str, outcome: Result<(), std::io::Error>) {
        match outcome {
            Ok(()) => self.add(name, Count { passed: 1, ..Count::default() }),
            Err(cause) => {
                eprintln!("xtask: {name}: {cause}");
                self.add(name, Count { failed: 1, ..Count::default() });
            }
        }
    }

    /// A check that could not be made, and why.
    pub(crate) fn skip(&mut self, name: &str, why: &str) {
        self.add(&format!("{name} ({why})"), Count { skipped: 1, ..Count::default() });
    }

    /// Something to know that is neither well nor bad.
    pub(crate) fn note(&mut self, text: String) {
        self.lines.push(text);
    }

    /// Many tests at once.
    pub(crate) fn add(&mut self, name: &str, count: Count) {
        self.lines.push(format!("{name}: {}", words(count)));
        self.count.passed += count.passed;
        self.count.failed += count.failed;
        self.count.skipped += count.skipped;
    }

    /// Takes in another report.
    pub(crate) fn absorb(&mut self, other: Self) {
        self.lines.extend(other.lines);
        self.count.passed += other.count.passed;
        self.count.failed += other.count.failed;
        self.count.skipped += other.count.skipped;
    }

    /// Prints it, totals last; whether all went well.
    pub(crate) fn print(self) -> bool {
        // The log may be gone; the exit status still tells.
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out);
        for line in &self.lines {
            let _ = writeln!(out, "{line}");
        }
        let _ = writeln!(out, "{}", words(self.count));
        self.count.failed == 0 && self.count.passed > 0
    }
}

fn words(count: Count) -> String {
    format!("{} passed, {} failed, {} skipped", count.passed, count.failed, count.skipped)
}

/// The number before a word in a line such as `Summary [ 1.2s] 12 tests run: 10 passed (1 slow), 2 failed, 3 skipped`.
pub(crate) fn number_before(line: &str, word: &str) -> u64 {
    let words: Vec<&str> = line
        .split(|letter: char| letter.is_whitespace() || ",;()".contains(letter))
        .filter(|part| !part.is_empty())
        .collect();
    words.windows(2).find(|pair| pair[1] == word).and_then(|pair| pair[0].parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{Count, Report, number_before};

    #[test]
    fn numbers_are_found_in_the_summaries_of_both_runners() {
        let nextest = "     Summary [   1.234s] 12 tests run: 10 passed (1 slow), 1 failed, 1 timed out, 3 skipped";
        assert_eq!(
            (number_before(nextest, "passed"), number_before(nextest, "failed"), number_before(nextest, "skipped")),
            (10, 1, 3)
        );
        let doc = "test result: ok. 4 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.10s";
        assert_eq!(
            (number_before(doc, "passed"), number_before(doc, "ignored"), number_before(doc, "lost")),
            (4, 2, 0)
        );
    }

    #[test]
    fn one_failure_is_a_failure_and_nothing_at_all_is_one_too() {
        let mut report = Report::default();
        report.add("tests", Count { passed: 3, failed: 0, skipped: 1 });
        report.check("format", Err(std::io::Error::other("no")));
        assert_eq!(report.count, Count { passed: 3, failed: 1, skipped: 1 });
        assert!(!report.print());
        assert!(!Report::default().print());
    }
}
