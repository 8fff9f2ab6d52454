//! The configuration as the program uses it: judged, complete, in the program's own types. Own file because everything that puts the
//! daemon together reads it. INVARIANT: a [`Settings`] comes out of [`super::parse`] or [`super::load`] and from nowhere else, and
//! nothing in it prints a secret.

use crate::domain::limit::{Asked, Party};
use crate::domain::pilot::Pilot;
use crate::screen::Boundary;
use crate::{engine, intake, plan, rota, store};
use jiff::SignedDuration;
use opspilot_sdk::{Lane, Model, Prepared, Sink};
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Everything that can be configured. All paths are absolute.
#[derive(Debug)]
#[non_exhaustive]
pub struct Settings {
    /// Where everything is kept that the program makes.
    pub data_dir: PathBuf,
    /// The store.
    pub store: StoreSettings,
    /// The door and the desk.
    pub web: WebSettings,
    /// How runs are worked on.
    pub engine: engine::Options,
    /// How requests come in.
    pub intake: IntakeSettings,
    /// The sources, in the order of the file; names are unique, every pilot exists.
    pub sources: Vec<SourceSettings>,
    /// The generators that ask models, in the order of the file; names are unique.
    pub generators: Vec<GeneratorSettings>,
    /// The tenants with limits of their own, in the order of the file.
    pub tenants: Vec<Party>,
    /// The operator's table of prices, in place of the program's.
    pub(super) prices: Option<PathBuf>,
    /// Where the playbooks of pilots stand.
    pub(super) playbooks: BTreeMap<String, PathBuf>,
    /// The pilots, in the order of the file; names are unique, every generator they name exists.
    pub pilots: Vec<Pilot>,
    /// The data boundary of every pilot, by its name.
    pub boundaries: BTreeMap<String, Boundary>,
    /// What of a request the models of every pilot may see, by its name; never laxer than its data boundary.
    pub model_boundaries: BTreeMap<String, Boundary>,
    /// The providers of single sign-on, in the order of the file; names are unique.
    pub providers: Vec<crate::access::ProviderOptions>,
    /// The sinks, in the order of the file; names are unique.
    pub sinks: Vec<SinkSettings>,
    /// What of a brief goes where, in the order of the file; every pilot and every sink exists.
    pub rules: Vec<plan::Rule>,
    /// The same, as people may see it.
    pub(super) actions: Vec<toml::Table>,
    /// The schedules, in the order of the file; names are unique, every pilot exists.
    pub schedules: Vec<rota::Plan>,
    /// How long briefs may wait before people hear of it again, by the name of their pilot.
    pub waits: BTreeMap<String, rota::Waits>,
    /// Working time of people, as they may see it.
    pub(super) people: Vec<toml::Table>,
    /// Who may do what.
    pub policies: PolicySettings,
    /// Folder with workflow definitions of one's own, beside those of the program.
    pub workflows_dir: Option<PathBuf>,
    /// The receipt log.
    pub receipts: ReceiptSettings,
    /// Letters and answers.
    pub mail: super::MailSettings,
    /// What the program says about itself.
    pub telemetry: TelemetrySettings,
    /// How long work in hand may take to finish when the daemon is told to stop.
    pub grace: Duration,
    /// What is allowed but unwise, for people.
    pub notes: Vec<String>,
}

/// The store.
#[non_exhaustive]
pub struct StoreSettings {
    /// Where it is; may hold a password.
    pub url: store::Url,
    /// Changes that may wait for the writer before callers are refused.
    pub queue: usize,
}

impl fmt::Debug for StoreSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreSettings").field("queue", &self.queue).finish_non_exhaustive()
    }
}

/// The door and the desk.
#[derive(Debug)]
#[non_exhaustive]
pub struct WebSettings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Whether other machines may reach it.
    pub allow_remote: bool,
    /// The address under which people and senders reach it, without a slash at the end.
    pub base_url: String,
    /// How long the head of a request may take to arrive.
    pub header_time: Duration,
    /// How long a connection may be idle.
    pub idle_time: Duration,
    /// Connections at once.
    pub connections: usize,
    /// How long a session lasts that nobody uses.
    pub session_idle: SignedDuration,
    /// How long a session lasts, however much it is used.
    pub session: SignedDuration,
    /// How long a link works that lets somebody in.
    pub invitation: SignedDuration,
}

/// How requests come in.
#[derive(Debug)]
#[non_exhaustive]
pub struct IntakeSettings {
    /// Requests that may wait to be drafted before the door is shut.
    pub max_waiting: i64,
    /// How pulled sources are read.
    pub pull: intake::PullOptions,
}

/// One source.
#[non_exhaustive]
pub struct SourceSettings {
    /// Its name.
    pub name: String,
    /// Its connector kind.
    pub kind: String,
    /// The pilot that its requests belong to.
    pub pilot: String,
    /// How urgent they are unless their words say otherwise.
    pub lane: Lane,
    /// Whether mail of mailing lists may be a request.
    pub take_lists: bool,
    /// How much it may bring; `None`: as much as it likes.
    pub limit: Option<intake::LimitOptions>,
    /// The connector, ready to be built.
    pub prepared: Prepared,
    /// Its options as people may see them.
    pub(super) written: toml::Table,
}

impl fmt::Debug for SourceSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, kind, pilot, lane, take_lists, limit, prepared: _, written: _ } = self;
        let mut shown = f.debug_struct("SourceSettings");
        shown.field("name", name).field("kind", kind).field("pilot", pilot).field("lane", lane);
        shown.field("take_lists", take_lists).field("limit", limit);
        shown.finish_non_exhaustive()
    }
}

/// One generator that asks a model.
#[non_exhaustive]
pub struct GeneratorSettings {
    /// Its connector kind.
    pub kind: String,
    /// Its name, model, price and limits.
    pub asked: Asked,
    /// Whether its price is that of the table.
    pub from_table: bool,
    /// The connector, ready to be built.
    pub prepared: Prepared<Arc<dyn Model>>,
    /// Its options as people may see them.
    pub(super) written: toml::Table,
}

impl fmt::Debug for GeneratorSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, asked, from_table, prepared: _, written: _ } = self;
        let mut shown = f.debug_struct("GeneratorSettings");
        shown.field("kind", kind).field("asked", asked).field("from_table", from_table);
        shown.finish_non_exhaustive()
    }
}

/// One sink.
#[non_exhaustive]
pub struct SinkSettings {
    /// Its name.
    pub name: String,
    /// Its connector kind.
    pub kind: String,
    /// Writes begun in a minute at most; `None`: as the far side allows.
    pub requests_per_minute: Option<u32>,
    /// Writes at once at most.
    pub parallel: u32,
    /// The connector, ready to be built.
    pub prepared: Prepared<Arc<dyn Sink>>,
    /// Its options as people may see them.
    pub(super) written: toml::Table,
}

impl fmt::Debug for SinkSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, kind, requests_per_minute, parallel, prepared: _, written: _ } = self;
        let mut shown = f.debug_struct("SinkSettings");
        shown.field("name", name).field("kind", kind).field("requests_per_minute", requests_per_minute);
        shown.field("parallel", parallel).finish_non_exhaustive()
    }
}

/// Who may do what.
#[derive(Debug)]
#[non_exhaustive]
pub struct PolicySettings {
    /// Folder with policies of one's own; `None`: those of the program.
    pub dir: Option<PathBuf>,
    /// Older policies than this are refused.
    pub min_version: u64,
    /// How often to look whether the folder has changed.
    pub recheck: Duration,
}

/// The receipt log.
#[derive(Debug)]
#[non_exhaustive]
pub struct ReceiptSettings {
    /// Its name in checkpoints.
    pub origin: String,
    /// File with the key that signs it.
    pub key_file: PathBuf,
    /// How often a checkpoint is written while there is something new.
    pub checkpoint_every: Duration,
    /// File that checkpoints are appended to; `None`: none is kept beside the store.
    pub checkpoint_file: Option<PathBuf>,
}

/// What the program says about itself.
#[derive(Debug)]
#[non_exhaustive]
pub struct TelemetrySettings {
    /// How log lines look.
    pub format: LogFormat,
    /// Which log lines are written: directives such as `info` or `info,opspilot::engine=debug`.
    pub filter: String,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}
