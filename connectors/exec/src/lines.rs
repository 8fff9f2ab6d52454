//! Cuts a stream into lines without ever holding more than one line and one read. Own file because both pipes need it, with
//! different ideas of what to do about a line that is too long. INVARIANT: `pending` never grows beyond the limit.

use std::collections::VecDeque;

/// A cut line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// A whole line without its end; a carriage return before it is taken off.
    Whole(Vec<u8>),
    /// A line that was longer than the limit, with its first bytes when they were asked for.
    TooLong {
        /// What was kept of it.
        head: Vec<u8>,
        /// Its whole length, in bytes.
        bytes: u64,
    },
}

/// Cuts lines.
#[derive(Debug)]
pub(crate) struct Lines {
    limit: usize,
    keep_head: bool,
    /// Read and not yet looked at: at most one read.
    fresh: VecDeque<u8>,
    pending: Vec<u8>,
    /// Length of the line being skipped, once it is too long.
    skipping: Option<u64>,
}

impl Lines {
    pub(crate) fn new(limit: usize, keep_head: bool) -> Self {
        Self { limit, keep_head, fresh: VecDeque::new(), pending: Vec::new(), skipping: None }
    }

    /// Takes what was read. Call it only when [`Self::next`] has nothing more, or memory grows.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.fresh.extend(bytes);
    }

    /// The next line, if one is complete.
    pub(crate) fn next(&mut self) -> Option<Cut> {
        while !self.fresh.is_empty() {
            let (front, _) = self.fresh.as_slices();
            let found = front.iter().position(|byte| *byte == b'\n');
            let taken = found.unwrap_or(front.len());
            match &mut self.skipping {
                Some(length) => *length += taken as u64,
                None => {
                    let room = self.limit - self.pending.len();
                    self.pending.extend_from_slice(front.get(..taken.min(room)).unwrap_or_default());
                    if taken > room {
                        self.skipping = Some((self.pending.len() + taken - room) as u64);
                        if !self.keep_head {
                            self.pending = Vec::new();
                        }
                    }
                }
            }
            self.fresh.drain(..taken + usize::from(found.is_some()));
            if found.is_some() {
                return Some(self.cut());
            }
        }
        None
    }

    /// What stands after the last line end, once there is nothing more to come.
    pub(crate) fn rest(&mut self) -> Option<Cut> {
        (self.skipping.is_some() || !self.pending.is_empty()).then(|| self.cut())
    }

    fn cut(&mut self) -> Cut {
        let mut line = std::mem::take(&mut self.pending);
        match self.skipping.take() {
            Some(bytes) => Cut::TooLong { head: line, bytes },
            None => {
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                Cut::Whole(line)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Cut, Lines};
    use proptest::prelude::*;

    fn cut(lines: &mut Lines, bytes: &[u8], step: usize) -> Vec<Cut> {
        let mut cuts = Vec::new();
        for part in bytes.chunks(step) {
            lines.feed(part);
            while let Some(line) = lines.next() {
                cuts.push(line);
            }
        }
        cuts.extend(lines.rest());
        cuts
    }

    #[test]
    fn a_long_line_costs_nothing_and_the_next_is_whole() {
        let mut lines = Lines::new(4, false);
        let cuts = cut(&mut lines, b"abcd\nabcde\nx\r\n\nend", 3);
        let whole = |text: &[u8]| Cut::Whole(text.to_vec());
        let long = Cut::TooLong { head: Vec::new(), bytes: 5 };
        assert_eq!(cuts, [whole(b"abcd"), long, whole(b"x"), whole(b""), whole(b"end")]);
        assert_eq!(lines.rest(), None);
    }

    #[test]
    fn the_head_of_a_long_line_is_kept_when_asked_for() {
        let mut lines = Lines::new(2, true);
        assert_eq!(cut(&mut lines, b"abcdef\n", 4), [Cut::TooLong { head: b"ab".to_vec(), bytes: 6 }]);
    }

    proptest! {
        #[test]
        fn the_way_it_arrives_makes_no_difference(bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..300),
                                                  step in 1_usize..50, limit in 1_usize..20) {
            let whole = cut(&mut Lines::new(limit, false), &bytes, bytes.len().max(1));
            prop_assert_eq!(cut(&mut Lines::new(limit, false), &bytes, step), whole);
        }
    }
}
