//! `opspilot policy`: judging a folder of policies, and why an answer is what it is.

use super::failure::{Ended, Failure, Status};
use super::ids::Named;
use super::setup::Setup;
use super::text;
use crate::config;
use crate::daemon::House;
use crate::domain::pilot::Pilot;
use crate::policy::{self, Action, Ask, Kind, PolicySet, Resource};
use crate::store::StoreError;
use clap::{Args, Subcommand};
use serde_json::json;
use std::path::PathBuf;

/// Policies.
#[derive(Subcommand)]
pub(crate) enum Policy {
    /// Judge policies: all problems at once. Exit status 3 when they cannot be used.
    Check {
        /// Folder [default: that of the configuration, else the program's own].
        #[arg(value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// Say whether somebody may do something, by which rule, or what would have to change.
    Why(Why),
}

/// Say whether somebody may do something, by which rule, or what would have to change.
#[derive(Args)]
pub(crate) struct Why {
    /// What, such as `review.approve`.
    action: Action,
    /// On what: a request, run or brief by name, `pilot:NAME`, or `system`.
    #[arg(value_name = "THING", default_value = "system")]
    thing: String,
    /// Who [default: you].
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
}

impl Policy {
    pub(crate) async fn run(self, setup: &Setup) -> Ended {
        match self {
            Self::Check { dir } => check(setup, dir),
            Self::Why(why) => Box::pin(setup.within(async |house| why.act(setup, house).await)).await,
        }
    }
}

fn check(setup: &Setup, dir: Option<PathBuf>) -> Ended {
    let dir = match dir {
        Some(dir) => Some(dir),
        None if config::find_file(setup.file.as_deref(), |name| setup.variable(name)).is_some() => {
            setup.settings()?.policies.dir
        }
        // Without a configuration the program's own policies are meant.
        None => None,
    };
    let judged = dir.as_deref().map_or_else(|| PolicySet::embedded().map(|set| set.summary()), PolicySet::check);
    let named = dir.as_ref().map_or_else(|| "the program's own policies".to_owned(), |dir| dir.display().to_string());
    match judged {
        Ok(summary) if setup.out.json => setup.out.json(&json!({ "ok": true, "summary": summary }))?,
        Ok(summary) => {
            let rules = text::count(summary.rules.len(), "rule");
            setup.out.text(&format!("{named}: {rules}, version {}, {}", summary.version, summary.hash))?;
        }
        Err(problems) if setup.out.json => {
            setup.out.json(&json!({ "ok": false, "problems": problems }))?;
            return Ok(Status::Wrong);
        }
        Err(problems) => return Err(Failure::problems(Status::Wrong, problems)),
    }
    Ok(Status::Done)
}

impl Why {
    async fn act(self, setup: &Setup, house: &House) -> Ended {
        let principal = match &self.user {
            Some(name) => house.access.person(name).await?,
            None => setup.principal(house).await?.as_ref().clone(),
        };
        let mut resource = resource(house, self.action, &self.thing).await?;
        let of = if resource.kind == Kind::Pilot { Some(resource.id.as_str()) } else { resource.pilot.as_deref() };
        if let Some(pilot) = of.and_then(|name| house.pilots.get(name)) {
            // Reviewers are named in the configuration; the policy compares identifiers.
            name_reviewer(&mut resource, pilot, &principal);
        }
        let why = house.policies.why(&Ask { principal: &principal, action: self.action, resource: &resource });
        if setup.out.json {
            setup.out.json(&why)?;
        } else {
            setup.out.text(&why.to_string())?;
        }
        Ok(if why.allowed { Status::Done } else { Status::Wrong })
    }
}

fn name_reviewer(resource: &mut Resource, pilot: &Pilot, principal: &policy::Principal) {
    resource.forbid_self_review = pilot.forbid_self_review;
    resource.reviewers =
        pilot.reviewers.iter().filter(|name| **name == principal.name).map(|_| principal.user.clone()).collect();
}

async fn resource(house: &House, action: Action, thing: &str) -> Result<Resource, Failure> {
    if thing == "system" {
        return Ok(Resource::system());
    }
    if let Some(name) = thing.strip_prefix("pilot:") {
        let pilot =
            house.pilots.get(name).ok_or_else(|| StoreError::NotFound { what: "pilot", id: name.to_owned() })?;
        return Ok(Resource::pilot(&pilot.name, &pilot.tenant));
    }
    let named: Named = thing.parse()?;
    let request = house.store.request(named.request()).await?.request;
    // One name stands for request, brief, review and run; which is meant, the action says.
    let wanted =
        [Kind::Review, Kind::Brief, Kind::Run, Kind::Request].into_iter().find(|kind| action.kinds().contains(kind));
    let kind = wanted.unwrap_or(Kind::Request);
    let id = match kind {
        Kind::Review | Kind::Brief => named.brief().to_string(),
        Kind::Run => named.run().to_string(),
        _ => named.request().to_string(),
    };
    let mut resource = Resource::within(kind, id, &request.tenant, &request.pilot);
    resource.submitter = request.submitter;
    if matches!(kind, Kind::Review | Kind::Brief) {
        let brief = house.store.brief(&named.brief()).await?;
        resource.claimed_by = brief.claim.filter(|(_, until)| *until > house.clock.now()).map(|(by, _)| by);
    }
    Ok(resource)
}
