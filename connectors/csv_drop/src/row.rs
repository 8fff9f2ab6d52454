//! Makes an envelope of a row, or says why it cannot be one. Own file because this is where a table becomes a request.
//! INVARIANT: the key is made of the file's digest and the row's place alone; the raw bytes of the row's own cells alone, so that
//! the same row in another file is recognised by its content.

use crate::fault::Fault;
use crate::header::{Layout, Target};
use crate::records::Record;
use jiff::Timestamp;
use opspilot_sdk::{Content, DedupKey, Envelope, Fields};

/// Where a row stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    /// SHA-256 of the file.
    pub(crate) digest: &'a str,
    /// Records of the file up to and with this one.
    pub(crate) ordinal: u64,
    /// When the file was taken.
    pub(crate) taken: Timestamp,
    /// Whether missing cells at the end of a row are empty ones, as in workbooks.
    pub(crate) open_ended: bool,
}

/// The envelope of a row; `None` for a row of nothing but blanks.
pub(crate) fn envelope(record: &Record, layout: &Layout, place: Place<'_>) -> Result<Option<Envelope>, Fault> {
    if let Some(fault) = &record.fault {
        return Err(fault.clone());
    }
    let cells = &record.cells;
    if cells.iter().all(|cell| cell.trim().is_empty()) {
        return Ok(None);
    }
    let (found, expected) = (cells.len(), layout.columns.len());
    let surplus = cells.get(expected..).unwrap_or_default();
    if surplus.iter().any(|cell| !cell.trim().is_empty()) || (found < expected && !place.open_ended) {
        return Err(Fault::Ragged { found, expected });
    }
    let (mut fields, mut external_id, mut first, mut last) = (Fields::default(), None, None, None);
    let mut raw = String::from("{");
    for (index, column) in layout.columns.iter().enumerate() {
        let cell = cells.get(index).map_or("", String::as_str);
        if index > 0 {
            raw.push(',');
        }
        raw.push_str(&serde_json::Value::from(column.as_str()).to_string());
        raw.push(':');
        raw.push_str(&serde_json::Value::from(cell).to_string());
        let value = cell.trim();
        if value.is_empty() {
            continue;
        }
        let value = value.to_owned();
        match layout.targets.get(index).copied().flatten() {
            Some(Target::Name) => fields.name = Some(value),
            Some(Target::FirstName) => first = Some((column, value)),
            Some(Target::LastName) => last = Some((column, value)),
            Some(Target::Email) => fields.email = Some(value),
            Some(Target::Phone) => fields.phone = Some(value),
            Some(Target::Organisation) => fields.organisation = Some(value),
            Some(Target::Subject) => fields.subject = Some(value),
            Some(Target::Text) => fields.text = Some(value),
            Some(Target::ExternalId) => external_id = Some(value),
            None => fields.extra.push((column.clone(), value)),
        }
    }
    raw.push('}');
    if fields.name.is_none() {
        let parts: Vec<String> = [first, last].into_iter().flatten().map(|(_, part)| part).collect();
        fields.name = (!parts.is_empty()).then(|| parts.join(" "));
    } else {
        fields.extra.extend([first, last].into_iter().flatten().map(|(column, part)| (column.clone(), part)));
    }
    if fields.text.is_none() && fields.subject.is_none() {
        return Err(Fault::NoText);
    }
    Ok(Some(Envelope {
        key: DedupKey::new(format!("{}:{}", place.digest, place.ordinal)),
        external_id,
        received_at: place.taken,
        media_type: "application/json".to_owned(),
        raw: raw.into_bytes(),
        content: Content::Fields(fields),
        attachments: Vec::new(),
    }))
}
