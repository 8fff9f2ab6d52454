//! The csv_drop source: a folder into which people drop tables.

mod charset;
mod dialect;
mod fault;
mod records;
mod table;
mod text;

pub use charset::{Charset, Probe};
pub use dialect::{Dialect, Escape, announced, detect, detect_quoting};
pub use fault::{Fault, Refused};
pub use records::{Found, Record, Records};
pub use table::{Table, read_table};
