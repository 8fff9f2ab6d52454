//! A small runtime around a drop folder: it commits envelopes and position together, settles, and can be stopped anywhere.
//! Own file because several tests of the source need the same world.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};
use opspilot_csv_drop::{CsvDrop, Options};
use opspilot_sdk::{
    BuildContext, Built, Clock, ConnectorError, Content, Cursor, Envelope, ErrorKind, Settled, Source, Spec,
};
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

pub(crate) struct Hand(Mutex<Timestamp>);

impl Hand {
    pub(crate) fn advance_ms(&self, ms: i64) {
        let mut now = self.0.lock().unwrap();
        *now += SignedDuration::from_millis(ms);
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

pub(crate) struct World {
    folder: TempDir,
    options: String,
    pub(crate) clock: Arc<Hand>,
    source: Box<dyn Source>,
    pub(crate) cursor: Option<Cursor>,
    pub(crate) limit: usize,
    pub(crate) committed: Vec<Envelope>,
    keys: HashSet<String>,
    pub(crate) errors: Vec<ConnectorError>,
    /// What went wrong in settling.
    pub(crate) unsettled: Vec<ConnectorError>,
    pub(crate) refuse_every_other: bool,
    pub(crate) steps_since_taken: usize,
    pub(crate) handed_out_after_commit: usize,
    batches: usize,
    /// Where the next batch is cut off: 1 before the commit, 2 before the settling.
    stop: u8,
}

impl World {
    pub(crate) fn new(extra: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let clock = Arc::new(Hand(Mutex::new("2026-03-02T08:00:00.5Z".parse().unwrap())));
        let options = format!("{{\"dir\": \"drop\"{extra}}}");
        let source = build(&options, &folder, &clock);
        Self {
            folder,
            options,
            clock,
            source,
            cursor: None,
            limit: 100,
            committed: Vec::new(),
            keys: HashSet::new(),
            errors: Vec::new(),
            unsettled: Vec::new(),
            refuse_every_other: false,
            steps_since_taken: 0,
            handed_out_after_commit: 0,
            batches: 0,
            stop: 0,
        }
    }

    pub(crate) fn dir(&self) -> PathBuf {
        self.folder.path().join("drop")
    }

    pub(crate) fn drop(&self, name: &str, text: &str) {
        self.drop_bytes(name, text.as_bytes());
    }

    pub(crate) fn drop_bytes(&self, name: &str, bytes: &[u8]) {
        fs::write(self.dir().join(name), bytes).unwrap();
    }

    pub(crate) fn open_for_append(&self, name: &str) -> File {
        File::options().append(true).open(self.dir().join(name)).unwrap()
    }

    pub(crate) fn append_to(&self, mut file: &File, text: &str) {
        file.write_all(text.as_bytes()).unwrap();
    }

    pub(crate) fn append(&self, name: &str, text: &str) {
        self.append_to(&self.open_for_append(name), text);
    }

    pub(crate) fn restart(&mut self) {
        self.source = build(&self.options, &self.folder, &self.clock);
    }

    /// Stops the daemon: 0 between two steps, 1 before the commit of the next batch, 2 after it, 3 after the settling.
    pub(crate) fn crash(&mut self, stage: u8) {
        if stage == 1 || stage == 2 {
            self.stop = stage;
            for _ in 0..6 {
                self.tick();
                if self.stop == 0 {
                    return;
                }
            }
            self.stop = 0;
        }
        if stage == 3 {
            self.tick();
        }
        self.restart();
    }

    pub(crate) fn check(&self) -> Result<(), ConnectorError> {
        self.source.check().now_or_never().expect("file work never waits")
    }

    /// One step of the daemon; whether there was anything to do.
    pub(crate) fn step(&mut self) -> bool {
        let polled = self.source.poll(self.cursor.clone(), self.limit).now_or_never().expect("file work never waits");
        self.steps_since_taken +=
            usize::from(fs::read_dir(self.dir().join(".claimed")).is_ok_and(|mut entries| entries.next().is_some()));
        let batch = match polled {
            Ok(batch) => batch,
            Err(error) => {
                assert!(error.kind == ErrorKind::Rejected || error.kind == ErrorKind::Misconfigured, "{error}");
                self.errors.push(error);
                return true;
            }
        };
        assert!(batch.envelopes.len() <= self.limit);
        let busy = batch.again_in.is_none() || batch.id.is_some() || !self.waiting().is_empty();
        let Some(id) = batch.id else {
            assert!(batch.envelopes.is_empty());
            return busy;
        };
        self.batches += 1;
        if self.stop == 1 {
            self.stop = 0;
            self.restart();
            return true;
        }
        if self.refuse_every_other && self.batches % 2 == 1 {
            let returned = Settled::Returned { reason: "full".to_owned() };
            self.source.settle(id, returned).now_or_never().expect("file work never waits").unwrap();
            return true;
        }
        for envelope in batch.envelopes {
            if self.keys.insert(envelope.key.as_str().to_owned()) {
                self.committed.push(envelope);
            } else {
                self.handed_out_after_commit += 1;
            }
        }
        self.cursor = batch.cursor;
        if self.stop == 2 {
            self.stop = 0;
            self.restart();
            return true;
        }
        let settled = self.source.settle(id, Settled::Committed).now_or_never().expect("file work never waits");
        self.unsettled.extend(settled.err());
        true
    }

    pub(crate) fn tick(&mut self) {
        self.step();
        self.clock.advance_ms(700);
    }

    /// Until nothing is left to do.
    pub(crate) fn run(&mut self) {
        let mut idle = 0;
        for _ in 0..10_000 {
            idle = if self.step() { 0 } else { idle + 1 };
            self.clock.advance_ms(700);
            if idle > 12 {
                return;
            }
        }
        panic!("it never comes to rest: {:?}", self.listing());
    }

    fn waiting(&self) -> Vec<String> {
        let claimed = fs::read_dir(self.dir().join(".claimed")).into_iter().flatten();
        claimed.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    }

    pub(crate) fn texts(&self) -> Vec<String> {
        let text = |envelope: &Envelope| match &envelope.content {
            Content::Fields(fields) => fields.text.clone().or(fields.subject.clone()).unwrap_or_default(),
            other => panic!("a row has fields, not {other:?}"),
        };
        self.committed.iter().map(text).collect()
    }

    pub(crate) fn codes(&self) -> Vec<&'static str> {
        self.errors.iter().map(|error| error.code).collect()
    }

    /// Files under `done` and `errors`.
    pub(crate) fn listing(&self) -> Vec<String> {
        let mut out = Vec::new();
        for folder in ["done", "errors"] {
            for entry in fs::read_dir(self.dir().join(folder)).unwrap() {
                out.push(format!("{folder}/{}", entry.unwrap().file_name().to_string_lossy()));
            }
        }
        out.sort_unstable();
        out
    }

    pub(crate) fn table(&self, path: &str) -> Vec<Vec<String>> {
        let mut reader = csv::Reader::from_path(self.dir().join(path)).unwrap();
        assert_eq!(reader.headers().unwrap(), vec!["line", "code", "reason", "original"]);
        reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
    }
}

fn build(options: &str, folder: &TempDir, clock: &Arc<Hand>) -> Box<dyn Source> {
    let options: Options = serde_json::from_str(options).unwrap();
    let settings = CsvDrop::validate(options).unwrap();
    let context = BuildContext { name: "folder".to_owned(), data_dir: folder.path().to_owned(), clock: clock.clone() };
    match CsvDrop::build(settings, context).unwrap() {
        Built::Pulled(source) => source,
        Built::Pushed(_) => panic!("a folder is pulled"),
    }
}

/// A workbook as ECMA-376 has it, with nothing in it that is not needed. Style 1 is a date with time.
pub(crate) fn workbook(sheets: &[(&str, &str)]) -> Vec<u8> {
    let (mut list, mut relations, mut types) = (String::new(), String::new(), String::new());
    let mut files = Vec::new();
    for (index, (name, rows)) in sheets.iter().enumerate() {
        let number = index + 1;
        list.push_str(&format!(r#"<sheet name="{name}" sheetId="{number}" r:id="rId{number}"/>"#));
        relations.push_str(&format!(
            r#"<Relationship Id="rId{number}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet{number}.xml"/>"#
        ));
        types.push_str(&format!(
            r#"<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>"#
        ));
        files.push((
            format!("xl/worksheets/sheet{number}.xml"),
            format!(r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>"#),
        ));
    }
    relations.push_str(r#"<Relationship Id="rIdS" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/>"#);
    files.push(("xl/styles.xml".to_owned(), r#"<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="22" applyNumberFormat="1"/></cellXfs></styleSheet>"#.to_owned()));
    files.push(("xl/workbook.xml".to_owned(), format!(r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>{list}</sheets></workbook>"#)));
    files.push(("xl/_rels/workbook.xml.rels".to_owned(), format!(r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{relations}</Relationships>"#)));
    files.push(("_rels/.rels".to_owned(), r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#.to_owned()));
    files.push(("[Content_Types].xml".to_owned(), format!(r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/>{types}</Types>"#)));
    zipped(files.iter().map(|(name, text)| (name.as_str(), text.as_bytes().to_vec())).collect())
}

/// A workbook that inflates to much more than it weighs.
pub(crate) fn zip_bomb() -> Vec<u8> {
    zipped(vec![("xl/workbook.xml", vec![b' '; 120 * 1024 * 1024])])
}

fn zipped(files: Vec<(&str, Vec<u8>)>) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(name, zip::write::SimpleFileOptions::default().compression_level(Some(1))).unwrap();
        writer.write_all(&bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}
