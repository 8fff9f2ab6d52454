//! The cells of a spreadsheet (ECMA-376, SpreadsheetML), as lines with tabs.
//!
//! Cells are read one after the other: a table as a whole is not built, because two cells far apart would cost the memory of all between.

use std::io::Cursor;

use calamine::{DataRef, ExcelDateTime, Reader as _, Xlsx};

use super::super::Limits;
use super::pack::Pack;

/// Sheets that are read at most.
const SHEETS: usize = 50;

/// The cells of all sheets.
pub(super) fn text(bytes: &[u8], limits: &Limits) -> Result<String, String> {
    // The library unpacks whole entries: their true sizes are known before it may.
    Pack::open(bytes, limits.unpacked_bytes)?.measure()?;
    let damaged = || "it is damaged or protected by a password".to_owned();
    let mut book = Xlsx::new(Cursor::new(bytes)).map_err(|_| damaged())?;
    let mut out = String::new();
    for name in book.sheet_names().into_iter().take(SHEETS) {
        let Ok(mut cells) = book.worksheet_cells_reader(&name) else { continue };
        if !out.is_empty() {
            out.push_str("\n\n");
        }
        out.push_str(&name);
        let mut row = None;
        while let Some(cell) = cells.next_cell().map_err(|_| damaged())? {
            if out.len() > limits.attachment_text_bytes {
                return Ok(out);
            }
            let value = match cell.get_value() {
                DataRef::Empty => continue,
                DataRef::String(text) => text.clone(),
                DataRef::SharedString(text) => (*text).to_owned(),
                DataRef::Float(figure) => figure.to_string(),
                DataRef::Int(figure) => figure.to_string(),
                DataRef::Bool(truth) => truth.to_string(),
                DataRef::DateTime(moment) => date(moment),
                DataRef::DateTimeIso(moment) | DataRef::DurationIso(moment) => moment.clone(),
                DataRef::Error(_) => continue,
            };
            let (line, _) = cell.get_position();
            out.push(if row == Some(line) { '\t' } else { '\n' });
            row = Some(line);
            out.push_str(value.trim());
        }
    }
    Ok(out)
}

/// A date as people write it; a span of time stays the figure of days it is.
fn date(moment: &ExcelDateTime) -> String {
    // Outside of the years people use the figure says more than a date that is none.
    if moment.is_duration() || !(0.0..3_000_000.0).contains(&moment.as_f64()) {
        return moment.as_f64().to_string();
    }
    let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    if (hour, minute, second) == (0, 0, 0) { date } else { format!("{date} {hour:02}:{minute:02}:{second:02}") }
}
