//! The configuration: one TOML file and the environment become [`Settings`], or a list of everything that is wrong. Nothing here opens
//! a store, a port or a source. INVARIANT: what the program runs on is a [`Settings`]; nothing is built from what was written.
//!
//! The way: TOML with places (`node`), variables laid over it (`env`), keys judged by the one list (`keys`, `read`), sections turned into
//! the types of the rooms (`sections`, `pilot`, `source`).

mod action;
mod apart;
mod env;
mod find;
mod generator;
mod keys;
mod list;
mod mail;
mod node;
mod pilot;
mod prices;
mod problem;
mod provider;
mod read;
mod schedule;
mod schema;
mod sections;
mod settings;
mod shared;
mod show;
mod sink;
mod source;
mod store;
mod terms;
mod web;
mod wording;
mod writing;

pub use find::{FILE_NAME, find_file, places};
pub use mail::MailSettings;
pub use problem::{Code, Place, Problem, Problems};
pub use schema::schema;
pub use settings::{
    GeneratorSettings, IntakeSettings, LogFormat, PolicySettings, ReceiptSettings, Settings, SinkSettings,
    SourceSettings, StoreSettings, TelemetrySettings, WebSettings,
};
pub use show::show;

use jiff::civil::Date;
use node::{Node, Value};
use opspilot_sdk::{Model, Registry, Sink};
use read::{Reader, short};
use sections::open;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The example that runs as it is, every key explained: what `opspilot init` writes.
pub const DEFAULT: &str = include_str!("../../config/opspilot.default.toml");

/// What a configuration is judged by, besides itself.
pub struct Given {
    /// The kinds of source there are.
    pub sources: Registry,
    /// The kinds of model there are.
    pub models: Registry<Arc<dyn Model>>,
    /// The kinds of sink there are.
    pub sinks: Registry<Arc<dyn Sink>>,
    /// The day: a table of prices is not of a day to come.
    pub today: Date,
}

/// Reads the file that was named, or else the first that [`find_file`] finds. `env` is the environment; `given` what there is
/// to be configured.
///
/// # Errors
/// Everything that is wrong.
pub fn load(
    file: Option<&Path>,
    env: impl Iterator<Item = (String, String)>,
    given: &Given,
) -> Result<Settings, Problems> {
    let env: BTreeMap<String, String> = env.collect();
    let var = |name: &str| env.get(name).cloned();
    let alone = |file: &Path, message: String, help: &str| {
        let problem = Problem {
            code: Code::File.as_str(),
            file: file.display().to_string(),
            place: Place::Whole,
            key: String::new(),
            message,
            help: help.to_owned(),
        };
        Problems::one(problem)
    };
    let Some(found) = find_file(file, var) else {
        let looked: Vec<String> = places(var).iter().map(|place| format!("`{}`", place.display())).collect();
        let message = format!("there is no configuration file; looked for {}", looked.join(", "));
        return Err(alone(Path::new(FILE_NAME), message, "`opspilot init` writes one, `--config FILE` names one"));
    };
    let unreadable = |cause: std::io::Error| {
        alone(
            &found,
            format!("cannot be read: {cause}"),
            "check the name and the permissions; `opspilot init` writes a new one",
        )
    };
    let bytes = std::fs::read(&found).map_err(unreadable)?;
    let text = String::from_utf8(bytes).map_err(|cause| {
        let line = cause
            .as_bytes()
            .get(..cause.utf8_error().valid_up_to())
            .map_or(1, |good| good.split(|byte| *byte == b'\n').count());
        alone(&found, format!("line {line} is not UTF-8"), "save the file as UTF-8")
    })?;
    let absolute = std::path::absolute(&found).map_err(unreadable)?;
    let base_dir = absolute.parent().unwrap_or(Path::new("/"));
    parse_in(&text, &found.display().to_string(), base_dir, &env, given)
}

/// Judges a configuration. `origin` names the file in messages; a relative data folder starts from `base_dir`, itself absolute.
///
/// # Errors
/// Everything that is wrong.
pub fn parse(
    text: &str,
    origin: &str,
    base_dir: &Path,
    env: impl Iterator<Item = (String, String)>,
    given: &Given,
) -> Result<Settings, Problems> {
    parse_in(text, origin, base_dir, &env.collect(), given)
}

fn parse_in(
    text: &str,
    origin: &str,
    base_dir: &Path,
    env: &BTreeMap<String, String>,
    given: &Given,
) -> Result<Settings, Problems> {
    let mut reader = Reader::new(origin);
    let (mut root, errors) = node::read(text.strip_prefix('\u{feff}').unwrap_or(text));
    for (place, message) in errors {
        reader.add(Code::Syntax.as_str(), place, String::new(), message, "texts stand in quotes, each table name once");
    }
    // What a broken file seems to say is not worth judging.
    if reader.problems.is_empty() {
        env::lay_over(&mut reader, &mut root, env);
        let settings = judge(&mut reader, &root, base_dir, env, given);
        if let (Some(settings), true) = (settings, reader.problems.is_empty()) {
            return Ok(settings);
        }
    }
    Err(Problems::of(reader.problems))
}

fn judge(
    reader: &mut Reader,
    root: &Node,
    base_dir: &Path,
    env: &BTreeMap<String, String>,
    given: &Given,
) -> Option<Settings> {
    let mut notes = Vec::new();
    let top = reader.part("", "", &root.place, Some(root));
    let data_dir = reader.needed_path(&top, "data_dir", base_dir).unwrap_or_else(|| base_dir.to_path_buf());
    let workflows_dir = reader.path(&top, "workflows_dir", &data_dir);
    let grace =
        Duration::from_secs(reader.whole(&top, "grace_secs").and_then(|secs| u64::try_from(secs).ok()).unwrap_or(0));

    let part = open(reader, root, "store");
    let store = store::store(reader, &part, &data_dir, env, &mut notes);
    let part = open(reader, root, "web");
    let web = web::web(reader, &part, &mut notes);
    let part = open(reader, root, "engine");
    let engine = sections::engine(reader, &part);
    let part = open(reader, root, "intake");
    let pull = open(reader, root, "intake.pull");
    let intake = sections::intake(reader, &part, &pull);
    let part = open(reader, root, "policies");
    let policies = sections::policies(reader, &part, &data_dir);
    let part = open(reader, root, "receipts");
    let receipts = sections::receipts(reader, &part, &data_dir);
    let part = open(reader, root, "telemetry");
    let telemetry = sections::telemetry(reader, &part);

    let part = open(reader, root, "mail");
    let dkim = open(reader, root, "mail.dkim");
    let base_url = web.as_ref().map_or("", |web| web.base_url.as_str());
    let mail = mail::mail(reader, &part, &dkim, root.get("mail"), base_url);

    let written = tables(reader, root, "pilot");
    let mut pilots = Vec::new();
    let mut boundaries = BTreeMap::new();
    let mut model_boundaries = BTreeMap::new();
    let mut playbooks = BTreeMap::new();
    let people = tables(reader, root, "person");
    let working: Vec<_> =
        people.iter().enumerate().filter_map(|(index, node)| schedule::person(reader, index, node)).collect();
    twice(reader, "person", people);
    let mut waits = BTreeMap::new();
    for (index, node) in written.iter().enumerate() {
        if let Some((pilot, boundary, model_boundary)) = pilot::pilot(reader, index, node, &data_dir) {
            if let Some(wait) = schedule::waits(reader, index, node, &pilot, &working) {
                waits.insert(pilot.name.clone(), wait);
            }
            boundaries.insert(pilot.name.clone(), boundary);
            model_boundaries.insert(pilot.name.clone(), model_boundary);
            if let (Some(_), Some(Value::Text(file))) =
                (&pilot.playbook, node.get("playbook_file").map(|node| &node.value))
            {
                playbooks.insert(pilot.name.clone(), data_dir.join(file));
            }
            pilots.push(pilot);
        }
    }
    twice(reader, "pilot", written);
    let names: Vec<&str> = written.iter().filter_map(|node| name_of(node)).collect();
    let whole = (names.len() == written.len()).then_some(names.as_slice());

    let part = open(reader, root, "prices");
    let table = generator::prices(reader, &part, &data_dir, given.today);
    let prices = reader.path(&part, "file", &data_dir);
    let tenants = tables(reader, root, "tenant");
    let parties: Vec<_> = tenants
        .iter()
        .enumerate()
        .filter_map(|(index, node)| generator::tenant(reader, index, node, &pilots))
        .collect();
    twice(reader, "tenant", tenants);
    let makers = tables(reader, root, "generator");
    let generators: Vec<_> = makers
        .iter()
        .enumerate()
        .filter_map(|(index, node)| generator::generator(reader, index, node, table.as_ref(), &given.models))
        .collect();
    twice(reader, "generator", makers);
    let known: Vec<&str> = makers.iter().filter_map(|node| name_of(node)).collect();
    let known = (known.len() == makers.len()).then_some(known.as_slice());
    for (index, node) in written.iter().enumerate() {
        if let Some(pilot) = pilots.iter().find(|pilot| Some(pilot.name.as_str()) == name_of(node)) {
            generator::chain(reader, index, node, pilot, &generators, known, &parties);
        }
    }
    if let Some(table) = table.filter(|table| table.is_old(given.today)) {
        let by_table =
            generators.iter().filter(|generator| generator.from_table).map(|generator| &generator.asked.name);
        notes.extend(by_table.map(|name| {
            format!("the price of generator `{name}` is of {}; compare it with the vendor's page, and write `[generator.price]` if it changed", table.as_of)
        }));
    }

    let vouching = tables(reader, root, "provider");
    let providers: Vec<_> =
        vouching.iter().enumerate().filter_map(|(index, node)| provider::provider(reader, index, node)).collect();
    twice(reader, "provider", vouching);

    let written = tables(reader, root, "source");
    let sources: Vec<_> = written
        .iter()
        .enumerate()
        .filter_map(|(index, node)| source::source(reader, index, node, whole, &given.sources))
        .collect();
    twice(reader, "source", written);
    apart::judge(reader, written, &sources, &data_dir);

    let written = tables(reader, root, "schedule");
    let schedules: Vec<_> = written
        .iter()
        .enumerate()
        .filter_map(|(index, node)| schedule::schedule(reader, index, node, &pilots, whole))
        .collect();
    twice(reader, "schedule", written);

    let writing = writing::writing(reader, root, &mut pilots, whole, &given.sinks);
    notes.extend(writing.notes);

    let mut shared = |whose: String, options: &toml::Table| notes.extend(shared::notes(&whose, options, &data_dir));
    sources.iter().for_each(|source| shared(format!("source `{}`", source.name), &source.written));
    writing.sinks.iter().for_each(|sink| shared(format!("sink `{}`", sink.name), &sink.written));
    generators.iter().for_each(|generator| shared(format!("generator `{}`", generator.asked.name), &generator.written));
    providers.iter().for_each(|one| shared(format!("provider `{}`", one.name), &provider::shown(one)));
    mail.iter().for_each(|mail| shared("`[mail]`".to_owned(), &mail.shown));

    if let Some(web) = &web {
        notes.extend(open_doors(&sources, &web.base_url));
    }
    let (store, web, receipts, telemetry, mail) = (store?, web?, receipts?, telemetry?, mail?);
    Some(Settings {
        data_dir,
        store,
        web,
        engine,
        intake,
        sources,
        generators,
        tenants: parties,
        prices,
        playbooks,
        pilots,
        boundaries,
        model_boundaries,
        providers,
        sinks: writing.sinks,
        rules: writing.rules,
        actions: writing.shown,
        schedules,
        waits,
        people: working.iter().map(schedule::shown_person).collect(),
        policies,
        workflows_dir,
        receipts,
        telemetry,
        mail,
        grace,
        notes,
    })
}

/// Sources that verify nothing while others reach the desk: a proxy on this machine is a caller on this machine, for everybody behind it.
fn open_doors(sources: &[SourceSettings], base_url: &str) -> Vec<String> {
    let unverified =
        |source: &&SourceSettings| source.written.get("verify").and_then(toml::Value::as_str) == Some("none");
    if web::is_local(base_url) {
        return Vec::new();
    }
    let note = |source: &SourceSettings| {
        format!(
            "source `{}` verifies nothing, and a proxy on this machine passes everybody on to it; choose how its deliveries are signed",
            source.name
        )
    };
    sources.iter().filter(unverified).map(note).collect()
}

/// The tables of a `[[…]]`.
fn tables<'t>(reader: &mut Reader, root: &'t Node, name: &'static str) -> &'t [Node] {
    match root.get(name).map(|node| (&node.value, node)) {
        None => &[],
        Some((Value::List(list), _)) => list,
        Some((_, node)) => {
            let message = format!("{} where a list of tables should be", node.what());
            let place = root.place_of(name).clone();
            reader.add(
                Code::Type.as_str(),
                place,
                name.to_owned(),
                message,
                format!("write `[[{name}]]` with two brackets"),
            );
            &[]
        }
    }
}

fn name_of(node: &Node) -> Option<&str> {
    match node.get("name").map(|node| &node.value) {
        Some(Value::Text(name)) => Some(name),
        _ => None,
    }
}

/// Refuses a name that an earlier one of the list has.
fn twice(reader: &mut Reader, what: &'static str, written: &[Node]) {
    let mut seen = BTreeMap::new();
    for (index, node) in written.iter().enumerate() {
        let Some(name) = name_of(node) else { continue };
        if let Some(first) = seen.insert(name, index) {
            let message = format!("`{}` is also the name of `{what}[{first}]`", short(name));
            reader.add(
                Code::Twice.as_str(),
                node.place_of("name").clone(),
                format!("{what}[{index}].name"),
                message,
                "give each a name of its own",
            );
        }
    }
}

#[cfg(test)]
mod tests;
