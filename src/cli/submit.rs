//! `opspilot submit`: hands requests in by hand, through the same door as every source. INVARIANT: what is reported as accepted is on
//! disk; what is not is reported too, row by row, also when the store gives out in the middle; handing the same file in again makes
//! nothing twice.

use super::bad_rows::BadRows;
use super::failure::{Ended, Failure, Status};
use super::reading::{self, Contents, Given, Kind};
use super::setup::Setup;
use super::text;
use crate::intake::Door;
use crate::store::Accepted;
use clap::Args;
use opspilot_sdk::Lane;
use serde_json::json;
use std::path::PathBuf;

/// Source of what is handed in by hand, unless another is named.
pub(super) const BY_HAND: &str = "submit";

/// Hand a request in by hand.
#[derive(Args)]
pub(crate) struct Submit {
    /// File to hand in: text, `.eml`, `.json`, or `.csv` with a request per row; `-` for standard input.
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
    /// Pilot that it belongs to.
    #[arg(long, value_name = "NAME")]
    pilot: String,
    /// What the file is, when its name does not say.
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<Kind>,
    /// Name of the source that it stands under.
    #[arg(long, value_name = "NAME", default_value = BY_HAND)]
    as_source: String,
    /// File that comes along; may be given several times.
    #[arg(long, value_name = "FILE")]
    attach: Vec<PathBuf>,
}

impl Submit {
    pub(crate) async fn run(self, setup: &Setup) -> Ended {
        let given = Given::read(&self.file, self.kind)?;
        let files = self.attach.iter().map(|path| reading::attachment(path)).collect::<Result<Vec<_>, _>>()?;
        let name = given.name.clone();
        let handed = setup
            .within(async |house| {
                let principal = setup.principal(house).await?;
                let Contents { mut envelopes, bad } = given.contents(house.clock.now()).await?;
                match envelopes.as_mut_slice() {
                    [only] if bad.rows.is_empty() => reading::attach(only, files),
                    _ if files.is_empty() => {}
                    _ => {
                        let why =
                            "a table has a request per row, and a file can belong to one only; leave `--attach` out";
                        return Err(Failure::usage(format!("{why} (OP-9108)")));
                    }
                }
                // A run is pinned to its definition, so the store must hold that before any daemon has started on it.
                house.workflows.keep(&house.store).await?;
                let lane = if envelopes.len() > 1 { Lane::Bulk } else { Lane::Interactive };
                let submitter = Some(principal.user.clone());
                let door = Door { source: self.as_source.clone(), pilot: self.pilot.clone(), lane, submitter };
                let good = envelopes.len();
                let bar = setup.out.bar(good as u64, "handing in");
                let mut handed = Handed { accepted: Vec::with_capacity(good), good, bad, stopped: None };
                for envelope in envelopes {
                    match house.intake.submit(&principal, &door, envelope).await {
                        Ok(accepted) => handed.accepted.push(accepted),
                        // What went in before is on disk and must be told, whatever came after it.
                        Err(cause) => {
                            handed.stopped = Some(cause.into());
                            break;
                        }
                    }
                    bar.inc(1);
                }
                bar.finish_and_clear();
                Ok(handed)
            })
            .await?;
        if setup.out.json {
            // A single request that was refused is told by its error alone.
            if handed.good > 1 || handed.stopped.is_none() {
                setup.out.json(&handed.json())?;
            }
            return handed.ended(&name);
        }
        let accepted = &handed.accepted;
        for accepted in accepted {
            setup.out.text(&line(accepted))?;
        }
        if accepted.len() > 1 {
            let new = accepted.iter().filter(|accepted| !matches!(accepted, Accepted::Repeat(_))).count();
            setup.out.say(&format!("{} handed in, {} known before", text::count(new, "request"), accepted.len() - new));
        }
        handed.ended(&name)
    }
}

/// What became of a file.
struct Handed {
    accepted: Vec<Accepted>,
    /// How many requests it holds.
    good: usize,
    bad: BadRows,
    /// Why it was not gone through to its end.
    stopped: Option<Failure>,
}

impl Handed {
    fn json(&self) -> serde_json::Value {
        let shown: Vec<_> = self.accepted.iter().map(shown).collect();
        json!({ "items": shown, "bad_rows": self.bad.rows, "not_handed_in": self.good - self.accepted.len() })
    }

    /// How the command ends: what stopped it decides the status, and bad rows are told beside it.
    fn ended(self, name: &str) -> Ended {
        let Some(stopped) = self.stopped else { return self.bad.failure().map_or(Ok(Status::Done), Err) };
        let mut lines = self.bad.lines();
        lines.extend(stopped.lines);
        let (good, done) = (self.good, self.accepted.len());
        if good > 1 {
            lines.push(format!(
                "{done} of the {good} good rows of `{name}` {} handed in, {} not; put right what stopped it and hand in the same file again: rows that are in are known and make nothing twice (OP-9126)",
                if done == 1 { "is" } else { "are" },
                if good - done == 1 { "1 is".to_owned() } else { format!("{} are", good - done) },
            ));
        }
        Err(Failure { status: stopped.status, lines })
    }
}

fn shown(accepted: &Accepted) -> serde_json::Value {
    let of = match accepted {
        Accepted::Alike { of, .. } => Some(of.as_str()),
        _ => None,
    };
    json!({ "request": accepted.request().as_str(), "status": accepted.as_str(), "duplicate_of": of })
}

fn line(accepted: &Accepted) -> String {
    match accepted {
        Accepted::New(request) => format!("{request}  accepted"),
        Accepted::Alike { request, of } => {
            format!("{request}  accepted, says the same as {of}; `opspilot request retry` drafts it all the same")
        }
        Accepted::Repeat(request) => format!("{request}  duplicate: the same delivery was accepted before"),
    }
}
