//! The `[[pilot]]` tables. Own file because it turns what an operator wrote about a pilot into the rules that intake, screening and
//! review keep to. INVARIANT: a pilot has at least one reviewer and never needs more approvals than it has reviewers.

use super::generator::{EMBEDDED, allowance};
use super::keys::nearest;
use super::node::Node;
use super::problem::Code;
use super::read::{Part, Reader, is_name, short};
use super::terms::terms;
use crate::domain::limit::AtLimit;
use crate::domain::pilot::Pilot;
use crate::domain::review::Rules;
use crate::screen::{Boundary, BoundaryOptions};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use std::path::Path;

/// Longest context, and longest playbook, in bytes: both are paid for with every request.
const LONGEST: (usize, usize) = (4 * 1024, 32 * 1024);

/// Reads one pilot, `pilot[index]`: its rules, its data boundary, and what of a request its models may see.
pub(super) fn pilot(
    reader: &mut Reader,
    index: usize,
    node: &Node,
    data_dir: &Path,
) -> Option<(Pilot, Boundary, Boundary)> {
    let path = format!("pilot[{index}]");
    let part = reader.part("pilot", &path, &node.place, Some(node));
    let name = reader.text(&part, "name");
    let tenant = reader.text(&part, "tenant");
    let reviewers = reviewers(reader, &part);
    let approvals = reader.number::<u32>(&part, "approvals_required");
    if let Ok(count) = u32::try_from(reviewers.len())
        && approvals > count
        && count > 0
    {
        let message = format!("{approvals} approvals are needed, but only {count} may decide");
        reader.at(
            Code::Together,
            &part,
            "approvals_required",
            message,
            "name more reviewers, or ask for fewer approvals",
        );
    }
    let attempts = reader.number::<u32>(&part, "max_attempts");
    let forbid_self_review = reader.switch(&part, "forbid_self_review").unwrap_or(true);
    let claim = SignedDuration::from_mins(reader.number::<u32>(&part, "claim_minutes").into());
    let alike_for = SignedDuration::from_hours(reader.number::<u32>(&part, "duplicate_window_hours").into());
    let time_zone = time_zone(reader, &part);
    let workflow = reader.text(&part, "workflow");
    if workflow.as_deref().is_some_and(|name| !is_name(name)) {
        reader.at(
            Code::Value,
            &part,
            "workflow",
            "no workflow can have that name",
            "use the name of a workflow, such as `generate-brief`",
        );
    }
    let owner =
        reader.text(&part, "owner").filter(|owner| !owner.trim().is_empty()).or_else(|| reviewers.first().cloned());
    let notify = notify(reader, &part, &reviewers);
    let reply_by_mail = reader.switch(&part, "reply_by_mail").unwrap_or(true);
    let outer = boundary(reader, &part, "pilot.boundary", None);
    let inner = outer.as_ref().and_then(|outer| boundary(reader, &part, "pilot.model_boundary", Some(outer)));
    let generators = generators(reader, &part);
    let at_limit = match reader.text(&part, "at_limit").as_deref() {
        Some("wait") => AtLimit::Wait,
        Some("hold") => AtLimit::Hold,
        _ => AtLimit::FallBack,
    };
    let context = reader.text(&part, "context").filter(|text| !text.trim().is_empty());
    if context.as_ref().is_some_and(|text| text.len() > LONGEST.0) {
        let message = format!("is longer than {} bytes", LONGEST.0);
        reader.at(Code::Value, &part, "context", message, "keep it to a few sentences, or use `playbook_file`");
    }
    let playbook = playbook(reader, &part, data_dir);
    let (limits, place) = (part.path("limits"), part.place("limits"));
    let table = reader.part("pilot.limits", &limits, &place, part.node("limits"));
    let allowance = allowance(reader, &table);
    let rules = Rules { approvals, attempts };
    // A zone that is none has its own problem; the other keys are judged all the same.
    let (terms, undo_window) = terms(reader, &part, time_zone.as_ref().unwrap_or(&TimeZone::UTC));
    let pilot = Pilot {
        name: name?,
        tenant: tenant?,
        owner: owner?,
        reviewers,
        rules,
        forbid_self_review,
        claim,
        time_zone: time_zone?,
        alike_for,
        workflow: workflow?,
        notify,
        reply_by_mail,
        generators,
        at_limit,
        allowance,
        context,
        playbook,
        terms,
        undo_window,
        triggers: Vec::new(),
    };
    Some((pilot, outer?, inner?))
}

/// Who drafts: the embedded generator, unless some are named.
fn generators(reader: &mut Reader, part: &Part<'_>) -> Vec<String> {
    if part.node("generators").is_none() {
        return vec![EMBEDDED.to_owned()];
    }
    let named = reader.texts(part, "generators");
    if named.is_empty() {
        let message = "nobody would draft its briefs";
        reader.at(Code::Value, part, "generators", message, "name at least one: `generators = [\"embedded\"]`");
    }
    for (place, name) in named.iter().enumerate() {
        if named.iter().take(place).any(|earlier| earlier == name) {
            reader.at(Code::Twice, part, "generators", format!("`{}` is named twice", short(name)), "name each once");
        }
    }
    named
}

/// The playbook, read from its file.
fn playbook(reader: &mut Reader, part: &Part<'_>, data_dir: &Path) -> Option<String> {
    let file = reader.path(part, "playbook_file", data_dir)?;
    let help = "name a text file that the program may read";
    match std::fs::read_to_string(&file) {
        Ok(text) if text.len() > LONGEST.1 => {
            let message = format!("`{}` is longer than {} bytes", file.display(), LONGEST.1);
            reader.at(Code::Value, part, "playbook_file", message, "shorten it: it is sent with every request");
            None
        }
        Ok(text) => Some(text).filter(|text| !text.trim().is_empty()),
        Err(cause) => {
            let message = format!("`{}` cannot be read: {cause}", file.display());
            reader.at(Code::Value, part, "playbook_file", message, help);
            None
        }
    }
}

/// Who is told by mail: all reviewers, unless some are named.
fn notify(reader: &mut Reader, part: &Part<'_>, reviewers: &[String]) -> Vec<String> {
    if part.node("notify").is_none() {
        return reviewers.to_vec();
    }
    let named = reader.texts(part, "notify");
    for name in named.iter().filter(|name| !reviewers.contains(name)) {
        let message = format!("`{}` is no reviewer of this pilot", short(name));
        reader.at(Code::Nowhere, part, "notify", message, "name reviewers alone, or add them to `reviewers`");
    }
    named
}

fn reviewers(reader: &mut Reader, part: &Part<'_>) -> Vec<String> {
    let mut reviewers: Vec<String> = Vec::new();
    let given = reader.texts(part, "reviewers");
    if given.is_empty() && part.node("reviewers").is_some() {
        reader.at(
            Code::Value,
            part,
            "reviewers",
            "nobody could decide on its briefs",
            "name at least one user: `reviewers = [\"ada\"]`",
        );
    }
    for name in given {
        if !is_name(&name) {
            let help = "use 1 to 64 lowercase letters, digits, `.`, `_` or `-`, as `opspilot user list` shows them";
            reader.at(Code::Value, part, "reviewers", format!("`{}` is no user name", short(&name)), help);
        } else if reviewers.contains(&name) {
            reader.at(Code::Twice, part, "reviewers", format!("`{name}` is named twice"), "name each reviewer once");
        } else {
            reviewers.push(name);
        }
    }
    reviewers
}

/// The zone that `time_zone` of a table names.
pub(super) fn time_zone(reader: &mut Reader, part: &Part<'_>) -> Option<TimeZone> {
    let name = reader.text(part, "time_zone")?;
    if let Ok(zone) = TimeZone::get(&name) {
        return Some(zone);
    }
    let known: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
    let help = match nearest(&name, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "use an IANA name such as `Europe/Berlin`".to_owned(),
    };
    reader.at(Code::Value, part, "time_zone", format!("there is no time zone `{}`", short(&name)), help);
    None
}

/// A zone by its name.
pub(super) fn zone_of(zone: &TimeZone) -> &str {
    zone.iana_name().unwrap_or("UTC")
}

/// A table of a boundary: `pilot.boundary`, or `pilot.model_boundary` upon that one.
fn boundary(reader: &mut Reader, pilot: &Part<'_>, section: &'static str, upon: Option<&Boundary>) -> Option<Boundary> {
    let name = section.trim_start_matches("pilot.");
    let path = pilot.path(name);
    let place = pilot.place(name);
    let node = pilot.node(name);
    let part = reader.part(section, &path, &place, node);
    let options = BoundaryOptions {
        preset: reader.text(&part, "preset"),
        allowed: reader.texts(&part, "allowed"),
        redact: reader.texts(&part, "redact"),
        prohibited: reader.texts(&part, "prohibited"),
        unnamed: reader.text(&part, "unnamed"),
        allow_reserved: reader.switch(&part, "allow_reserved"),
    };
    let read = match upon {
        None => Boundary::from_options(&options, &path),
        Some(base) => Boundary::for_models(&options, base, &path),
    };
    match read {
        Ok(boundary) => Some(boundary),
        Err(problems) => {
            for problem in problems {
                let below = problem.path.strip_prefix(&path).unwrap_or("");
                let at = node.map_or(&place, |node| node.place_of(below)).clone();
                reader.add(problem.code, at, problem.path, problem.message, problem.help);
            }
            None
        }
    }
}
