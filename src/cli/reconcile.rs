//! `opspilot reconcile`: whether everything that the mailboxes hold is here. INVARIANT: it reads, and changes nothing but what a source
//! must not forget.

use super::failure::{Ended, Failure, Status};
use super::setup::Setup;
use super::text;
use crate::daemon::House;
use crate::intake::{self, Door, Found, Survey, SurveyError};
use clap::Args;
use opspilot_sdk::{BuildContext, Built, Source};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Compare what the mailboxes hold with what is here. Exit status 3 when something is missing, 4 when it could not be completed.
#[derive(Args)]
pub(crate) struct Reconcile {
    /// Only this source.
    source: Option<String>,
    /// How long to wait for the daemon to read what has just come, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    wait: u32,
}

/// What a comparison came to.
struct Outcome {
    source: String,
    found: Result<Survey, SurveyError>,
}

impl Reconcile {
    pub(crate) async fn run(self, setup: &Setup) -> Ended {
        let (all, skipped) = Box::pin(setup.within(async |house| self.compare(house).await)).await?;
        if setup.out.json {
            setup
                .out
                .json(&json!({ "items": all.iter().map(Outcome::json).collect::<Vec<_>>(), "skipped": skipped }))?;
        } else {
            for outcome in &all {
                setup.out.text(&outcome.lines().join("\n"))?;
            }
            if all.is_empty() {
                setup.out.say("no source keeps what was read, so there is nothing to compare");
            }
        }
        let missing = all.iter().any(|outcome| outcome.found.as_ref().is_ok_and(|found| found.counts.missing > 0));
        let incomplete =
            all.iter().any(|outcome| outcome.found.as_ref().map_or(true, |found| found.counts.unreadable > 0));
        Ok(match (missing, incomplete) {
            (true, _) => Status::Wrong,
            (false, true) => Status::Incomplete,
            (false, false) => Status::Done,
        })
    }

    /// Compares each source; the names of those whose far side keeps nothing.
    async fn compare(&self, house: &House) -> Result<(Vec<Outcome>, Vec<String>), Failure> {
        let sources = &house.settings.sources;
        if let Some(name) = self.source.as_ref().filter(|name| !sources.iter().any(|source| source.name == **name)) {
            let names: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
            let names = names.join("`, `");
            return Err(Failure::usage(format!("there is no source `{name}`; use one of `{names}` (OP-9109)")));
        }
        let (mut all, mut skipped) = (Vec::new(), Vec::new());
        for source in sources.iter().filter(|source| self.source.as_ref().is_none_or(|name| *name == source.name)) {
            let name = source.name.clone();
            let (data_dir, clock) = (house.settings.data_dir.clone(), Arc::clone(&house.clock) as _);
            let mut pulled = match source.prepared.build(BuildContext { name: name.clone(), data_dir, clock }) {
                Ok(Built::Pulled(pulled)) => pulled,
                Ok(Built::Pushed(_)) => {
                    skipped.push(name);
                    continue;
                }
                Err(cause) => {
                    all.push(Outcome { source: name, found: Err(cause.into()) });
                    continue;
                }
            };
            let door = Door { source: name.clone(), pilot: source.pilot.clone(), lane: source.lane, submitter: None };
            let found = self.settled(house, &door, pulled.as_mut()).await;
            pulled.close().await;
            match found {
                Ok(None) => skipped.push(name),
                Ok(Some(found)) => all.push(Outcome { source: name, found: Ok(found) }),
                Err(cause) => all.push(Outcome { source: name, found: Err(cause) }),
            }
        }
        Ok((all, skipped))
    }

    /// Counts, and gives the daemon time to read what came meanwhile; `None` when there is nothing to compare.
    async fn settled(
        &self,
        house: &House,
        door: &Door,
        pulled: &mut dyn Source,
    ) -> Result<Option<Survey>, SurveyError> {
        let Some(mut found) = intake::survey(&house.intake, door, pulled).await? else { return Ok(None) };
        for round in 0..=self.wait {
            if found.counts.missing == 0 {
                break;
            }
            if round > 0 {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            found.look_again(&house.store).await?;
            if found.is_stale() {
                let Some(anew) = intake::survey(&house.intake, door, pulled).await? else { return Ok(None) };
                found = anew;
            }
        }
        Ok(Some(found))
    }
}

impl Outcome {
    fn lines(&self) -> Vec<String> {
        let name = &self.source;
        match &self.found {
            Err(cause) => vec![text::one_line(&format!("{name}: could not be compared: {cause}"))],
            Ok(found) => {
                let mut lines = vec![format!("{name}: {found}")];
                let line = |word: &str, found: &Found| text::one_line(&format!("  {word:<10} {}", found.place));
                lines.extend(found.missing.iter().map(|found| format!("  {}", line("missing", found))));
                lines.extend(found.unreadable.iter().map(|found| format!("  {}", line("unreadable", found))));
                if found.counts.missing > 0 {
                    lines.push("  the source has not read these (OP-2007)".to_owned());
                }
                lines
            }
        }
    }

    fn json(&self) -> Value {
        match &self.found {
            Err(cause) => json!({ "source": self.source, "complete": false, "fault": cause.to_string() }),
            Ok(found) => {
                let counts = &found.counts;
                let list = |all: &[Found]| -> Vec<Value> {
                    all.iter().map(|found| json!({ "place": found.place, "key": found.key })).collect()
                };
                json!({
                    "source": self.source, "pilot": counts.pilot, "complete": counts.unreadable == 0, "held": counts.held,
                    "requests": counts.requests, "quarantined": counts.quarantined, "ignored": counts.ignored,
                    "missing": list(&found.missing), "unreadable": list(&found.unreadable), "missing_count": counts.missing,
                })
            }
        }
    }
}
