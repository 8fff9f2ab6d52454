//! `opspilot receipt export`: receipts in a file that anybody can verify with nothing but a key. INVARIANT: an export covers exactly what
//! the head it carries was signed over.

use super::{leaf, own_key};
use crate::cli::failure::Failure;
use crate::cli::setup::Setup;
use crate::cli::text;
use crate::daemon::House;
use crate::domain::id::PermitId;
use crate::policy::{Action, Ask, Resource};
use crate::receipt::Prover;
use crate::receipt::export::{Header, Writer};
use crate::store::{ReceiptRow, Store};
use clap::Args;
use std::fs::OpenOptions;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Receipts that are read at a time.
const PAGE: u32 = 2000;

/// Write receipts to a file that can be verified anywhere.
#[derive(Args)]
pub(crate) struct Export {
    /// Only the receipts about this request, person, token or definition, each with its proof.
    #[arg(long, value_name = "ID")]
    subject: Option<String>,
    /// Write to this new file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Export {
    pub(super) async fn act(self, setup: &Setup, house: &House) -> Result<(), Failure> {
        let principal = setup.principal(house).await?;
        let resource = Resource::system();
        let id = PermitId::new(house.clock.now(), house.store.chance());
        let ask = Ask { principal: &principal, action: Action::ReceiptExport, resource: &resource };
        let _leave_to_export =
            house.policies.permit(&ask, id.to_string()).map_err(|denied| Failure::failed(denied.to_string()))?;

        let keys = own_key(&house.settings.receipts.key_file)?;
        let head = house.store.log_head().await?;
        let head = head.ok_or_else(|| Failure::failed("the log has no head yet; nothing has happened (OP-6021)"))?;
        let size = keys.open(&head.note).map_err(|cause| Failure::failed(cause.to_string()))?.checkpoint.size();
        let tool = concat!("opspilot ", env!("CARGO_PKG_VERSION"));
        let header = Header::new(&head.note, &keys, tool, self.subject.as_deref())
            .map_err(|cause| Failure::failed(cause.to_string()))?;
        let failed = |cause: io::Error| self.failed(&cause);
        let mut writer = Writer::begin(self.open()?, header).map_err(failed)?;
        let bar = setup.out.bar(size, "receipts");
        let mut many = 0_u64;
        match &self.subject {
            None => {
                let mut next = 1;
                while let Some(rows) = page(&house.store, next, size).await? {
                    for row in &rows {
                        writer.push(row.seq, &row.bytes, &leaf(row)).map_err(failed)?;
                        many += 1;
                    }
                    next = rows.last().map_or(next, |row| row.seq) + 1;
                    bar.set_position(next);
                }
            }
            Some(subject) => {
                let mut rows = house.store.receipts_of(subject).await?;
                rows.retain(|row| row.seq <= size);
                let places: Vec<u64> = rows.iter().map(|row| row.seq - 1).collect();
                let mut prover = Prover::new(size, &places, &[]);
                let mut next = 1;
                while let Some(page) = page(&house.store, next, size).await? {
                    page.iter().for_each(|row| prover.push(leaf(row)));
                    next = page.last().map_or(next, |row| row.seq) + 1;
                    bar.set_position(next);
                }
                for row in &rows {
                    let path = prover.inclusion(row.seq - 1);
                    let path = path.ok_or_else(|| {
                        Failure::failed(
                            "the log has gaps, so nothing in it can be proven; run `opspilot receipt verify` (OP-6011)",
                        )
                    })?;
                    writer.push_proven(row.seq, &row.bytes, &leaf(row), &path).map_err(failed)?;
                    many += 1;
                }
            }
        }
        writer.end().map_err(failed)?;
        bar.finish_and_clear();
        if let Some(path) = &self.output {
            let many = text::grouped(many);
            setup.out.say(&format!(
                "{many} receipts in {}; verify it with `opspilot receipt verify {}`",
                path.display(),
                path.display()
            ));
        }
        Ok(())
    }

    fn open(&self) -> Result<Box<dyn Write>, Failure> {
        let Some(path) = &self.output else { return Ok(Box::new(BufWriter::new(io::stdout()))) };
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(path)
            .map_err(|cause| Failure::unwritable(path, &cause))?;
        Ok(Box::new(BufWriter::with_capacity(1 << 16, file)))
    }

    fn failed(&self, cause: &io::Error) -> Failure {
        self.output.as_deref().map_or_else(|| Failure::output(cause), |path: &Path| Failure::unwritable(path, cause))
    }
}

/// The next receipts up to the size of the head, in order.
async fn page(store: &Store, next: u64, size: u64) -> Result<Option<Vec<ReceiptRow>>, Failure> {
    if next > size {
        return Ok(None);
    }
    let mut rows = store.receipts_from(next, PAGE).await?;
    rows.retain(|row| row.seq <= size);
    Ok(if rows.is_empty() { None } else { Some(rows) })
}
