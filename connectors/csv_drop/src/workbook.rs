//! Lays the sheets of an `.xlsx` workbook out as plain tables beside it, to be streamed like any other. Own file because a
//! workbook cannot be trusted about its own size: what it inflates to is counted first, against a limit, before anything is
//! believed. INVARIANT: the same workbook gives the same tables.

use crate::charset::Charset;
use crate::fault::Refused;
use crate::reader::Part;
use calamine::{Data, DataRef, ExcelDateTime, Reader as _, SheetType, SheetVisible, Xlsx};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Largest workbook, in bytes. Its texts have to be held while its sheets are laid out.
pub(crate) const PACKED: u64 = 48 * 1024 * 1024;
/// What it may inflate to, and what its sheets may be laid out as, in bytes: about a second of work in one go, and 120 MB of memory
/// when all of it is short texts.
const INFLATED: u64 = 48 * 1024 * 1024;
/// Columns a sheet can have (ECMA-376 applications stop here).
const COLUMNS: u32 = 16_384;

/// Why a workbook was not laid out.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The workbook is to blame.
    Refused(Refused),
    /// The disk is to blame.
    Io(io::Error),
}

impl From<io::Error> for Failure {
    fn from(fault: io::Error) -> Self {
        Self::Io(fault)
    }
}

fn broken(why: impl ToString) -> Failure {
    Failure::Refused(Refused::Workbook(why.to_string()))
}

/// Writes every visible sheet with something in it into `out` and says where.
pub(crate) fn lay_out(workbook: &Path, out: &Path) -> Result<Vec<Part>, Failure> {
    match fs::remove_dir_all(out) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => return Err(fault.into()),
        _ => fs::create_dir(out)?,
    }
    measure(workbook)?;
    // A fault of the reader on a hostile workbook must cost that workbook alone.
    catch_unwind(AssertUnwindSafe(|| sheets(workbook, out)))
        .unwrap_or_else(|_| Err(broken("its structure makes no sense")))
}

/// Inflates everything once, to nowhere, and counts.
fn measure(workbook: &Path) -> Result<(), Failure> {
    let mut archive = zip::ZipArchive::new(BufReader::new(File::open(workbook)?)).map_err(broken)?;
    let mut room = INFLATED;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(broken)?;
        let size = io::copy(&mut entry.take(room + 1), &mut io::sink()).map_err(broken)?;
        room = room.checked_sub(size).ok_or_else(|| broken(format!("it inflates to more than {INFLATED} bytes")))?;
    }
    Ok(())
}

fn sheets(workbook: &Path, out: &Path) -> Result<Vec<Part>, Failure> {
    let mut book: Xlsx<_> = Xlsx::new(BufReader::new(File::open(workbook)?)).map_err(broken)?;
    let names: Vec<String> = book
        .sheets_metadata()
        .iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible)
        .map(|sheet| sheet.name.clone())
        .collect();
    let mut parts = Vec::new();
    let mut room = INFLATED;
    for (index, name) in names.into_iter().enumerate() {
        let path = out.join(format!("{}.csv", index + 1));
        let bytes = sheet(&mut book, &name, &path, room)?;
        room -= bytes.min(room);
        if bytes > 0 {
            let charset = Charset { encoding: encoding_rs::UTF_8, mark: 0 };
            parts.push(Part { path, bytes, sheet: Some(name), charset });
        }
    }
    Ok(parts)
}

/// Writes one sheet, a record for every row up to the last, and returns the bytes written.
fn sheet<R: Read + io::Seek>(book: &mut Xlsx<R>, name: &str, path: &Path, room: u64) -> Result<u64, Failure> {
    let mut cells = book.worksheet_cells_reader(name).map_err(broken)?;
    let mut out = BufWriter::new(File::create(path)?);
    let (mut bytes, mut at, mut row) = (0u64, 0u32, BTreeMap::new());
    let mut put = |row: &mut BTreeMap<u32, String>| -> Result<(), Failure> {
        let text = line(row);
        row.clear();
        bytes += text.len() as u64;
        if bytes > room {
            return Err(broken(format!("its sheets take more than {INFLATED} bytes")));
        }
        Ok(out.write_all(text.as_bytes())?)
    };
    while let Some(cell) = cells.next_cell().map_err(broken)? {
        let (line, column) = cell.get_position();
        let text = shown(cell.get_value());
        if text.is_empty() {
            continue;
        }
        if line < at || column >= COLUMNS {
            return Err(broken("its cells are out of order"));
        }
        while at < line {
            put(&mut row)?;
            at += 1;
        }
        row.insert(column, text);
    }
    if !row.is_empty() {
        put(&mut row)?;
    }
    out.flush()?;
    Ok(bytes)
}

fn line(row: &BTreeMap<u32, String>) -> String {
    let mut text = String::new();
    let last = row.last_key_value().map_or(0, |(&column, _)| column);
    for column in 0..=last {
        if column > 0 {
            text.push(',');
        }
        if let Some(cell) = row.get(&column) {
            text.push('"');
            text.push_str(&cell.replace('"', "\"\""));
            text.push('"');
        } else if row.is_empty() {
            // Not a blank line, so that records and rows count alike.
            text.push_str("\"\"");
        }
    }
    text.push('\n');
    text
}

/// A cell as a person would write it; a formula is its last computed value.
fn shown(value: &DataRef<'_>) -> String {
    match value {
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(value) => value.to_string(),
        DataRef::DateTime(value) => time(value),
        DataRef::Empty => String::new(),
        other => Data::from(other.clone()).to_string(),
    }
}

/// ISO 8601: a date, a time, or both; a duration as `h:mm:ss`.
fn time(value: &ExcelDateTime) -> String {
    if value.is_duration() {
        let seconds = (value.as_f64() * 86_400.0).round() as i64;
        let (sign, seconds) = (if seconds < 0 { "-" } else { "" }, seconds.unsigned_abs());
        return format!("{sign}{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    }
    let (year, month, day, hour, minute, second, _) = value.to_ymd_hms_milli();
    let (date, time) = (format!("{year:04}-{month:02}-{day:02}"), format!("{hour:02}:{minute:02}:{second:02}"));
    match (value.as_f64() < 1.0, value.as_f64().fract() == 0.0) {
        (true, _) => time,
        (false, true) => date,
        (false, false) => format!("{date}T{time}"),
    }
}
