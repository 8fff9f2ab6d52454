//! `opspilot writeback plan`, `approve` and `undo`: what would be sent, to the byte; approving exactly that; taking it back. Own file because
//! these need the sinks, and because what is shown here is what a person answers for. INVARIANT: nobody approves a hash that they were not
//! shown or did not name; nothing that reaches people outside is taken back but by such a hash.

use super::failure::{Failure, Status};
use super::ids::Named;
use super::pilot;
use super::setup::Setup;
use super::{text, told};
use crate::daemon::House;
use crate::domain::id::WriteId;
use crate::policy::Principal;
use crate::store::WriteRow;
use crate::writeback::{self, ActError, Agreed, Asked, Hindered, Remains, RolledBack, Shown, UNNAMED};
use clap::{ArgGroup, Args};
use serde_json::json;
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
    /// Everything of this pilot: its writing is paused, what waits is called off, and what it wrote is taken back, the last first.
    #[arg(long, value_name = "NAME", conflicts_with = "force")]
    pilot: Option<String>,
    /// Hash of the request you have read, or its first 8 characters or more: needed where taking back sends a message to somebody outside. With
    /// --pilot any number of them; what is not named is left out.
    #[arg(long, value_name = "HASH")]
    plan: Vec<String>,
    /// Also when the record is no longer as the write left it.
    #[arg(long)]
    force: bool,
    /// Show the exact request and its hash, and ask for nothing.
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
        let Agreed { approvals: (have, need), hindered } = house.writeback.approve(&principal, &brief, &hash).await?;
        if setup.out.json {
            return setup.out.json(&json!({
                "brief": brief, "plan": hash, "approvals": { "have": have, "need": need }, "hindered": hindered,
            }));
        }
        let short = hash.get(..12).unwrap_or(&hash);
        let then = match (have >= need, hindered.is_empty()) {
            (true, true) => ": it is carried out",
            (true, false) => ": it is queued, and not all of it can be sent now",
            (false, _) => "",
        };
        setup.out.text(&format!("{brief}: plan {short} has {have} of {need} approvals{then}{}", in_the_way(&hindered)))
    }
}

/// What keeps writes back that were just approved, a line each.
pub(super) fn in_the_way(hindered: &[Hindered]) -> String {
    let mut lines = String::new();
    for Hindered { sink, kind, record, obstacles } in hindered {
        let record = if record.is_empty() { String::new() } else { format!(" at record `{}`", text::one_line(record)) };
        for obstacle in obstacles {
            let (message, code) = (text::one_line(&obstacle.message), obstacle.code);
            lines.push_str(&format!("\n  not now: {kind} in {sink}{record}: {message} ({code})"));
        }
    }
    lines
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
        for hash in &self.plan {
            is_hash(hash)?;
        }
        let Some(id) = &self.id else {
            let name = self.pilot.clone().map_or_else(|| pilot::only(house), Ok)?;
            return self.everything(setup, house, &principal, &name).await;
        };
        let shown = house.writeback.undo_plan(&principal, id).await?;
        let undone = if self.dry_run {
            shown
        } else {
            // Of a hash that does not fit, the room says so.
            let named = self.plan.iter().map(|prefix| whole(prefix, std::iter::once(&shown.hash))).next();
            house.writeback.undo(&principal, id, self.force, named.as_deref()).await?
        };
        if setup.out.json {
            setup.out.json(&writeback::undone(&undone))?;
            return Ok(Status::Done);
        }
        setup.out.text(&told::request(&undone.planned.call))?;
        match &undone.id {
            Some(new) => setup.out.say(&format!("{new} takes {id} back: opspilot writeback show {new}")),
            None => {
                let hash = undone.hash.get(..12).unwrap_or(&undone.hash);
                let named = if undone.kind.leaves_the_house() { ": it reaches people outside" } else { "" };
                setup.out.say(&format!("nothing was asked for{named}"));
                setup.out.say(&format!("ask for it with: opspilot writeback undo {id} --plan {hash}"));
            }
        }
        Ok(Status::Done)
    }

    /// Takes everything of a pilot back; fails while something of it remains.
    async fn everything(
        &self,
        setup: &Setup,
        house: &House,
        principal: &Principal,
        name: &str,
    ) -> Result<Status, Failure> {
        let mut named = Vec::new();
        if !self.plan.is_empty() {
            let shown = house.writeback.undo_pilot(principal, name, &[], true).await?;
            let known: Vec<&String> = shown.items.iter().filter_map(|(_, asked)| hash_of(asked)).collect();
            for prefix in &self.plan {
                let hash = whole(prefix, known.iter().copied());
                if !known.contains(&&hash) {
                    let what = format!("`{prefix}` is no hash of what would be sent; `--dry-run` shows them (OP-9107)");
                    return Err(Failure::usage(what));
                }
                named.push(hash);
            }
        }
        let told = house.writeback.undo_pilot(principal, name, &named, self.dry_run).await?;
        if setup.out.json {
            setup.out.json(&writeback::rolled_back(name, &told))?;
        } else {
            setup.out.text(rollback(name, &told).trim_end())?;
        }
        Ok(if told.dry || told.is_whole() { Status::Done } else { Status::Failed })
    }
}

fn is_hash(prefix: &str) -> Result<(), Failure> {
    if prefix.len() >= LEAST && prefix.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(());
    }
    let what =
        format!("`{prefix}` is no hash of a request; give at least its first {LEAST} hexadecimal digits (OP-9107)");
    Err(Failure::usage(what))
}

/// The hash that begins so, or what was given.
fn whole<'h>(prefix: &str, mut known: impl Iterator<Item = &'h String>) -> String {
    let prefix = prefix.to_ascii_lowercase();
    known.find(|hash| hash.starts_with(&prefix)).cloned().unwrap_or(prefix)
}

fn hash_of(asked: &Asked) -> Option<&String> {
    match asked {
        Asked::Now(undo) | Asked::Unnamed(undo) => Some(&undo.hash),
        Asked::Before(_) | Asked::Not(_) => None,
    }
}

/// What rolling a pilot back did, or would do.
fn rollback(name: &str, told: &RolledBack) -> String {
    let RolledBack { dry, paused, cancelled, items, remaining } = told;
    let what = |write: &WriteRow| {
        let record = &write.write.record;
        let record = if record.is_empty() { String::new() } else { format!(" at record `{}`", text::one_line(record)) };
        format!("{} ({} in {}{record})", write.id, write.write.kind, write.sink)
    };
    let mut lines = Vec::new();
    lines.push(match (dry, paused) {
        (true, true) => format!("the writing of {name} would be paused"),
        (false, true) => format!("the writing of {name} is paused; let it go on with: opspilot pilot resume {name}"),
        (_, false) => format!("the writing of {name} is paused already"),
    });
    for write in cancelled {
        lines.push(format!("{} {} called off: it was not sent", what(write), if *dry { "would be" } else { "is" }));
    }
    for (write, asked) in items {
        let write = what(write);
        match asked {
            Asked::Now(undo) | Asked::Unnamed(undo) => {
                lines.push(match (asked, &undo.id) {
                    (Asked::Unnamed(_), _) => format!("{write} is not: {UNNAMED}"),
                    (_, Some(id)) => format!("{write} is taken back by {id}"),
                    (_, None) => format!("{write} would be taken back"),
                });
                if undo.id.is_none() {
                    lines.push(format!("  hash {}", undo.hash));
                    lines.push(told::request(&undo.planned.call).trim_end().to_owned());
                }
            }
            Asked::Before(id) => lines.push(format!("{write} is being taken back by {id}")),
            Asked::Not(why) => lines.push(format!("{write} is not: {}", text::one_line(&why.to_string()))),
        }
    }
    for Remains { write, remedy } in remaining {
        let undo = if write.undo_of.is_some() { "undo of " } else { "" };
        lines.push(format!("remains, {}: {undo}{}: {}", write.state, what(write), text::one_line(remedy)));
    }
    let asked = items.iter().filter(|(_, asked)| matches!(asked, Asked::Now(_) | Asked::Before(_))).count();
    let (undos, off) = (text::count(asked, "undo"), text::count(cancelled.len(), "write"));
    let left = items.len() - asked + remaining.len();
    lines.push(match dry {
        true => format!("nothing was done; it would be {undos}, {off} called off, and {left} left to a person"),
        false => format!("{undos} asked for, {off} called off, {left} left to a person"),
    });
    lines.join("\n")
}
