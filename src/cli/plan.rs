//! `opspilot writeback plan`, `approve` and `undo`: what would be sent, to the byte; approving exactly that; taking it back. Own file because
//! these need the sinks, and because what is shown here is what a person answers for. INVARIANT: nobody approves a hash that they were not
//! shown or did not name.

use super::failure::{Failure, Status};
use super::ids::Named;
use super::pilot;
use super::setup::Setup;
use super::{text, told};
use crate::daemon::House;
use crate::domain::id::WriteId;
use crate::policy::Principal;
use crate::writeback::{self, ActError, Shown, Undo as Undone};
use clap::{ArgGroup, Args};
use serde_json::{Value, json};
use std::io::{BufRead as _, IsTerminal as _, Write as _};

/// Characters of a hash that name it.
const LEAST: usize = 8;

/// What would be written.
#[derive(Args)]
pub(crate) struct Plan {
    /// Brief, request or run.
    id: Named,
}

/// Approve exactly that.
#[derive(Args)]
pub(crate) struct Approve {
    /// Brief, request or run.
    id: Named,
    /// Hash of the plan you have read, or its first 8 characters or more. On a terminal the plan is shown and you are asked.
    #[arg(long, value_name = "HASH")]
    plan: Option<String>,
}

/// Take back.
#[derive(Args)]
#[command(group = ArgGroup::new("what").required(true).args(["id", "pilot"]))]
pub(crate) struct Undo {
    /// Write, such as `wrt_…`.
    id: Option<WriteId>,
    /// Everything that this pilot wrote, the last first.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["force", "dry_run"])]
    pilot: Option<String>,
    /// Also when the record is no longer as the write left it.
    #[arg(long)]
    force: bool,
    /// Show the exact request, and ask for nothing.
    #[arg(long)]
    dry_run: bool,
}

impl Plan {
    pub(crate) async fn act(self, setup: &Setup, house: &House) -> Result<(), Failure> {
        let principal = setup.principal(house).await?;
        let shown = house.writeback.plan(&principal, &self.id.brief()).await?;
        if setup.out.json {
            return setup.out.json(&writeback::told(&shown));
        }
        setup.out.text(&page(setup, &shown))?;
        if let (Some(hash), (have, need)) = (&shown.hash, shown.approvals)
            && have < need
        {
            let hash = hash.get(..12).unwrap_or(hash);
            let digest = shown.plan.digest.get(..12).unwrap_or_default();
            setup.out.say(&format!(
                "approve it with the brief:         opspilot review approve {} --revision {digest} --plan {hash}",
                shown.plan.brief
            ));
            setup.out.say(&format!(
                "where that is approved already:    opspilot writeback approve {} --plan {hash}",
                shown.plan.brief
            ));
        }
        Ok(())
    }
}

impl Approve {
    pub(crate) async fn act(self, setup: &Setup, house: &House) -> Result<(), Failure> {
        let principal = setup.principal(house).await?;
        let hash = match &self.plan {
            Some(prefix) => find(house, &principal, &self.id, prefix).await?,
            None => ask(setup, house, &principal, &self.id).await?,
        };
        let brief = self.id.brief();
        let (have, need) = house.writeback.approve(&principal, &brief, &hash).await?;
        if setup.out.json {
            return setup
                .out
                .json(&json!({ "brief": brief, "plan": hash, "approvals": { "have": have, "need": need } }));
        }
        let short = hash.get(..12).unwrap_or(&hash);
        let then = if have >= need { ": it is carried out" } else { "" };
        setup.out.text(&format!("{brief}: plan {short} has {have} of {need} approvals{then}"))
    }
}

/// The whole hash of the plan as it is now, when it begins so.
pub(super) async fn find(house: &House, principal: &Principal, id: &Named, prefix: &str) -> Result<String, Failure> {
    let prefix = prefix.trim().to_ascii_lowercase();
    if prefix.len() < LEAST || !prefix.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let what =
            format!("`{prefix}` is no hash of a plan; give at least its first {LEAST} hexadecimal digits (OP-9107)");
        return Err(Failure::usage(what));
    }
    let shown = house.writeback.plan(principal, &id.brief()).await?;
    match shown.hash.clone() {
        Some(hash) if hash.starts_with(&prefix) => Ok(hash),
        Some(now) => Err(ActError::Moved { now, told: moved(&shown, &prefix) }.into()),
        None => Err(nothing(&shown).into()),
    }
}

/// What changed since the plan in force was approved, when that is the one that is meant.
fn moved(shown: &Shown, prefix: &str) -> String {
    let meant =
        shown.in_force.as_ref().filter(|(force, changes)| force.plan.starts_with(prefix) && !changes.is_empty());
    meant.map_or_else(String::new, |(_, changes)| format!(": {}", changes.join("; ")))
}

fn nothing(shown: &Shown) -> ActError {
    let why = shown.plan.left_out.first().map_or_else(|| "no rule applies".to_owned(), |left| left.message.clone());
    ActError::Nothing { why }
}

/// Shows the plan and asks; gives the hash of what was shown.
async fn ask(setup: &Setup, house: &House, principal: &Principal, id: &Named) -> Result<String, Failure> {
    let shown = house.writeback.plan(principal, &id.brief()).await?;
    let hash = shown.hash.clone().ok_or_else(|| nothing(&shown))?;
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Err(Failure::usage(format!(
            "nobody is there to be asked; name the plan that was read: `--plan {}…` (OP-9110)",
            hash.get(..LEAST).unwrap_or_default()
        )));
    }
    setup.out.say(&page(setup, &shown));
    let mut error = std::io::stderr().lock();
    let short = hash.get(..12).unwrap_or_default();
    let asked =
        write!(error, "have plan {short} carried out as {}? [y/N] ", principal.name).and_then(|()| error.flush());
    let mut answer = String::new();
    let read = asked.and_then(|()| std::io::stdin().lock().read_line(&mut answer));
    if read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes") {
        return Ok(hash);
    }
    Err(Failure::failed("nothing was approved: the answer was not `y` (OP-9111)"))
}

/// A plan as a person reads it: every request whole.
fn page(setup: &Setup, shown: &Shown) -> String {
    let out = &setup.out;
    let (have, need) = shown.approvals;
    let mut page = match &shown.hash {
        Some(hash) => format!("{}  {have} of {need} approvals\n", out.bold(&format!("plan {hash}"))),
        None => format!("{}\n", out.bold("nothing would be written")),
    };
    for (number, (item, obstacles)) in shown.plan.items.iter().zip(&shown.obstacles).enumerate() {
        let write = &item.write;
        let record = if write.record.is_empty() {
            String::new()
        } else {
            format!(" at record `{}`", text::one_line(&write.record))
        };
        page.push_str(&format!("\n{}. {} in {}{record}\n", number + 1, write.kind, item.sink));
        page.push_str(&told::request(&write.call));
        for obstacle in obstacles {
            page.push_str(&format!("  not now: {} ({})\n", text::one_line(&obstacle.message), obstacle.code));
        }
    }
    for left in &shown.plan.left_out {
        let why = text::one_line(&left.message);
        page.push_str(&format!("\nleft out: {} in {}: {why} ({})\n", left.kind, left.sink, left.code));
    }
    if let Some((force, changes)) = &shown.in_force {
        let short = force.plan.get(..12).unwrap_or(&force.plan);
        let same = if changes.is_empty() { "the same" } else { "another one" };
        page.push_str(&format!("\nin force since {}: plan {short}, {same}\n", text::time(force.at)));
        for change in changes {
            page.push_str(&format!("  since then: {}\n", text::one_line(change)));
        }
    }
    page
}

impl Undo {
    pub(crate) async fn act(self, setup: &Setup, house: &House) -> Result<Status, Failure> {
        let principal = setup.principal(house).await?;
        let Some(id) = &self.id else {
            let name = self.pilot.clone().map_or_else(|| pilot::only(house), Ok)?;
            return everything(setup, house, &principal, &name).await;
        };
        let undone = if self.dry_run {
            house.writeback.undo_plan(&principal, id).await?
        } else {
            house.writeback.undo(&principal, id, self.force).await?
        };
        if setup.out.json {
            setup.out.json(&writeback::undone(&undone))?;
            return Ok(Status::Done);
        }
        setup.out.text(&told::request(&undone.planned.call))?;
        match &undone.id {
            Some(new) => setup.out.say(&format!("{new} takes {id} back: opspilot writeback show {new}")),
            None => setup.out.say("nothing was asked for"),
        }
        Ok(Status::Done)
    }
}

/// Takes everything of a pilot back; fails when for some of it there is no way.
async fn everything(setup: &Setup, house: &House, principal: &Principal, name: &str) -> Result<Status, Failure> {
    let asked = house.writeback.undo_pilot(principal, name).await?;
    let failed = asked.iter().filter(|(_, undone)| undone.is_err()).count();
    if setup.out.json {
        let items: Vec<Value> = asked.iter().map(writeback::asked).collect();
        setup.out.json(&json!({ "pilot": name, "items": items }))?;
    } else {
        for (of, undone) in &asked {
            setup.out.text(&match undone {
                Ok(Undone { id, .. }) => {
                    format!("{of} is taken back by {}", id.as_ref().map_or_else(String::new, ToString::to_string))
                }
                Err(why) => format!("{of} is not: {}", text::one_line(&why.to_string())),
            })?;
        }
        setup.out.say(&format!("{} asked for, {failed} not", text::count(asked.len() - failed, "undo")));
    }
    Ok(if failed == 0 { Status::Done } else { Status::Failed })
}
