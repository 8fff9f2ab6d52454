//! The csv_drop source: a folder into which people drop tables, `.csv` of any dialect and encoding or `.xlsx`; every row becomes
//! one request. It takes only files that stand still, reads them in constant memory, puts bad rows into an error file and moves
//! what is through. INVARIANT: the key of a row is the digest of its file and its place in it, so that the same file dropped
//! twice, under whatever name, makes nothing twice, while two equal rows of one file are two requests.

mod charset;
mod dialect;
mod ending;
mod errors;
mod fault;
mod folder;
mod header;
mod names;
mod options;
mod reader;
mod records;
mod row;
mod source;
mod table;
mod taking;
mod text;
mod workbook;

pub use charset::{Charset, Probe};
pub use dialect::{Dialect, Escape, announced, detect, detect_quoting};
pub use fault::{Fault, Refused};
pub use options::{Names, Options, Settings};
pub use records::{Found, Record, Records};
pub use table::{Table, read_table};

use opspilot_sdk::{BuildContext, Built, ConnectorError, Ground, Grounds, Lane, Problems, Spec};

/// The connector kind `csv_drop`.
#[derive(Clone, Copy, Debug)]
pub struct CsvDrop;

impl Spec for CsvDrop {
    const KIND: &'static str = "csv_drop";
    const LANE: Lane = Lane::Bulk;
    type Built = Built;
    type Options = Options;
    type Settings = Settings;

    fn validate(options: Options) -> Result<Settings, Problems> {
        options::validate(options)
    }

    fn grounds(settings: &Settings) -> Grounds {
        let (dir, done, errors) = (settings.dir.clone(), settings.done_dir.clone(), settings.error_dir.clone());
        let folder = folder::Folder::new(dir, done, errors);
        let place = |key, path: &std::path::Path| (key, Ground::Folder(path.to_owned()));
        Grounds {
            takes: vec![place("dir", &folder.dir)],
            leaves: folder.leaves().map(|(key, path)| place(key, &path)).into(),
        }
    }

    fn build(settings: Settings, context: BuildContext) -> Result<Built, ConnectorError> {
        let source = source::CsvDrop::new(settings, &context);
        source.folder().ensure()?;
        Ok(Built::Pulled(Box::new(source)))
    }
}
