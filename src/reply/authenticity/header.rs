//! The header fields of a raw message, in order, as bytes: which come first and how often one stands is what trust hangs on here.
//! Own file because a parser that is kind to broken mail would hide exactly that. INVARIANT: nothing is merged, reordered or dropped
//! before the first empty line.

/// One field as it stands in the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field<'m> {
    /// Its name, without the colon.
    pub(super) name: &'m str,
    /// What follows the colon, folded lines and all.
    pub(super) value: &'m [u8],
}

impl Field<'_> {
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The value with folding taken out (RFC 5322 section 2.2.3), read as UTF-8 with replacement.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(self.value).replace(['\r', '\n'], "").trim().to_owned()
    }
}

/// Most fields that are looked at; a message with more is not one that a person sent.
const MAX_FIELDS: usize = 1_000;

/// The fields of the message's head, top first; `None` when it is larger than any honest one.
pub(super) fn fields(raw: &[u8]) -> Option<Vec<Field<'_>>> {
    let mut fields: Vec<Field<'_>> = Vec::new();
    let mut at = 0;
    while let Some(rest) =
        raw.get(at..).filter(|rest| !rest.is_empty() && !rest.starts_with(b"\n") && !rest.starts_with(b"\r\n"))
    {
        let end = field_end(rest);
        let (field, _) = rest.split_at(end);
        at += end;
        let Some(colon) = field.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = field.split_at(colon);
        // RFC 5322 section 4.5.8: old mail may have blanks before the colon.
        let name = std::str::from_utf8(name).unwrap_or_default().trim_end_matches([' ', '\t']);
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
            continue;
        }
        if fields.len() == MAX_FIELDS {
            return None;
        }
        fields.push(Field { name, value: value.get(1..).unwrap_or_default() });
    }
    Some(fields)
}

/// Where the field at the start ends: behind the first line break that no blank follows.
fn field_end(rest: &[u8]) -> usize {
    let mut from = 0;
    while let Some(length) = rest.get(from..).and_then(|tail| tail.iter().position(|byte| *byte == b'\n')) {
        from += length + 1;
        if !matches!(rest.get(from), Some(b' ' | b'\t')) {
            return from;
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_in_order_folded_lines_included() {
        let raw = b"A: 1\r\nB : two\r\n lines\nA: 3\n\nC: body\n";
        let read = fields(raw).unwrap_or_default();
        let told: Vec<(&str, String)> = read.iter().map(|field| (field.name, field.text())).collect();
        assert_eq!(told, [("A", "1".into()), ("B", "two lines".into()), ("A", "3".into())]);
    }

    #[test]
    fn a_flood_of_fields_is_no_message() {
        assert_eq!(fields("X: y\n".repeat(MAX_FIELDS + 1).as_bytes()), None);
        assert!(fields(b"").is_some_and(|fields| fields.is_empty()));
    }
}
