//! `opspilot request erase`: what requests said goes, for good. Own file because it is the one command that takes something off the record.
//! INVARIANT: without `--yes` it only says what would go.

use super::failure::{Failure, Status};
use super::ids::Named;
use super::setup::Setup;
use super::text::count;
use crate::daemon::House;
use crate::domain::erasure::ErasureReason;
use crate::store::{Erased, StoreError};
use clap::Args;
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser as _;
use serde_json::{Value, json};

/// Which, and why.
#[derive(Args)]
pub(crate) struct Erase {
    /// Requests, runs or briefs.
    #[arg(required = true, value_name = "ID")]
    ids: Vec<Named>,
    /// Why: the person asked for it, the time agreed is over, or it should never have been kept.
    #[arg(long, value_name = "WORD", value_parser = reasons())]
    reason: ErasureReason,
    /// Also where something of it was written into a system outside and not taken back: it stays there.
    #[arg(long)]
    leave_writes: bool,
    /// Do it; without this, what would go is shown and nothing is changed.
    #[arg(long)]
    yes: bool,
}

fn reasons() -> impl clap::builder::TypedValueParser<Value = ErasureReason> {
    PossibleValuesParser::new(ErasureReason::ALL.map(ErasureReason::as_str))
        .try_map(|word| word.parse::<ErasureReason>())
}

impl Erase {
    pub(super) async fn run(self, setup: &Setup, house: &House) -> Result<(), Failure> {
        if !self.yes {
            return self.preview(setup, house).await;
        }
        let principal = setup.principal(house).await?;
        let (mut done, mut refused) = (Vec::new(), None);
        for id in &self.ids {
            match house.review.erase(&principal, id.request(), self.reason, self.leave_writes).await {
                Ok(erased) => done.push((id, erased)),
                Err(cause) => {
                    refused = Some(Failure::from(cause));
                    break;
                }
            }
        }
        if !done.is_empty() {
            setup.out.say("writing the database anew, so that nothing is left between its rows");
            let cleared = house.store.rewrite().await;
            self.tell(setup, &done, cleared.is_ok())?;
            cleared.map_err(left_over)?;
        }
        refused.map_or(Ok(()), Err)
    }

    fn tell(&self, setup: &Setup, done: &[(&Named, Erased)], rewritten: bool) -> Result<(), Failure> {
        if setup.out.json {
            let one = |(id, erased): &(&Named, Erased)| -> Value {
                json!({
                    "request": id.request().as_str(), "before": erased.before, "revisions": erased.revisions, "files": erased.files,
                    "letters": erased.letters, "alike": erased.alike,
                })
            };
            return setup
                .out
                .json(&json!({ "erased": done.iter().map(one).collect::<Vec<_>>(), "rewritten": rewritten }));
        }
        for (id, erased) in done {
            let what = if erased.before { "had been erased before".to_owned() } else { told(erased) };
            setup.out.text(&format!("{} {what}", id.request()))?;
            if !erased.alike.is_empty() {
                setup.out.say(&format!(
                    "{} the same, and not erased: {}",
                    says(&erased.alike),
                    erased.alike.join(", ")
                ));
            }
        }
        Ok(())
    }

    async fn preview(self, setup: &Setup, house: &House) -> Result<(), Failure> {
        for id in &self.ids {
            let view = house.store.request(id.request()).await?;
            let revisions = match house.store.revisions(&id.brief()).await {
                Err(StoreError::Erased { .. }) => 0,
                revisions => revisions?.len(),
            };
            let files = house.store.files(id.request()).await?.len();
            let (request, state) = (id.request(), view.state);
            let (revisions, files) = (count(revisions, "revision"), count(files, "file"));
            setup.out.say(&format!(
                "{request} ({state}): its text and bytes, {files}, {revisions} of its brief, every letter about it"
            ));
        }
        Err(Failure::usage("nothing was erased; what goes cannot be brought back: add `--yes` to do it (OP-9124)"))
    }
}

fn told(erased: &Erased) -> String {
    let all = [(erased.files, "file"), (erased.revisions, "revision"), (erased.letters, "letter")];
    let counts = all.map(|(number, what)| count(usize::try_from(number).unwrap_or(usize::MAX), what));
    format!("was erased: its text and bytes, {}", counts.join(", "))
}

fn says(alike: &[String]) -> &'static str {
    if alike.len() == 1 { "says" } else { "say" }
}

/// The rows are gone, and what the file holds between its rows may not be.
fn left_over(cause: StoreError) -> Failure {
    let cause = match cause {
        StoreError::Unavailable { reason } => reason,
        other => other.to_string(),
    };
    Failure::new(
        Status::Failed,
        format!(
            "erased, but the database file may still hold traces: {cause}; run the same command again when that is mended (OP-9125)"
        ),
    )
}
