//! `opspilot receipt`: the signed log of everything that happened: reading it, verifying it, taking it out of the house.

mod checkpoint;
mod export;
mod rows;
mod verify;

use super::failure::{Ended, Failure, Status};
use super::setup::Setup;
use super::table::Table;
use super::{text, view};
use crate::daemon::House;
use crate::receipt::{KeyState, Keyring, Receipt as Entry, SigningKey};
use crate::store::ReceiptRow;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::json;
use std::path::Path;

/// Receipts.
#[derive(Subcommand)]
pub(crate) enum Receipt {
    /// List receipts in order.
    List(List),
    /// Show a receipt exactly as it was signed for.
    Show {
        /// Its place in the log.
        seq: u64,
    },
    /// Verify the log, or offline an export of it. Exit status 0 proven, 3 tampered, 4 evidence missing, 5 unreadable.
    Verify(verify::Verify),
    /// Write receipts to a file that can be verified anywhere.
    Export(export::Export),
    /// Show the signed head of the log, to be kept where nobody here can change it.
    Checkpoint(checkpoint::Keep),
}

/// Which receipts.
#[derive(Args)]
pub(crate) struct List {
    /// About this request, person, token or definition.
    #[arg(long, value_name = "ID")]
    subject: Option<String>,
    /// From this place in the log on.
    #[arg(long, value_name = "SEQ", default_value_t = 1, conflicts_with = "subject")]
    from: u64,
    /// How many at most.
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u32,
}

impl Receipt {
    pub(crate) async fn run(self, setup: &Setup) -> Ended {
        match self {
            Self::Verify(verify) => return Box::pin(verify.run(setup)).await,
            Self::List(list) => setup.within(async |house| list.show(setup, house).await).await?,
            Self::Show { seq } => {
                let rows = setup.within(async |house| Ok(house.store.receipts_from(seq, 1).await?)).await?;
                let row = rows.first().filter(|row| row.seq == seq);
                let row = row.ok_or_else(|| {
                    Failure::failed(format!("there is no receipt {seq}; list them to see what there is (OP-3001)"))
                })?;
                setup.out.bytes(&[&row.bytes[..], b"\n"].concat())?;
            }
            Self::Export(export) => Box::pin(setup.within(async |house| export.act(setup, house).await)).await?,
            Self::Checkpoint(keep) => setup.within(async |house| keep.act(setup, house).await).await?,
        }
        Ok(Status::Done)
    }
}

impl List {
    async fn show(self, setup: &Setup, house: &House) -> Result<(), Failure> {
        let rows: Vec<ReceiptRow> = match &self.subject {
            Some(subject) => house.store.receipts_of(subject).await?,
            None => house.store.receipts_from(self.from.max(1), self.limit).await?,
        };
        if setup.out.json {
            return setup.out.json(&json!({ "items": rows.iter().map(view::receipt).collect::<Vec<_>>() }));
        }
        let table = Table::new(&["seq", "at", "kind", "subject", "actor"]);
        // An identifier stands whole; the digest that names a workflow is longer.
        let mut table = table.gives(&[("subject", 30), ("actor", 12)]).spares(&["actor", "at"]);
        for row in &rows {
            let Some(receipt) = Entry::from_bytes(&row.bytes) else {
                table.row([row.seq.to_string(), String::new(), "unreadable".into(), String::new(), String::new()]);
                continue;
            };
            let at = Timestamp::from_microsecond(receipt.at).map(text::time).unwrap_or_default();
            table.row([row.seq.to_string(), at, receipt.kind, receipt.subject, receipt.actor]);
        }
        setup.out.table(&table)?;
        if self.subject.is_none() && rows.len() as u64 == u64::from(self.limit) {
            setup.out.say(&format!("there may be more: add `--from {}`", rows.last().map_or(1, |row| row.seq + 1)));
        }
        Ok(())
    }
}

/// The public half of the key that this installation signs with, as its configuration names it.
fn own_key(file: &Path) -> Result<Keyring, Failure> {
    let text = std::fs::read_to_string(file).map_err(|cause| Failure::unreadable(file, &cause))?;
    let key = SigningKey::from_text(text.trim()).map_err(|cause| Failure::usage(cause.to_string()))?;
    Ok(Keyring::pinned(vec![(key.verifier().clone(), KeyState::Active)]))
}

/// Keys as given: a file of keys, or one key itself.
fn given_keys(given: &str) -> Result<Keyring, Failure> {
    let path = Path::new(given);
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(_) if given.contains('+') => given.to_owned(),
        Err(cause) => return Err(Failure::unreadable(path, &cause)),
    };
    Keyring::parse(&text).map_err(|cause| Failure::usage(cause.to_string()))
}

/// The leaf hash stored beside a receipt; one that is none is told from every true one.
fn leaf(row: &ReceiptRow) -> crate::receipt::Hash {
    row.leaf.as_slice().try_into().unwrap_or_default()
}
