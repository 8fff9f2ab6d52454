//! What the program says on its standard error, made fit for the log: one line an event, printable, short, and not too many.
//! Own file because a log line is data from outside. INVARIANT: nothing a program prints can forge or flood the log.

use crate::lines::{Cut, Lines};
use std::time::Duration;
use tokio::time::Instant;

/// A longer line is cut, in bytes.
const LINE: usize = 1000;
/// So many lines in a [`WINDOW`]; the others are counted.
const BURST: u32 = 100;
const WINDOW: Duration = Duration::from_secs(10);

/// So many log lines in a window, and no more.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    since: Option<Instant>,
    said: u32,
}

impl Pace {
    /// Whether one more may be said now.
    pub(crate) fn allow(&mut self, now: Instant) -> bool {
        if self.since.is_none_or(|since| now.duration_since(since) >= WINDOW) {
            *self = Self { since: Some(now), said: 0 };
        }
        self.said += 1;
        self.said <= BURST
    }
}

/// Turns bytes into log lines.
#[derive(Debug)]
pub(crate) struct Chatter {
    lines: Lines,
    pace: Pace,
    withheld: u64,
    last: String,
}

impl Chatter {
    pub(crate) fn new() -> Self {
        Self { lines: Lines::new(LINE, true), pace: Pace::default(), withheld: 0, last: String::new() }
    }

    /// The lines to log for what was read; none for what comes too fast.
    pub(crate) fn hear(&mut self, bytes: &[u8], now: Instant) -> Vec<String> {
        self.lines.feed(bytes);
        let mut heard = Vec::new();
        while let Some(cut) = self.lines.next() {
            self.admit(cut, now, &mut heard);
        }
        heard
    }

    /// What is left when the program has ended.
    pub(crate) fn end(&mut self, now: Instant) -> Vec<String> {
        let mut heard = Vec::new();
        if let Some(cut) = self.lines.rest() {
            self.admit(cut, now, &mut heard);
        }
        self.account(&mut heard);
        heard
    }

    /// The last line, for an error message.
    pub(crate) fn last(&self) -> &str {
        &self.last
    }

    fn admit(&mut self, cut: Cut, now: Instant, heard: &mut Vec<String>) {
        let line = match cut {
            Cut::Whole(bytes) => printable(&bytes),
            Cut::TooLong { head, bytes } => format!("{}… ({bytes} bytes)", printable(&head)),
        };
        if line.is_empty() {
            return;
        }
        self.last.clone_from(&line);
        if self.pace.allow(now) {
            self.account(heard);
            heard.push(line);
        } else {
            self.withheld += 1;
        }
    }

    fn account(&mut self, heard: &mut Vec<String>) {
        if self.withheld > 0 {
            heard.push(format!("({} lines more in a short time, not logged)", self.withheld));
            self.withheld = 0;
        }
    }
}

/// Printable characters stay, all others are escaped: line ends, terminal control, marks that turn the reading direction.
fn printable(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for character in String::from_utf8_lossy(bytes).chars() {
        if matches!(character, '\'' | '"') {
            text.push(character);
        } else {
            text.extend(character.escape_debug());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{BURST, Chatter, WINDOW};
    use tokio::time::Instant;

    #[test]
    fn lines_are_printable_and_short() {
        let mut chatter = Chatter::new();
        let now = Instant::now();
        let heard = chatter.hear(b"it's \"fine\"\n\x1b[31mred\r\xff\n\ncaf\xc3\xa9 \xe2\x80\xae\n", now);
        assert_eq!(heard, ["it's \"fine\"", "\\u{1b}[31mred\\r\u{fffd}", "café \\u{202e}"]);
        let heard = chatter.hear(&[b'a'; 5000], now);
        assert!(heard.is_empty());
        let heard = chatter.hear(b"\n", now);
        assert!(heard[0].ends_with("… (5000 bytes)") && heard[0].len() < 1100);
    }

    #[test]
    fn a_flood_is_counted_not_logged() {
        let mut chatter = Chatter::new();
        let now = Instant::now();
        assert_eq!(chatter.hear(&b"x\n".repeat(1000), now).len(), BURST as usize);
        let later = chatter.hear(b"y\n", now + WINDOW);
        assert_eq!(later, ["(900 lines more in a short time, not logged)", "y"]);
        assert_eq!(chatter.hear(b"last words", now + WINDOW), Vec::<String>::new());
        assert_eq!(chatter.end(now + WINDOW), ["last words"]);
        assert_eq!(chatter.last(), "last words");
    }
}
