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
use crate::domain::id::UserId;
use crate::domain::review::{Reason, Verdict};
use crate::policy::Principal;
use crate::review::{self, Decided, NotAFilter, Wanted};
use crate::store::{BriefFilter, DropView, QueuePlace, SaveView, StoreError};
use clap::{Args, Subcommand};
use serde_json::json;
use std::io::{BufRead as _, IsTerminal as _, Write as _};

/// Reading, editing and deciding.
#[derive(Subcommand)]
pub(crate) enum Review {
    /// List briefs that wait for people, the most urgent first.
    List(List),
    /// List the views of the list that you saved.
    Views,
    /// Drop a view that you saved.
    Forget {
        /// Its name.
        name: String,
    },
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
    /// In this state: undecided, open, amending, redrafting; or approved, rejected, withdrawn, which are listed newest first.
    #[arg(long, value_name = "STATE", default_value = "undecided")]
    state: String,
    /// Of this band of priority: urgent, high, normal, low.
    #[arg(long, value_name = "BAND")]
    band: Option<String>,
    /// Of this level of risk: low, medium, high, critical.
    #[arg(long, value_name = "LEVEL")]
    risk: Option<String>,
    /// In whose hand: me, nobody, or a person's name.
    #[arg(long, value_name = "NAME")]
    holder: Option<String>,
    /// With these words in the subject, as its masks show it.
    #[arg(long, value_name = "WORDS")]
    text: Option<String>,
    /// Waiting for at least so long: 30m, 4h, 2d.
    #[arg(long, value_name = "TIME")]
    age: Option<String>,
    /// By a view that you saved, in place of the filters.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["pilot", "state", "band", "risk", "holder", "text", "age"])]
    view: Option<String>,
    /// Save these filters as a view of yours.
    #[arg(long, value_name = "NAME", conflicts_with = "view")]
    save: Option<String>,
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
            Self::Views => views(setup, house).await,
            Self::Forget { name } => {
                let person = UserId::parse(&setup.principal(house).await?.user)?;
                house.store.drop_view(DropView { person, name: name.clone() }).await?;
                setup.out.text(&format!("the view `{}` is gone", text::one_line(&name)))
            }
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
        let decided = matches!(self.state.as_str(), "approved" | "rejected" | "withdrawn");
        if !decided {
            return self.queue(setup, house).await;
        }
        if [&self.band, &self.risk, &self.holder, &self.text, &self.age, &self.save].into_iter().any(Option::is_some) {
            return Err(Failure::usage("these filters are of what waits; leave them out, or `--state` (OP-9107)"));
        }
        let filter =
            BriefFilter { pilot: self.pilot, state: Some(self.state), after: self.part.after, limit: self.part.limit };
        let page = house.store.briefs(&filter).await?;
        if setup.out.json {
            return setup.out.json(&view::page(&page, view::brief));
        }
        let now = house.clock.now();
        let table = Table::new(&["brief", "state", "score", "risk", "rev", "digest", "waits", "claimed", "subject"]);
        let mut table = table.gives(&[("subject", 12)]).spares(&["claimed", "rev", "score", "waits", "risk"]);
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

impl List {
    /// What waits, urgent first, then oldest.
    async fn queue(self, setup: &Setup, house: &House) -> Result<(), Failure> {
        let wrong = |wrong: NotAFilter| Failure::usage(wrong.to_string());
        let own = self.view.is_some() || self.save.is_some() || self.holder.as_deref() == Some("me");
        let principal = match setup.principal(house).await {
            // Whoever has the store in hand may look; only what is somebody's own asks whose.
            Err(_) if !own => Principal::user("", "", Vec::new()).into(),
            principal => principal?,
        };
        let wanted = match &self.view {
            Some(name) => {
                let view = house.store.views(&principal.user).await?.into_iter().find(|view| view.name == *name);
                let none = || StoreError::NotFound { what: "view", id: name.clone() };
                Wanted::parse(&view.ok_or_else(none)?.query).map_err(wrong)?
            }
            None => Wanted::read(|key| match key {
                "pilot" => self.pilot.as_deref(),
                "state" => Some(self.state.as_str()).filter(|state| *state != "undecided"),
                "band" => self.band.as_deref(),
                "risk" => self.risk.as_deref(),
                "holder" => self.holder.as_deref(),
                "text" => self.text.as_deref(),
                _ => self.age.as_deref(),
            })
            .map_err(wrong)?,
        };
        let now = house.clock.now();
        if let Some(name) = self.save {
            let person = UserId::parse(&principal.user)?;
            house.store.save_view(SaveView { person, name: name.clone(), query: wanted.query(), at: now }).await?;
            setup
                .out
                .say(&format!("saved: `opspilot review list --view '{}'` shows this again", text::one_line(&name)));
        }
        let after = self.part.after.as_deref().map(str::parse::<QueuePlace>).transpose()?;
        let pilots = wanted.pilot.clone().map(|pilot| vec![pilot]);
        let part = review::Part { principal: &principal, pilots, after, limit: self.part.limit, now };
        let queue = review::queue(&house.store, &house.boundaries, &wanted, part).await?;
        let next = queue.page.next.as_ref().map(ToString::to_string);
        if setup.out.json {
            let item = |item: &review::Waiting| {
                let mut shown = view::brief(&item.row.brief);
                shown["band"] = review::band(item.row.place.lane).into();
                shown["subject"] = item.particulars.subject.clone().into();
                shown["title"] = item.title.clone().into();
                shown
            };
            return setup.out.json(&json!({
                "items": queue.items.iter().map(item).collect::<Vec<_>>(), "next": next, "total": queue.page.tally.total(),
                "counts": queue.page.tally, "unsearched": queue.page.unsearched,
            }));
        }
        let table =
            Table::new(&["brief", "band", "score", "risk", "rev", "digest", "state", "waits", "claimed", "subject"]);
        let mut table = table.gives(&[("subject", 12)]).spares(&["rev", "state", "score", "claimed", "risk"]);
        for item in &queue.items {
            let brief = &item.row.brief;
            table.row([
                brief.id.to_string(),
                review::band(item.row.place.lane).to_owned(),
                brief.score.to_string(),
                brief.risk.clone(),
                brief.revision.to_string(),
                brief.digest.get(..8).unwrap_or_default().to_owned(),
                brief.state.to_string(),
                text::age(brief.opened_at, now),
                item.row.holder.clone().unwrap_or_default(),
                text::cut(&text::one_line(item.title.as_deref().unwrap_or_default()), 80),
            ]);
        }
        if let Some(words) = review::unsearched(&queue.page) {
            setup.out.say(&words);
        }
        part::show(setup, &table, next.as_deref())
    }
}

async fn views(setup: &Setup, house: &House) -> Result<(), Failure> {
    let principal = setup.principal(house).await?;
    let found = house.store.views(&principal.user).await?;
    if setup.out.json {
        let view =
            |view: &crate::store::ViewRow| json!({ "name": view.name, "query": view.query, "saved_at": view.at });
        return setup.out.json(&json!({ "items": found.iter().map(view).collect::<Vec<_>>() }));
    }
    let mut table = Table::new(&["view", "filters"]);
    for view in found {
        table.row([view.name, view.query]);
    }
    setup.out.table(&table)
}

async fn show(setup: &Setup, house: &House, id: &Named) -> Result<(), Failure> {
    let (row, _, decisions) = house.store.review(&id.brief()).await?;
    let brief::Loaded { whole, text: request, .. } = brief::load(house, id, None).await?;
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
    // The decision stands, whatever can be said of the gate.
    let hindered = match &plan {
        Some(_) if decided.check.is_none() => house.writeback.hindered(&id.brief()).await.ok(),
        _ => None,
    };
    if setup.out.json {
        return setup.out.json(&json!({
            "decision": decided.id, "brief": id.brief(), "verdict": word, "revision": digest, "number": decided.revision,
            "state": decided.state.as_str(), "repeated": decided.repeated, "plan": plan, "hindered": hindered,
            "approvals": decided.approvals.map(|(have, need)| json!({ "have": have, "need": need })),
            "attention_check": decided.check.as_ref().map(|check| json!({ "fault": check.fault, "caught": check.caught })),
        }));
    }
    let in_the_way = super::plan::in_the_way(&hindered.unwrap_or_default());
    setup.out.text(&format!("{}{in_the_way}", outcome(id, word, &digest, &decided)))?;
    decided.check.as_ref().map_or(Ok(()), |check| setup.out.text(&check.words()))
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
    let whole = brief::load(house, id, Some(row.revision)).await?.whole;
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
