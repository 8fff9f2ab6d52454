//! A stream of server-sent events (WHATWG HTML, section 9.2), read from bytes cut anywhere. Own code, not a crate: what is needed of the
//! format is a page, and the crates for it set no limit on a line, so that a far side could fill the memory. INVARIANT: an event is told
//! only when its blank line has come, and nothing that is kept is larger than the limit.

use std::collections::VecDeque;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What it is called; empty when it has no name.
    pub name: String,
    /// What it says.
    pub data: String,
}

/// An event or a line beyond the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event of the stream is too long")]
pub struct TooLong;

/// A reader of events. Bytes go in by [`Events::feed`], events come out as an iterator.
#[derive(Debug)]
pub struct Events {
    /// The largest line, and the largest event, in bytes.
    most: usize,
    line: Vec<u8>,
    after_cr: bool,
    begun: bool,
    name: String,
    data: Option<String>,
    ready: VecDeque<Event>,
}

impl Events {
    /// A reader; `most` is the largest event in bytes.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            most,
            line: Vec::new(),
            after_cr: false,
            begun: false,
            name: String::new(),
            data: None,
            ready: VecDeque::new(),
        }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// A line or an event is longer than the limit.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        let mut rest = bytes;
        while !rest.is_empty() {
            // The second half of CR LF ends nothing.
            if std::mem::take(&mut self.after_cr)
                && let Some(after) = rest.strip_prefix(b"\n")
            {
                rest = after;
                continue;
            }
            let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let (part, after) = rest.split_at(end.unwrap_or(rest.len()));
            if self.line.len() + part.len() > self.most {
                return Err(TooLong);
            }
            self.line.extend_from_slice(part);
            rest = after;
            if let Some((ending, after)) = after.split_first() {
                self.after_cr = *ending == b'\r';
                rest = after;
                self.end_line()?;
            }
        }
        Ok(())
    }

    fn end_line(&mut self) -> Result<(), TooLong> {
        let line = std::mem::take(&mut self.line);
        let mut text = String::from_utf8_lossy(&line);
        if !std::mem::replace(&mut self.begun, true)
            && let Some(rest) = text.strip_prefix('\u{feff}')
        {
            text = rest.to_owned().into();
        }
        if text.is_empty() {
            let name = std::mem::take(&mut self.name);
            // An event without data is none.
            if let Some(data) = self.data.take() {
                self.ready.push_back(Event { name, data });
            }
            return Ok(());
        }
        let (field, value) = text.split_once(':').unwrap_or((&text, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => {
                let before = self.data.as_ref().map_or(0, String::len);
                if before + value.len() + 1 > self.most {
                    return Err(TooLong);
                }
                match &mut self.data {
                    Some(data) => {
                        data.push('\n');
                        data.push_str(value);
                    }
                    None => self.data = Some(value.to_owned()),
                }
            }
            // Comments, ids and waiting times are not for us.
            _ => {}
        }
        Ok(())
    }
}

impl Iterator for Events {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        self.ready.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::{Event, Events, TooLong};
    use proptest::prelude::*;

    fn read(bytes: &[u8], piece: usize) -> Vec<Event> {
        let mut events = Events::new(1000);
        let mut found = Vec::new();
        for part in bytes.chunks(piece) {
            events.feed(part).unwrap();
            found.extend(events.by_ref());
        }
        found
    }

    fn event(name: &str, data: &str) -> Event {
        Event { name: name.to_owned(), data: data.to_owned() }
    }

    #[test]
    fn the_forms_of_the_specification() {
        let text = "\u{feff}: hello\r\n\r\ndata: a\rdata:  b\n\nevent: x\nid: 1\nretry: 2\nother\ndata\n\nevent: lost\n\ndata: \u{e4}\u{1f600}\r\n\r\ndata: cut";
        let expected = vec![event("", "a\n b"), event("x", ""), event("", "\u{e4}\u{1f600}")];
        for piece in 1..text.len() {
            assert_eq!(read(text.as_bytes(), piece), expected, "in pieces of {piece}");
        }
    }

    #[test]
    fn nothing_grows_beyond_the_limit() {
        let mut events = Events::new(100);
        assert_eq!(events.feed(&[b'x'; 101]), Err(TooLong));
        let mut events = Events::new(100);
        let fed = (0..100).try_for_each(|_| events.feed(b"data: 0123456789\n"));
        assert_eq!(fed, Err(TooLong));
    }

    proptest! {
        #[test]
        fn cuts_change_nothing(bytes in prop::collection::vec(prop::sample::select(b"\r\n: dataevent\xc3\xa4".to_vec()), 0..200), piece in 1..20_usize) {
            prop_assert_eq!(read(&bytes, piece), read(&bytes, 1000));
        }
    }
}
