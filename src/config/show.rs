//! The configuration in force, as TOML. Own file because what people see must never hold a secret. INVARIANT: a database password, the
//! environment of a program and what looks like a secret are not in it; the result can be read again, with what was hidden as `…`.

use super::settings::{GeneratorSettings, LogFormat, Settings, SourceSettings};
use crate::domain::limit::{Allowance, Party};
use crate::domain::pilot::Pilot;
use crate::rota::Waits;
use crate::screen::{Boundary, Kind, Treatment};
use crate::store::Url;
use opspilot_sdk::Lane;
use std::path::Path;
use std::time::Duration;
use toml::{Table, Value};

/// What stands in place of a value that is not shown.
const HIDDEN: &str = "…";

/// The effective configuration as TOML, defaults included, secrets left out.
#[must_use]
pub fn show(settings: &Settings) -> String {
    let Settings {
        data_dir,
        store,
        web,
        engine,
        intake,
        sources,
        pilots,
        boundaries,
        model_boundaries,
        schedules,
        waits,
        people,
        policies,
        workflows_dir,
        receipts,
        ..
    } = settings;
    let mut top = Table::new();
    put(&mut top, "data_dir", path(data_dir));
    put(&mut top, "workflows_dir", workflows_dir.as_deref().map(path));
    put(&mut top, "grace_secs", secs(settings.grace));
    let mut table = Table::new();
    put(&mut table, "url", address(&store.url));
    put(&mut table, "queue", count(store.queue));
    put(&mut top, "store", Value::Table(table));
    let mut table = Table::new();
    put(&mut table, "listen", text(&web.listen.to_string()));
    put(&mut table, "allow_remote", Value::Boolean(web.allow_remote));
    put(&mut table, "base_url", text(&web.base_url));
    put(&mut table, "header_secs", secs(web.header_time));
    put(&mut table, "idle_secs", secs(web.idle_time));
    put(&mut table, "connections", count(web.connections));
    put(&mut table, "session_idle_hours", Value::Integer(web.session_idle.as_hours()));
    put(&mut table, "session_hours", Value::Integer(web.session.as_hours()));
    put(&mut table, "invitation_hours", Value::Integer(web.invitation.as_hours()));
    put(&mut top, "web", Value::Table(table));
    let mut table = Table::new();
    put(&mut table, "workers", count(engine.workers));
    put(&mut table, "in_flight", count(engine.in_flight));
    put(&mut table, "lease_secs", secs(engine.lease));
    put(&mut table, "poll_ms", millis(engine.poll));
    put(&mut top, "engine", Value::Table(table));
    let mut pull = Table::new();
    put(&mut pull, "batch", count(intake.pull.batch));
    put(&mut pull, "lease_secs", secs(intake.pull.lease));
    put(&mut pull, "first_wait_ms", millis(intake.pull.first_wait));
    put(&mut pull, "longest_wait_secs", secs(intake.pull.longest_wait));
    put(&mut pull, "pause_at", Value::Integer(intake.pull.pause_at));
    let mut table = Table::new();
    put(&mut table, "max_waiting", Value::Integer(intake.max_waiting));
    put(&mut table, "pull", Value::Table(pull));
    put(&mut top, "intake", Value::Table(table));
    let mut table = Table::new();
    put(&mut table, "dir", policies.dir.as_deref().map(path));
    put(&mut table, "min_version", Value::Integer(i64::try_from(policies.min_version).unwrap_or(i64::MAX)));
    put(&mut table, "recheck_secs", secs(policies.recheck));
    put(&mut top, "policies", Value::Table(table));
    let mut table = Table::new();
    put(&mut table, "origin", text(&receipts.origin));
    put(&mut table, "key_file", path(&receipts.key_file));
    put(&mut table, "checkpoint_secs", secs(receipts.checkpoint_every));
    put(&mut table, "checkpoint_file", receipts.checkpoint_file.as_deref().map_or_else(|| text(""), path));
    put(&mut top, "receipts", Value::Table(table));
    let mut table = Table::new();
    let format = if settings.telemetry.format == LogFormat::Json { "json" } else { "text" };
    put(&mut table, "format", text(format));
    put(&mut table, "filter", text(&settings.telemetry.filter));
    put(&mut top, "telemetry", Value::Table(table));
    put(&mut top, "mail", Value::Table(settings.mail.shown.clone()));
    put(
        &mut top,
        "pilot",
        pilots
            .iter()
            .map(|one| {
                let mut shown =
                    pilot(one, [boundaries, model_boundaries].map(|all| all.get(&one.name)), waits.get(&one.name));
                if let (Value::Table(table), Some(file)) = (&mut shown, settings.playbooks.get(&one.name)) {
                    put(table, "playbook_file", path(file));
                }
                shown
            })
            .collect::<Vec<_>>(),
    );
    put(&mut top, "generator", settings.generators.iter().map(generator).collect::<Vec<_>>());
    put(&mut top, "tenant", settings.tenants.iter().map(tenant).collect::<Vec<_>>());
    if let Some(file) = &settings.prices {
        put(&mut top, "prices", Value::Table(Table::from_iter([("file".to_owned(), path(file))])));
    }
    put(&mut top, "source", sources.iter().map(source).collect::<Vec<_>>());
    put(&mut top, "person", people.iter().cloned().map(Value::Table).collect::<Vec<_>>());
    let schedule = |plan| Value::Table(super::schedule::shown(plan));
    put(&mut top, "schedule", schedules.iter().map(schedule).collect::<Vec<_>>());
    let tables = |tables: Vec<Table>| tables.into_iter().map(Value::Table).collect::<Vec<_>>();
    put(&mut top, "provider", tables(settings.providers.iter().map(super::provider::shown).collect()));
    put(&mut top, "sink", tables(settings.sinks.iter().map(super::sink::shown).collect()));
    put(&mut top, "action", tables(settings.actions.clone()));
    let triggers = pilots.iter().flat_map(|pilot| pilot.triggers.iter().map(|one| super::terms::shown(pilot, one)));
    put(&mut top, "trigger", tables(triggers.collect()));
    top.to_string()
}

fn pilot(pilot: &Pilot, boundaries: [Option<&Boundary>; 2], waits: Option<&Waits>) -> Value {
    let mut table = Table::new();
    put(&mut table, "name", text(&pilot.name));
    put(&mut table, "tenant", text(&pilot.tenant));
    put(&mut table, "reviewers", pilot.reviewers.iter().map(|name| text(name)).collect::<Vec<_>>());
    put(&mut table, "owner", text(&pilot.owner));
    put(&mut table, "approvals_required", Value::Integer(pilot.rules.approvals.into()));
    put(&mut table, "max_attempts", Value::Integer(pilot.rules.attempts.into()));
    put(&mut table, "forbid_self_review", Value::Boolean(pilot.forbid_self_review));
    put(&mut table, "claim_minutes", Value::Integer(pilot.claim.as_mins()));
    put(&mut table, "time_zone", text(super::pilot::zone_of(&pilot.time_zone)));
    put(&mut table, "duplicate_window_hours", Value::Integer(pilot.alike_for.as_hours()));
    put(&mut table, "workflow", text(&pilot.workflow));
    put(&mut table, "notify", pilot.notify.iter().map(|name| text(name)).collect::<Vec<_>>());
    put(&mut table, "reply_by_mail", Value::Boolean(pilot.reply_by_mail));
    put(&mut table, "generators", pilot.generators.iter().map(|name| text(name)).collect::<Vec<_>>());
    put(&mut table, "at_limit", text(pilot.at_limit.as_str()));
    put(&mut table, "context", pilot.context.as_deref().map(text));
    super::terms::show(&mut table, pilot);
    let mut limits = Table::new();
    allowance(&mut limits, &pilot.allowance);
    if !limits.is_empty() {
        put(&mut table, "limits", Value::Table(limits));
    }
    if let Some(waits) = waits {
        let hours = |after: Option<jiff::SignedDuration>| after.map(|after| Value::Integer(after.as_hours()));
        put(&mut table, "remind_after_hours", hours(waits.remind_after));
        put(&mut table, "remind_times", Value::Integer(waits.remind_times.into()));
        put(&mut table, "escalate_after_hours", hours(waits.escalate_after));
        if !waits.escalate_to.is_empty() {
            put(&mut table, "escalate_to", waits.escalate_to.iter().map(|name| text(name)).collect::<Vec<_>>());
        }
    }
    for (name, boundary) in ["boundary", "model_boundary"].into_iter().zip(boundaries) {
        let Some(boundary) = boundary else { continue };
        let kinds = |wanted: Treatment| -> Vec<Value> {
            Kind::ALL
                .into_iter()
                .filter(|kind| boundary.treatment(*kind) == wanted)
                .map(|kind| text(kind.name()))
                .collect()
        };
        let mut inner = Table::new();
        put(&mut inner, "preset", text(boundary.preset()));
        put(&mut inner, "allowed", kinds(Treatment::Allow));
        put(&mut inner, "redact", kinds(Treatment::Redact));
        put(&mut inner, "prohibited", kinds(Treatment::Hold));
        put(&mut inner, "allow_reserved", Value::Boolean(boundary.allows_reserved()));
        put(&mut table, name, Value::Table(inner));
    }
    Value::Table(table)
}

fn allowance(table: &mut Table, allowance: &Allowance) {
    let whole = |number: u64| Value::Integer(i64::try_from(number).unwrap_or(i64::MAX));
    let dollars = |amount: crate::domain::money::Micros| text(amount.to_string().trim_start_matches('$'));
    put(table, "requests_per_minute", allowance.requests_per_minute.map(|number| whole(number.into())));
    put(table, "tokens_per_minute", allowance.tokens_per_minute.map(whole));
    put(table, "usd_per_day", allowance.per_day.map(dollars));
    put(table, "usd_per_month", allowance.per_month.map(dollars));
    put(table, "usd_whole", allowance.whole.map(dollars));
}

fn tenant(party: &Party) -> Value {
    let mut table = Table::new();
    put(&mut table, "name", text(party.scope.strip_prefix("tenant:").unwrap_or(&party.scope)));
    put(&mut table, "time_zone", text(super::pilot::zone_of(&party.zone)));
    allowance(&mut table, &party.allowance);
    Value::Table(table)
}

fn generator(generator: &GeneratorSettings) -> Value {
    let asked = &generator.asked;
    let mut table = Table::new();
    put(&mut table, "name", text(&asked.name));
    put(&mut table, "kind", text(&generator.kind));
    put(&mut table, "free", Value::Boolean(asked.price.is_free()));
    allowance(&mut table, &asked.allowance);
    put(&mut table, "time_zone", text(super::pilot::zone_of(&asked.zone)));
    put(&mut table, "parallel", Value::Integer(asked.parallel.into()));
    put(&mut table, "max_output_tokens", Value::Integer(asked.max_output.into()));
    if !asked.price.is_free() {
        let dollars = |amount: crate::domain::money::Micros| text(amount.to_string().trim_start_matches('$'));
        let mut price = Table::new();
        put(&mut price, "input", dollars(asked.price.input));
        put(&mut price, "cached", dollars(asked.price.cached));
        put(&mut price, "output", dollars(asked.price.output));
        put(&mut table, "price", Value::Table(price));
    }
    put(&mut table, "options", Value::Table(generator.written.clone()));
    Value::Table(table)
}

fn source(source: &SourceSettings) -> Value {
    let mut table = Table::new();
    put(&mut table, "name", text(&source.name));
    put(&mut table, "kind", text(&source.kind));
    put(&mut table, "pilot", text(&source.pilot));
    put(&mut table, "lane", text(if source.lane == Lane::Bulk { "bulk" } else { "interactive" }));
    put(&mut table, "list_mail", text(if source.take_lists { "take" } else { "ignore" }));
    put(&mut table, "rate_per_sec", source.limit.map(|limit| Value::Integer(limit.per_sec.get().into())));
    put(&mut table, "burst", source.limit.map(|limit| Value::Integer(limit.burst.get().into())));
    put(&mut table, "options", Value::Table(source.written.clone()));
    Value::Table(table)
}

/// What a person may see of the options of a connector. Numbers, switches and names of files and variables say nothing; texts below
/// `env` and `headers`, arguments of a command, and what is called like a secret may.
pub(super) fn without_secrets(name: &str, value: &serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match value {
        Json::Null => text(HIDDEN),
        Json::Bool(on) => Value::Boolean(*on),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Value::Integer(whole),
            (None, float) => Value::Float(float.unwrap_or(f64::NAN)),
        },
        Json::String(_) if telling(name) => text(HIDDEN),
        Json::String(shown) => text(shown),
        Json::Array(list) if name == "command" => {
            let argument =
                |(place, item): (usize, &Json)| if place == 0 { without_secrets("", item) } else { text(HIDDEN) };
            Value::Array(list.iter().enumerate().map(argument).collect())
        }
        Json::Array(list) => Value::Array(list.iter().map(|item| without_secrets(name, item)).collect()),
        Json::Object(table) => {
            let within = |key: &str| {
                if telling(name) && !matches!(key, "file" | "env") { name.to_owned() } else { key.to_owned() }
            };
            // `{ file = … }` and `{ env = … }` name where a secret is; anything else below such a table may be one.
            let entry = |(key, item): (&String, &Json)| {
                let shown = match item {
                    Json::String(named) if telling(name) && matches!(key.as_str(), "file" | "env") => text(named),
                    Json::Object(_) if telling(name) => without_secrets(name, item),
                    _ => without_secrets(&within(key), item),
                };
                (key.clone(), shown)
            };
            Value::Table(table.iter().map(entry).collect())
        }
    }
}

/// Whether texts under this key may be secrets.
pub(super) fn telling(name: &str) -> bool {
    let name = name.to_lowercase();
    let words = ["secret", "token", "password", "passwd", "passphrase", "credential", "authorization", "cookie", "key"];
    let names_only = name.ends_with("_file") || name.ends_with("_env");
    !names_only
        && (name == "env" || name == "headers" || name == "command" || words.iter().any(|word| name.contains(word)))
}

/// The address of the store without its password.
fn address(url: &Url) -> Value {
    match url {
        Url::Sqlite(file) => text(&format!("sqlite:{}", file.display())),
        Url::Postgres(whole) => text(&super::store::without_password(whole)),
    }
}

fn put(table: &mut Table, name: &str, value: impl IntoShown) {
    if let Some(value) = value.into_shown() {
        table.insert(name.to_owned(), value);
    }
}

/// What can be put into a table; `None` is left out, as it is in the file.
trait IntoShown {
    fn into_shown(self) -> Option<Value>;
}

impl IntoShown for Value {
    fn into_shown(self) -> Option<Value> {
        Some(self)
    }
}

impl IntoShown for Option<Value> {
    fn into_shown(self) -> Option<Value> {
        self
    }
}

impl IntoShown for Vec<Value> {
    fn into_shown(self) -> Option<Value> {
        Some(Value::Array(self))
    }
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn path(path: &Path) -> Value {
    text(&path.to_string_lossy())
}

fn count(number: usize) -> Value {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

fn secs(time: Duration) -> Value {
    Value::Integer(i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
}

fn millis(time: Duration) -> Value {
    Value::Integer(i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}
