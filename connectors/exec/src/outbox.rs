//! What the program is still to be told. Own file because a program may read slowly or never: what it does not take must neither block
//! the daemon nor fill its memory. INVARIANT: a line is written whole or not at all to one program, and never more than
//! [`LIMIT`] bytes and one line wait.

use serde::Serialize;
use std::collections::VecDeque;

/// More than this is not kept for a program that does not read, in bytes.
const LIMIT: usize = 1 << 20;

/// A line from the daemon to the program.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Tell<'a> {
    Hello {
        hello: Hello<'a>,
    },
    Batch {
        settled: &'static str,
        keys: &'a [&'a str],
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<&'a str>,
    },
    Rejected {
        settled: &'static str,
        key: Option<&'a str>,
        code: &'static str,
        reason: &'a str,
    },
}

/// The first line.
#[derive(Debug, Serialize)]
pub(crate) struct Hello<'a> {
    pub(crate) protocol: u8,
    pub(crate) source: &'a str,
    pub(crate) cursor: Option<&'a str>,
    pub(crate) check: bool,
}

/// Lines waiting for the program.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    /// Goes before everything else; belongs to one program only.
    hello: Option<Vec<u8>>,
    lines: VecDeque<Vec<u8>>,
    bytes: usize,
    /// How much of the first line is written.
    written: usize,
}

impl Outbox {
    /// A new program: it is greeted, and a line its predecessor took half of is told anew.
    pub(crate) fn begin(&mut self, hello: Hello<'_>) {
        self.hello = Some(line_of(&Tell::Hello { hello }));
        self.written = 0;
    }

    /// Adds a line; `false` when it was dropped because the program does not read.
    pub(crate) fn push(&mut self, tell: &Tell<'_>) -> bool {
        if self.bytes >= LIMIT {
            return false;
        }
        let line = line_of(tell);
        self.bytes += line.len();
        self.lines.push_back(line);
        true
    }

    /// Adds a line that was made elsewhere, for a program that is asked one thing.
    pub(crate) fn say(&mut self, line: &str) {
        self.bytes += line.len() + 1;
        self.lines.push_back(format!("{line}\n").into_bytes());
    }

    /// What to write next; empty when there is nothing.
    pub(crate) fn front(&self) -> &[u8] {
        let line = self.hello.as_ref().or_else(|| self.lines.front());
        line.and_then(|line| line.get(self.written..)).unwrap_or_default()
    }

    /// So many bytes of [`Self::front`] were written.
    pub(crate) fn advance(&mut self, count: usize) {
        self.written += count;
        if !self.front().is_empty() {
            return;
        }
        self.written = 0;
        if self.hello.take().is_none()
            && let Some(line) = self.lines.pop_front()
        {
            self.bytes -= line.len();
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.hello.is_none() && self.lines.is_empty()
    }
}

fn line_of(tell: &Tell<'_>) -> Vec<u8> {
    // Texts and numbers alone: nothing in here can fail to be JSON.
    let mut line = serde_json::to_vec(tell).unwrap_or_default();
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::{Hello, LIMIT, Outbox, Tell};

    fn drain(outbox: &mut Outbox, step: usize) -> String {
        let mut all = Vec::new();
        while !outbox.is_empty() {
            let part = outbox.front()[..step.min(outbox.front().len())].to_vec();
            outbox.advance(part.len());
            all.extend(part);
        }
        String::from_utf8(all).unwrap()
    }

    fn hello() -> Hello<'static> {
        Hello { protocol: 1, source: "pull", cursor: None, check: false }
    }

    #[test]
    fn a_new_program_gets_whole_lines() {
        let mut outbox = Outbox::default();
        outbox.begin(hello());
        assert!(outbox.push(&Tell::Batch { settled: "committed", keys: &["a"], reason: None }));
        let greeting = outbox.front().len();
        outbox.advance(greeting);
        outbox.advance(5);
        outbox.begin(hello());
        assert_eq!(
            drain(&mut outbox, 7),
            "{\"hello\":{\"protocol\":1,\"source\":\"pull\",\"cursor\":null,\"check\":false}}\n{\"settled\":\"committed\",\"keys\":[\"a\"]}\n"
        );
    }

    #[test]
    fn a_program_that_never_reads_fills_nothing() {
        let mut outbox = Outbox::default();
        let reason = "x".repeat(1000);
        let rejected = Tell::Rejected { settled: "rejected", key: None, code: "OP-2305", reason: &reason };
        let taken = (0..10_000).filter(|_| outbox.push(&rejected)).count();
        assert!(taken < 1100 && outbox.bytes < LIMIT + 2000);
        drain(&mut outbox, 4096);
        assert_eq!(outbox.bytes, 0);
        assert!(outbox.push(&rejected));
    }
}
