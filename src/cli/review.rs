//! `opspilot review`: what waits for people, reading it, and deciding. The decision function is the one of desk and API. INVARIANT: a
//! decision names the digest of the revision that the person saw; nothing stands in for a yes.

use super::failure::{Ended, Failure, Status};
use super::ids::{self, Named};
use super::part::{self, Part};
use super::setup::Setup;
use super::table::Table;
use super::view::Masks;
use super::{amend, brief, text, view};
use crate::brief::render;
use crate::daemon::House;
use crate::domain::review::{Reason, Verdict};
use crate::policy::Principal;
use crate::review::Decided;
use crate::store::BriefFilter;
use clap::{Args, Subcommand};
use serde_json::json;
use std::io::{BufRead as _, IsTerminal as _, Write as _};

/// Reading, editing and deciding.
#[derive(Subcommand)]
pub(crate) enum Review {
    /// List briefs that wait for people, the most urgent first.
    List(List),
    /// Show a brief with its request and the decisions on it.
    Show {
        /// Brief, request or run.
        id: Named,
    },
    /// Claim a brief, so that others see that you look at it.
    Claim {
        /// Brief, request or run.
        id: Named,
        /// Take it over from whoever has claimed it.
        #[arg(long)]
        takeover: bool,
    },
    /// Let go of your claim.
    LetGo {
        /// Brief, request or run.
        id: Named,
    },
    /// Make a new revision by hand.
    Edit(amend::Edit),
    /// Approve exactly this revision.
    Approve(Approve),
    /// Reject it: nothing will come of the request.
    Reject(Reject),
    /// Ask for small changes, to be made by hand.
    Minor(Comment),
    /// Ask for another attempt that heeds your words.
    Major(Comment),
}

/// Which briefs.
#[derive(Args)]
pub(crate) struct List {
    /// Of this pilot.
    #[arg(long, value_name = "NAME")]
    pilot: Option<String>,
    /// In this state: undecided, open, amending, redrafting, approved, rejected, withdrawn.
    #[arg(long, value_name = "STATE", default_value = "undecided")]
    state: String,
    #[command(flatten)]
    part: Part,
}

/// Approve exactly this revision.
#[derive(Args)]
pub(crate) struct Approve {
    /// Brief, request or run.
    id: Named,
    /// Digest of the revision you have read, or its first 8 characters or more. On a terminal the brief is shown and you are asked.
    #[arg(long, value_name = "DIGEST")]
    revision: Option<String>,
    /// Hash of the plan of writes you have read, or its first 8 characters or more: it is carried out, too. Without it nothing is written.
    #[arg(long, value_name = "HASH")]
    plan: Option<String>,
}

/// Nothing will come of it.
#[derive(Args)]
pub(crate) struct Reject {
    /// Brief, request or run.
    id: Named,
    /// Why, in your words.
    #[arg(
        short = 'm',
        long,
        value_name = "TEXT",
        required_unless_present = "reason",
        required_if_eq("reason", "other")
    )]
    comment: Option<String>,
    /// Why, in a word that is counted.
    #[arg(long, value_name = "WORD", value_parser = Reason::ALL.map(Reason::as_str))]
    reason: Option<String>,
    /// Digest of the revision you have read, or its first 8 characters or more [default: you are shown it and asked].
    #[arg(long, value_name = "DIGEST")]
    revision: Option<String>,
}

/// A verdict with words.
#[derive(Args)]
pub(crate) struct Comment {
    /// Brief, request or run.
    id: Named,
    /// What to change.
    #[arg(short = 'm', long, value_name = "TEXT")]
    comment: String,
    /// Digest of the revision you have read, or its first 8 characters or more [default: you are shown it and asked].
    #[arg(long, value_name = "DIGEST")]
    revision: Option<String>,
}

impl Review {
    pub(crate) async fn run(self, setup: &Setup) -> Ended {
        Box::pin(setup.within(async |house| self.act(setup, house).await)).await?;
        Ok(Status::Done)
    }

    async fn act(self, setup: &Setup, house: &House) -> Result<(), Failure> {
        match self {
            Self::List(list) => list.show(setup, house).await,
            Self::Show { id } => show(setup, house, &id).await,
            Self::Claim { id, takeover } => {
                let principal = setup.principal(house).await?;
                let until = house.review.claim(&principal, &id.brief(), takeover).await?;
                if setup.out.json {
                    return setup.out.json(&json!({ "brief": id.brief(), "claim": { "by": principal.user, "name": principal.name, "until": until } }));
                }
                setup.out.text(&format!("{} is yours until {}", id.brief(), text::time(until)))
            }
            Self::LetGo { id } => {
                let principal = setup.principal(house).await?;
                house.review.let_go(&principal, &id.brief()).await?;
                if setup.out.json {
                    return setup.out.json(&json!({ "brief": id.brief(), "claim": null }));
                }
                setup.out.text(&format!("{} is free again", id.brief()))
            }
            Self::Edit(edit) => edit.act(setup, house).await,
            Self::Approve(Approve { id, revision, plan }) => {
                decide(setup, house, &id, &Verdict::Approve, revision, plan).await
            }
            Self::Reject(Reject { id, comment, reason, revision }) => {
                let verdict = Verdict::with("reject", comment.as_deref(), reason.as_deref())?;
                decide(setup, house, &id, &verdict, revision, None).await
            }
            Self::Minor(Comment { id, comment, revision }) => {
                decide(setup, house, &id, &Verdict::parse("minor", Some(&comment))?, revision, None).await
            }
            Self::Major(Comment { id, comment, revision }) => {
                decide(setup, house, &id, &Verdict::parse("major", Some(&comment))?, revision, None).await
            }
        }
    }
}

impl List {
    async fn show(self, setup: &Setup, house: &House) -> Result<(), Failure> {
        let filter =
            BriefFilter { pilot: self.pilot, state: Some(self.state), after: self.part.after, limit: self.part.limit };
        let mut page = house.store.briefs(&filter).await?;
        page.items.sort_by_key(|brief| std::cmp::Reverse(brief.score));
        if setup.out.json {
            return setup.out.json(&view::page(&page, view::brief));
        }
        let now = house.clock.now();
        let mut table =
            Table::new(&["brief", "state", "score", "risk", "rev", "digest", "waits", "claimed", "subject"]);
        for brief in &page.items {
            let request = house.store.request(&brief.id.request()).await?;
            let claim = brief.claim.as_ref().filter(|(_, until)| *until > now);
            let claimed = match claim {
                Some((by, _)) => house.store.person(by).await.map_or_else(|_| by.clone(), |person| person.name),
                None => String::new(),
            };
            table.row([
                brief.id.to_string(),
                brief.state.to_string(),
                brief.score.to_string(),
                brief.risk.clone(),
                brief.revision.to_string(),
                brief.digest.get(..8).unwrap_or_default().to_owned(),
                text::age(brief.opened_at, now),
                claimed,
                super::request::title(&request, Masks(&house.boundaries)),
            ]);
        }
        part::show(setup, &table, page.next.as_deref())
    }
}

async fn show(setup: &Setup, house: &House, id: &Named) -> Result<(), Failure> {
    let (row, _, decisions) = house.store.review(&id.brief()).await?;
    let (whole, request) = brief::load(house, id, None).await?;
    let out = &setup.out;
    if out.json {
        let mut shown = view::brief(&row);
        shown["content"] = serde_json::to_value(&whole.content).unwrap_or_default();
        shown["decisions"] = decisions.iter().map(view::decision).collect();
        shown["text"] = request.into();
        return out.json(&shown);
    }
    out.text(&format!("{}\n\n{}\n", out.bold("The request"), text::lines(&request).trim_end()))?;
    out.text(&format!("{}\n\n{}", out.bold("The brief"), render::terminal(&whole, out.page(), out.colour)))?;
    for made in &decisions {
        let by = house.store.person(&made.person).await.map_or_else(|_| made.person.clone(), |person| person.name);
        let comment = made.comment.as_deref().map(|comment| format!(": {}", text::one_line(comment)));
        out.text(&format!(
            "{} {} of revision {} by {by}{}",
            text::time(made.at),
            made.verdict,
            made.revision,
            comment.unwrap_or_default()
        ))?;
    }
    let now = house.clock.now();
    if let Some((by, until)) = row.claim.as_ref().filter(|(_, until)| *until > now) {
        let by = house.store.person(by).await.map_or_else(|_| by.clone(), |person| person.name);
        out.text(&format!("claimed by {by} until {}", text::time(*until)))?;
    }
    out.text(&format!("\n{} {}, digest {}", out.bold("stands:"), row.state, row.digest))?;
    if row.state.as_str() == "open" {
        let digest = row.digest.get(..12).unwrap_or_default();
        out.say(&format!("decide with: opspilot review approve {} --revision {digest}", row.id));
    }
    Ok(())
}

async fn decide(
    setup: &Setup,
    house: &House,
    id: &Named,
    verdict: &Verdict,
    revision: Option<String>,
    plan: Option<String>,
) -> Result<(), Failure> {
    let word = verdict.as_str();
    let principal = setup.principal(house).await?;
    let digest = match revision {
        Some(prefix) => find(house, id, &prefix).await?,
        None => ask(setup, house, id, word, &principal).await?,
    };
    let plan = match plan {
        Some(prefix) => Some(super::plan::find(house, &principal, id, &prefix).await?),
        None => None,
    };
    let decided = house.review.decide(&principal, &id.brief(), verdict, &digest, plan.as_deref()).await?;
    if setup.out.json {
        return setup.out.json(&json!({
            "decision": decided.id, "brief": id.brief(), "verdict": word, "revision": digest, "number": decided.revision,
            "state": decided.state.as_str(), "repeated": decided.repeated, "plan": plan,
            "approvals": decided.approvals.map(|(have, need)| json!({ "have": have, "need": need })),
        }));
    }
    setup.out.text(&outcome(id, word, &digest, &decided))
}

fn outcome(id: &Named, word: &str, digest: &str, decided: &Decided) -> String {
    let counted = decided.approvals.map(|(have, need)| format!(", {have} of {need} approvals"));
    let repeated = if decided.repeated { ", as decided before" } else { "" };
    let digest = digest.get(..12).unwrap_or(digest);
    format!(
        "{} is {}{}{repeated}: {word} of revision {} ({digest}), decision {}",
        id.brief(),
        decided.state,
        counted.unwrap_or_default(),
        decided.revision,
        decided.id
    )
}

/// The full digest of a revision of the brief.
pub(super) async fn find(house: &House, id: &Named, prefix: &str) -> Result<String, Failure> {
    let revisions = house.store.revisions(&id.brief()).await?;
    ids::digest(prefix, revisions.iter().map(|revision| revision.digest.as_str())).map_err(Failure::usage)
}

/// Shows the brief that stands and asks; gives the digest of what was shown.
async fn ask(setup: &Setup, house: &House, id: &Named, word: &str, principal: &Principal) -> Result<String, Failure> {
    let row = house.store.brief(&id.brief()).await?;
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Err(Failure::usage(format!(
            "nobody is there to be asked; name the revision that was read: `--revision {}…` (OP-9110)",
            row.digest.get(..8).unwrap_or_default()
        )));
    }
    let (whole, _) = brief::load(house, id, Some(row.revision)).await?;
    setup.out.say(&render::terminal(&whole, setup.out.page(), setup.out.colour));
    let digest = row.digest.get(..12).unwrap_or_default();
    let mut error = std::io::stderr().lock();
    let asked = write!(error, "{word} revision {} ({digest}) as {}? [y/N] ", row.revision, principal.name)
        .and_then(|()| error.flush());
    let mut answer = String::new();
    let read = asked.and_then(|()| std::io::stdin().lock().read_line(&mut answer));
    if read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes") {
        return Ok(row.digest);
    }
    Err(Failure::failed("nothing was decided: the answer was not `y` (OP-9111)"))
}
