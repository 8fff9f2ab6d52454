//! Files that people hand in: what they are, and the envelopes in them. Own file because `submit`, `brief draft` and `screen` read them
//! alike. INVARIANT: a table or a JSON document is read by the same connector that reads it when it arrives by itself.

use super::bad_rows::BadRows;
use super::failure::{Failure, Status};
use super::setup;
use crate::clock::{Entropy as _, SystemClock, SystemEntropy};
use crate::daemon;
use clap::ValueEnum;
use jiff::Timestamp;
use opspilot_sdk::{
    Attachment, BuildContext, Built, Content, DedupKey, Delivery, Envelope, Settled, Source, sha256_hex,
};
use serde_json::json;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Largest file that is read in by hand, in bytes.
const MOST_BYTES: u64 = 64 << 20;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// An e-mail message as saved.
    Eml,
    /// Fields of a form.
    Json,
    /// A table, a request per row.
    Csv,
    /// What a person wrote.
    Text,
}

/// A file as it was given.
pub(crate) struct Given {
    /// Its name for people.
    pub(crate) name: String,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
    kind: Kind,
}

/// What was found in a file.
#[derive(Debug)]
pub(crate) struct Contents {
    /// One envelope, or one for each good row of a table; none when every row is bad.
    pub(crate) envelopes: Vec<Envelope>,
    /// The other rows of a table.
    pub(crate) bad: BadRows,
}

impl From<Envelope> for Contents {
    fn from(only: Envelope) -> Self {
        Self { envelopes: vec![only], bad: BadRows::default() }
    }
}

impl Given {
    /// Reads a file, or standard input for `-`. Without `kind` its name decides, then its first character.
    ///
    /// # Errors
    /// When it cannot be read or is too large.
    pub(crate) fn read(path: &Path, kind: Option<Kind>) -> Result<Self, Failure> {
        let mut bytes = Vec::new();
        let from_input = path == Path::new("-");
        let read = if from_input {
            std::io::stdin().lock().take(MOST_BYTES + 1).read_to_end(&mut bytes)
        } else {
            std::fs::File::open(path).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes))
        };
        read.map_err(|cause| Failure::unreadable(path, &cause))?;
        let name = if from_input { "standard input".to_owned() } else { path.display().to_string() };
        if bytes.len() as u64 > MOST_BYTES {
            return Err(Failure::new(
                Status::Unreadable,
                format!("`{name}` is larger than 64 MiB; hand in a part of it (OP-9108)"),
            ));
        }
        let kind = kind.unwrap_or_else(|| guess(path, &bytes));
        Ok(Self { name, bytes, kind })
    }

    /// A file that is in memory already.
    pub(crate) fn of(name: &str, bytes: Vec<u8>, kind: Kind) -> Self {
        Self { name: name.to_owned(), bytes, kind }
    }

    /// The envelopes in it: one, or one for each good row of a table, whose bad rows must be told by whoever asks.
    ///
    /// # Errors
    /// When it is not what its kind says.
    pub(crate) async fn contents(self, now: Timestamp) -> Result<Contents, Failure> {
        match self.kind {
            Kind::Csv => table(&self).await,
            Kind::Json => Ok(document(&self, now)?.into()),
            Kind::Eml => Ok(plain(self.bytes, "message/rfc822", Content::Message, now).into()),
            Kind::Text => {
                let text = String::from_utf8(self.bytes).map_err(|_| {
                    unreadable(&self.name, "it is no UTF-8 text; convert it, or say what it is with `--type`")
                })?;
                Ok(plain(text.clone().into_bytes(), "text/plain", Content::Text(text), now).into())
            }
        }
    }
}

/// A file that comes along with a request.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn attachment(path: &Path) -> Result<Attachment, Failure> {
    let bytes = std::fs::read(path).map_err(|cause| Failure::unreadable(path, &cause))?;
    let name = path.file_name().map_or_else(|| "attachment".to_owned(), |name| name.to_string_lossy().into_owned());
    Ok(Attachment { name, media_type: "application/octet-stream".to_owned(), bytes })
}

/// Gives an envelope its files. They count towards what makes a repeat.
pub(crate) fn attach(envelope: &mut Envelope, files: Vec<Attachment>) {
    if files.is_empty() {
        return;
    }
    let digests: Vec<String> = files.iter().map(|file| sha256_hex(&file.bytes)).collect();
    envelope.key = DedupKey::new(format!("{}+{}", envelope.key.as_str(), sha256_hex(digests.concat().as_bytes())));
    envelope.attachments.extend(files);
}

fn guess(path: &Path, bytes: &[u8]) -> Kind {
    let extension = path.extension().map(|extension| extension.to_ascii_lowercase());
    match extension.as_deref().and_then(|extension| extension.to_str()) {
        Some("eml") => Kind::Eml,
        Some("json") => Kind::Json,
        Some("csv" | "tsv" | "xlsx") => Kind::Csv,
        None if bytes.trim_ascii_start().starts_with(b"{") => Kind::Json,
        _ => Kind::Text,
    }
}

/// By hand the bytes themselves tell a repeat: handing the same file in twice makes one request.
fn plain(raw: Vec<u8>, media_type: &str, content: Content, now: Timestamp) -> Envelope {
    let key = DedupKey::new(format!("sha256:{}", sha256_hex(&raw)));
    Envelope {
        key,
        external_id: None,
        received_at: now,
        media_type: media_type.to_owned(),
        raw,
        content,
        attachments: Vec::new(),
    }
}

fn unreadable(name: &str, why: &str) -> Failure {
    Failure::new(Status::Unreadable, format!("cannot read `{name}`: {why} (OP-9108)"))
}

fn build(kind: &str, options: serde_json::Value, folder: PathBuf, name: &str) -> Result<Built, Failure> {
    let context = BuildContext { name: "by-hand".to_owned(), data_dir: folder, clock: Arc::new(SystemClock) };
    let prepared = daemon::registry().validate(kind, options);
    let prepared = prepared.ok_or_else(|| unreadable(name, &format!("this program has no connector `{kind}`")))?;
    let prepared = prepared.map_err(|problems| unreadable(name, &problems.to_string()))?;
    prepared.build(context).map_err(|cause| unreadable(name, &cause.to_string()))
}

fn document(given: &Given, now: Timestamp) -> Result<Envelope, Failure> {
    let limit = given.bytes.len().max(1024);
    let options = json!({ "verify": "none", "max_body_bytes": limit });
    let Built::Pushed(receiver) = build("webhook", options, PathBuf::new(), &given.name)? else {
        return Err(unreadable(&given.name, "JSON is not taken"));
    };
    let headers = [("content-type".to_owned(), b"application/json".to_vec())];
    let (method, target, base_url) = ("POST", "/", "");
    let delivery = Delivery { headers: &headers, method, target, base_url, from_loopback: true, body: &given.bytes };
    receiver.receive(&delivery, now).map_err(|refusal| unreadable(&given.name, &refusal.message))
}

/// Lets the drop folder's connector read the table, in a folder of its own that goes away afterwards.
async fn table(given: &Given) -> Result<Contents, Failure> {
    let mut random = [0; 8];
    SystemEntropy::default().fill(&mut random);
    let folder = std::env::temp_dir().join(format!("opspilot-{}", sha256_hex(&random).get(..16).unwrap_or_default()));
    setup::private_folder(&folder.join("drop"))?;
    let outcome = Box::pin(rows(given, &folder)).await;
    // What cannot be removed is the system's to clean up; the rows were read all the same.
    let _ = std::fs::remove_dir_all(&folder);
    outcome
}

async fn rows(given: &Given, folder: &Path) -> Result<Contents, Failure> {
    let drop = folder.join("drop");
    let name = if given.bytes.starts_with(b"PK") { "table.xlsx" } else { "table.csv" };
    let path = drop.join(name);
    std::fs::write(&path, &given.bytes).map_err(|cause| Failure::unwritable(&path, &cause))?;
    let Built::Pulled(mut source) =
        build("csv_drop", json!({ "dir": "drop", "settle_secs": 0 }), folder.to_owned(), &given.name)?
    else {
        return Err(unreadable(&given.name, "tables are not taken"));
    };
    let outcome = drain(source.as_mut(), folder).await.map_err(|why| unreadable(&given.name, &why));
    source.close().await;
    let envelopes = outcome?;
    let beside = |what: &str| left(&drop.join("errors").join(format!("{name}.{what}")));
    let errors = beside("errors.csv").map_err(|why| unreadable(&given.name, &why))?;
    let bad = BadRows::of(&given.name, envelopes.len(), &errors.unwrap_or_default());
    if envelopes.is_empty() && bad.rows.is_empty() {
        let reason = beside("reason.txt").map_err(|why| unreadable(&given.name, &why))?;
        return Err(
            match reason.as_deref().and_then(|reason| reason.strip_prefix(&format!("`{name}` is refused: "))) {
                // It ends with the code of the connector.
                Some(reason) => Failure::new(Status::Unreadable, format!("cannot read `{}`: {reason}", given.name)),
                None => unreadable(&given.name, reason.as_deref().unwrap_or("no row of it asks for anything")),
            },
        );
    }
    Ok(Contents { envelopes, bad })
}

/// What the connector left beside the table, if anything.
fn left(path: &Path) -> Result<Option<String>, String> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(format!("which of its rows are bad is lost: {cause}")),
    }
}

async fn drain(source: &mut dyn Source, folder: &Path) -> Result<Vec<Envelope>, String> {
    let (mut envelopes, mut cursor) = (Vec::new(), None);
    // A table that stands still is taken at the second look; a settle time of nought needs no more than a few.
    let mut idle = 0;
    while idle < 50 {
        let batch = source.poll(cursor.clone(), 500).await.map_err(|cause| cause.to_string())?;
        cursor = batch.cursor.or(cursor);
        idle = if batch.envelopes.is_empty() { idle + 1 } else { 0 };
        envelopes.extend(batch.envelopes);
        if let Some(id) = batch.id {
            source.settle(id, Settled::Committed).await.map_err(|cause| cause.to_string())?;
        }
        if is_through(&folder.join("drop")) {
            return Ok(envelopes);
        }
        if let Some(wait) = batch.again_in {
            tokio::time::sleep(wait.min(std::time::Duration::from_millis(100))).await;
        }
    }
    Err("reading it came to no end; try again".to_owned())
}

/// Whether the table has left the folder and what is being read.
fn is_through(drop: &Path) -> bool {
    let holds = |folder: &Path, wanted: fn(&Path) -> bool| {
        std::fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(|entry| wanted(&entry.path())))
    };
    !holds(drop, Path::is_file) && !holds(&drop.join(".claimed"), |_| true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(name: &str, text: &str) -> Given {
        Given { name: name.into(), bytes: text.as_bytes().to_vec(), kind: guess(Path::new(name), text.as_bytes()) }
    }

    #[test]
    fn the_name_says_what_a_file_is() {
        let kinds = ["a.eml", "a.JSON", "a.csv", "a.txt", "-"].map(|name| given(name, "{}").kind);
        assert_eq!(kinds, [Kind::Eml, Kind::Json, Kind::Csv, Kind::Text, Kind::Json]);
        assert_eq!(given("-", "hello").kind, Kind::Text);
    }

    #[tokio::test]
    async fn json_is_read_as_a_form_would_be() {
        let text = r#"{"name": "Ada", "email": "ada@example.org", "message": "two seats, please"}"#;
        let envelopes = given("a.json", text).contents(Timestamp::UNIX_EPOCH).await.unwrap().envelopes;
        let Content::Fields(fields) = &envelopes[0].content else { panic!("no fields") };
        assert_eq!((fields.name.as_deref(), fields.text.as_deref()), (Some("Ada"), Some("two seats, please")));
        let refused = given("a.json", "{").contents(Timestamp::UNIX_EPOCH).await.unwrap_err();
        assert_eq!(refused.status, Status::Unreadable);
    }

    #[tokio::test]
    async fn a_table_is_a_request_per_row() {
        let text = "name,message\nAda,two seats\nBo,a refund\n";
        let envelopes = given("a.csv", text).contents(Timestamp::UNIX_EPOCH).await.unwrap().envelopes;
        assert_eq!(envelopes.len(), 2);
        let empty = given("a.csv", "\n").contents(Timestamp::UNIX_EPOCH).await.unwrap_err();
        assert_eq!(empty.status, Status::Unreadable);
    }

    #[tokio::test]
    async fn bad_rows_are_told_beside_the_good_ones() {
        let text = "name,message\nAda,\"two seats\nBo,a refund\nCy,one,too many\n";
        let contents = given("a.csv", text).contents(Timestamp::UNIX_EPOCH).await.unwrap();
        assert_eq!((contents.envelopes.len(), contents.bad.rows.len()), (1, 2));
        let told = contents.bad.failure().unwrap().shown();
        assert!(told[0].starts_with("error OP-2210: `a.csv` line 2: a quote is missing"), "{}", told[0]);
        assert!(told[0].ends_with("it reads `Ada,\"two seats`"), "{}", told[0]);
        assert!(told[1].starts_with("error OP-2211: `a.csv` line 4: "), "{}", told[1]);
    }

    #[tokio::test]
    async fn a_table_without_a_good_row_is_refused_under_its_own_name() {
        let bad = given("a.csv", "name,message\nAda,\n").contents(Timestamp::UNIX_EPOCH).await.unwrap();
        assert_eq!(bad.bad.failure().unwrap().lines.len(), 2);
        let bare = given("my.csv", "name,message\n").contents(Timestamp::UNIX_EPOCH).await.unwrap_err().shown();
        assert_eq!(bare, ["error OP-2224: cannot read `my.csv`: it has a header and no rows; add at least one row"]);
    }

    #[tokio::test]
    async fn the_same_text_twice_has_one_key_and_files_count() {
        let once = given("a.txt", "two seats").contents(Timestamp::UNIX_EPOCH).await.unwrap().envelopes.remove(0);
        let mut again = given("b.txt", "two seats").contents(Timestamp::UNIX_EPOCH).await.unwrap().envelopes.remove(0);
        assert_eq!(once.key, again.key);
        attach(&mut again, vec![Attachment { name: "plan".into(), media_type: "text/plain".into(), bytes: vec![1] }]);
        assert_ne!(once.key, again.key);
    }
}
