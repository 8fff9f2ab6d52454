//! `opspilot screen`: what a pilot's data boundary finds in a file, and what would become of it. INVARIANT: no value that the boundary
//! refuses is printed, not even to the person who holds the file.

use super::drafter::Drafter;
use super::failure::{Ended, Failure, Status};
use super::reading::{Contents, Given, Kind};
use super::setup::Setup;
use super::table::Table;
use super::text;
use crate::clock::{Clock as _, SystemClock};
use crate::intake;
use crate::screen::{Boundary, Screening, Verdict, screen};
use clap::Args;
use std::path::PathBuf;

/// Show what a pilot's data boundary finds in a file. Exit status 3 when it would be held.
#[derive(Args)]
pub(crate) struct Screen {
    /// Text, `.eml`, `.json`, or `.csv`; `-` for standard input.
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
    /// What the file is, when its name does not say.
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<Kind>,
    /// By this pilot's boundary [default: `business-contact`].
    #[arg(long, value_name = "NAME")]
    pilot: Option<String>,
    /// Print the text as it would go on, with its masks.
    #[arg(long)]
    text: bool,
}

impl Screen {
    pub(crate) async fn run(self, setup: &Setup) -> Ended {
        let drafter = Drafter::new(setup, self.pilot.as_deref())?;
        let mut worst = Verdict::Pass;
        let Contents { envelopes, bad } = Given::read(&self.file, self.kind)?.contents(SystemClock.now()).await?;
        for envelope in envelopes {
            let reading = intake::read(&envelope)?;
            let screening = screen(&reading.text, drafter.boundary());
            worst = worst.max(screening.verdict);
            self.show(setup, drafter.boundary(), &screening)?;
        }
        let judged = if worst == Verdict::Hold { Status::Wrong } else { Status::Done };
        // Rows that were not screened weigh more: nobody knows what is in them.
        bad.failure().map_or(Ok(judged), Err)
    }

    fn show(&self, setup: &Setup, boundary: &Boundary, screening: &Screening<'_>) -> Result<(), Failure> {
        let out = &setup.out;
        if out.json {
            return out.json(screening);
        }
        if self.text {
            return out.text(&text::lines(&screening.text));
        }
        let verdict = match screening.verdict {
            Verdict::Pass => "pass: it goes on as it is",
            Verdict::Redact => "redact: it goes on with masks",
            Verdict::Hold => "hold: a named person must look first",
        };
        out.text(&format!("{} (boundary `{}`)", out.bold(verdict), boundary.preset()))?;
        if screening.findings.is_empty() {
            return Ok(());
        }
        let mut table = Table::new(&["kind", "bytes", "becomes", "why"]);
        for finding in &screening.findings {
            let allowed = finding.reserved && boundary.allows_reserved();
            let becomes = if allowed { "allow" } else { boundary.treatment(finding.kind).name() };
            let span = format!("{}..{}", finding.start, finding.end);
            table.row([finding.kind.name().to_owned(), span, becomes.to_owned(), finding.why.clone()]);
        }
        out.table(&table)
    }
}
