//! Letters as people get them, and the answers they write. Own file because tests read mail here and nowhere else.

use super::smtp::Kept;

/// A letter that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    head: Vec<(String, String)>,
    /// All of it, as it came.
    pub(crate) raw: String,
}

impl Arrived {
    pub(crate) fn of(kept: &Kept) -> Self {
        let raw = String::from_utf8_lossy(&kept.message).replace("\r\n", "\n");
        let mut head: Vec<(String, String)> = Vec::new();
        for line in raw.lines().take_while(|line| !line.is_empty()) {
            match (line.starts_with([' ', '\t']), head.last_mut(), line.split_once(':')) {
                (true, Some((_, value)), _) => value.push_str(line),
                (_, _, Some((name, value))) => head.push((name.to_owned(), value.trim().to_owned())),
                _ => {}
            }
        }
        Self { head, raw }
    }

    /// The value of a header field; empty when there is none.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.head.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }

    /// The address that an answer goes to.
    pub(crate) fn reply_to(&self) -> String {
        let field = self.field("Reply-To");
        let address = field.rsplit_once('<').map_or(field, |(_, rest)| rest.trim_end_matches('>'));
        address.trim().to_owned()
    }
}

/// An answer: its header lines above what every mail has, and its text.
pub(crate) fn answer(letter: &Arrived, from: &str, above: &str, text: &str) -> String {
    let id = letter.field("Message-ID");
    format!(
        "{above}From: {from}\r\nTo: {}\r\nSubject: Re: {}\r\nMessage-ID: <{:x}@mail.example>\r\nIn-Reply-To: {id}\r\nReferences: {id}\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n",
        letter.reply_to(),
        letter.field("Subject"),
        text.len() * 7919 + above.len() * 31 + from.len()
    )
}
