//! Every way a row or a whole file can be bad, with its stable code, in one list. Own file because rows, files, the error file
//! and the handbook must say the same. Codes OP-2201 to OP-2229 belong to this source.

use std::fmt;

/// The configuration names a folder that cannot be used.
pub(crate) const FOLDER: &str = "OP-2201";
/// Writing into the drop folder fails.
pub(crate) const WRITE: &str = "OP-2202";
/// A file cannot be read for now.
pub(crate) const READ: &str = "OP-2203";
/// The cursor is not one of this source.
pub(crate) const CURSOR: &str = "OP-2204";
/// Some rows of a file are bad.
pub(crate) const ROWS: &str = "OP-2205";
/// A file was written to after it was through.
pub(crate) const LATE: &str = "OP-2206";

/// Why a row makes no request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A quote is missing.
    Quote,
    /// The row has more or fewer cells than the header.
    Ragged {
        /// Cells in the row.
        found: usize,
        /// Cells in the header.
        expected: usize,
    },
    /// The row is longer than allowed.
    TooLong {
        /// Bytes of the line.
        bytes: u64,
    },
    /// Bytes that do not belong to the encoding of the file.
    Undecodable {
        /// The encoding that the file is read in.
        encoding: &'static str,
    },
    /// A NUL character.
    Nul,
    /// No cell says what is wanted.
    NoText,
}

impl Fault {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Quote => "OP-2210",
            Self::Ragged { .. } => "OP-2211",
            Self::TooLong { .. } => "OP-2212",
            Self::Undecodable { .. } => "OP-2213",
            Self::Nul => "OP-2214",
            Self::NoText => "OP-2215",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quote => {
                f.write_str("a quote is missing on this line; close it, or double it where it is meant as a character")
            }
            Self::Ragged { found, expected } => write!(
                f,
                "the row has {found} cells but the header has {expected}; quote cells that hold the delimiter or a line end"
            ),
            Self::TooLong { bytes } => {
                write!(f, "the row is longer than allowed ({bytes} bytes); shorten it or raise `max_row_bytes`")
            }
            Self::Undecodable { encoding } => write!(
                f,
                "the row holds bytes that are not {encoding}, in which the file is read; mend what is shown as `\u{fffd}`, save the file as UTF-8, or name its encoding under `encoding`"
            ),
            Self::Nul => f.write_str("the row holds a NUL character; remove it"),
            Self::NoText => f.write_str(
                "the row says nothing under a subject or text column; fill it in or name the column under `map`",
            ),
        }
    }
}

/// Why a whole file makes no requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Not a plain file: what it is instead.
    NotAFile(&'static str),
    /// The file cannot be opened.
    Unreadable(String),
    /// The file is larger than allowed.
    TooLarge {
        /// Its size in bytes.
        bytes: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// Nothing is in it.
    Empty,
    /// A header and no rows.
    NoRows,
    /// Not a table this source reads.
    Foreign(&'static str),
    /// Named as a workbook, and none by its first bytes.
    NoWorkbook,
    /// A workbook that cannot be read.
    Workbook(String),
    /// No row of it is good.
    AllBad {
        /// How many rows are bad.
        rows: u64,
    },
}

impl Refused {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAFile(_) => "OP-2220",
            Self::Unreadable(_) => "OP-2221",
            Self::TooLarge { .. } => "OP-2222",
            Self::Empty => "OP-2223",
            Self::NoRows => "OP-2224",
            Self::Foreign(_) => "OP-2225",
            Self::NoWorkbook | Self::Workbook(_) => "OP-2226",
            Self::AllBad { .. } => "OP-2227",
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAFile(what) => write!(f, "it is {what}; drop a plain file"),
            Self::Unreadable(why) => {
                write!(f, "it cannot be opened ({why}); let the daemon's user read it and drop it again")
            }
            Self::TooLarge { bytes, limit } => {
                write!(f, "it has {bytes} bytes and {limit} are allowed; split it or raise the limit")
            }
            Self::Empty => f.write_str("it is empty; drop a file with a header and at least one row"),
            Self::NoRows => f.write_str("it has a header and no rows; add at least one row"),
            Self::Foreign(what) => write!(f, "it is {what}; save it as .xlsx or as CSV in UTF-8"),
            Self::NoWorkbook => f.write_str(
                "it is no workbook though its name says so: an .xlsx begins with the bytes of a ZIP archive, and this does not; save it again as .xlsx, or give a table in text the ending .csv",
            ),
            Self::Workbook(why) => {
                write!(f, "the workbook cannot be read ({why}); save it again as .xlsx, or as CSV in UTF-8")
            }
            Self::AllBad { rows: 1 } => f.write_str("its only row is bad; the error file beside it says why"),
            Self::AllBad { rows } => write!(f, "none of its {rows} rows is good; the error file beside it says why"),
        }
    }
}
