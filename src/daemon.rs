//! The one place that puts everything together: store, policies, rooms, connectors, tasks and their end. Nothing else spawns.
//! INVARIANT: a stop finishes or hands back what was begun, within the grace period, and then closes the store.

pub(crate) mod disk;
mod logs;
mod mail;
mod meters;
mod models;
pub(crate) mod shelf;
mod sinks;
mod sources;
mod watch;

pub(crate) use watch::clock_behind;

pub use logs::start_logs;
pub use mail::try_mail;
pub use models::try_generator;
pub use sinks::{doubts, sinks_built};

use crate::access::{Access, Lives, Provider};
use crate::attention::Attention;
use crate::clock::{Clock, Entropy, SystemClock, SystemEntropy};
use crate::config::{Given, Settings};
use crate::domain::pilot::Pilots;
use crate::engine::{Definition, Engine, Step, Steps, Workflows};
use crate::feedback::Feedback;
use crate::intake::{Intake, Limit};
use crate::limit::{Hand, Limits, Parts, Side};
use crate::outbox::Letters;
use crate::plan::Planner;
use crate::policy::Policies;
use crate::receipt::SigningKey;
use crate::review::Review;
use crate::rota::{self, Rota};
use crate::screen::Boundary;
use crate::steps;
use crate::store::{Options, Store, StoreError, Url};
use crate::web::{self, Web};
use crate::writeback::{self, Writeback};
use opspilot_sdk::{ConnectorError, Model, Problems, Registry, Sink};
use shelf::Shelf;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// The connector kinds of this program. A new connector is one line here.
#[must_use]
pub fn registry() -> Registry {
    Registry::new()
        .with::<opspilot_webhook::Webhook>()
        .with::<opspilot_csv_drop::CsvDrop>()
        .with::<opspilot_exec::Exec>()
        .with::<opspilot_imap::Imap>()
}

/// The kinds of model of this program. A new connector is one line here.
#[must_use]
pub fn models() -> Registry<Arc<dyn Model>> {
    Registry::new().with::<opspilot_openai::OpenAi>().with::<opspilot_anthropic::Anthropic>()
}

/// The kinds of sink of this program. A new connector is one line here.
#[must_use]
pub fn sinks() -> Registry<Arc<dyn Sink>> {
    Registry::new()
        .with::<opspilot_csv::Csv>()
        .with::<opspilot_exec::ExecSink>()
        .with::<opspilot_freshdesk::Freshdesk>()
        .with::<opspilot_http::Http>()
        .with::<opspilot_hubspot::HubSpot>()
        .with::<opspilot_jira::Jira>()
        .with::<opspilot_pipedrive::Pipedrive>()
        .with::<opspilot_redmine::Redmine>()
        .with::<opspilot_request_tracker::RequestTracker>()
        .with::<opspilot_salesforce::Salesforce>()
        .with::<opspilot_smtp::EmailMessage>()
        .with::<opspilot_smtp::Ics>()
        .with::<opspilot_zendesk::Zendesk>()
}

/// What configurations are judged by.
#[must_use]
pub fn given() -> Given {
    let today = jiff::tz::TimeZone::UTC.to_datetime(SystemClock.now()).date();
    Given { sources: registry(), models: models(), sinks: sinks(), today }
}

/// The definitions that come with the program.
const SHIPPED: &[&str] = &[include_str!("../workflows/generate-brief.toml")];

/// Why the daemon or a command could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The key that signs receipts is missing or damaged.
    #[error(
        "cannot use the receipt key `{file}`: {reason}; put the keys folder back from its backup, or, where there never was a log, run `opspilot init` (OP-3301)"
    )]
    Key {
        /// The file.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// The key signs for another log than the configuration names.
    #[error(
        "the receipt key `{file}` is for the log `{key}`, but `[receipts] origin` says `{origin}`; set it back, or give the new log a key of its own (OP-3304)"
    )]
    Origin {
        /// The key file.
        file: String,
        /// The log it signs for.
        key: String,
        /// The log of the configuration.
        origin: String,
    },
    /// A workflow definition cannot work.
    #[error("the workflow `{file}` cannot work: {problems}")]
    Workflow {
        /// The file.
        file: String,
        /// All problems.
        problems: Problems,
    },
    /// A pilot names a workflow that is not there.
    #[error(
        "pilot `{pilot}` takes the workflow `{workflow}`, which is not there; add its file to the workflows folder (OP-3302)"
    )]
    NoWorkflow {
        /// The pilot.
        pilot: String,
        /// The workflow.
        workflow: String,
    },
    /// A source could not be built.
    #[error("source `{name}`: {cause}")]
    Source {
        /// Its name.
        name: String,
        /// What is wrong.
        cause: ConnectorError,
    },
    /// A generator could not be built.
    #[error("generator `{name}`: {cause}")]
    Generator {
        /// Its name.
        name: String,
        /// What is wrong.
        cause: ConnectorError,
    },
    /// The templates of prompts are not sound.
    #[error("prompts in `{folder}`: {reason}")]
    Prompt {
        /// The folder.
        folder: String,
        /// What is wrong.
        reason: String,
    },
    /// Mail cannot be sent as configured.
    #[error("`[mail]`: {cause}")]
    Mail {
        /// What is wrong.
        cause: ConnectorError,
    },
    /// Signatures of answers cannot be checked.
    #[error(
        "signatures of mail cannot be checked: {reason}; set up the machine's DNS, or `[mail] check_signatures = false` (OP-2826)"
    )]
    Signatures {
        /// What is missing.
        reason: String,
    },
    /// The address is taken or not ours.
    #[error("cannot listen on {address}: {cause}; stop what uses it, or change `[web] listen` (OP-3303)")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whether the house is opened to serve, or for one command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The daemon: takes a SQLite store for itself.
    Serve,
    /// A command beside it.
    Command,
}

/// Everything put together, nothing running yet.
pub struct House {
    /// The configuration.
    pub settings: Arc<Settings>,
    /// The store.
    pub store: Store,
    /// The policies.
    pub policies: Policies,
    /// The door.
    pub intake: Intake,
    /// What people do.
    pub review: Review,
    /// What falls due by the calendar.
    pub rota: Rota,
    /// Attention checks.
    pub attention: Attention,
    /// What people say about screens.
    pub feedback: Feedback,
    /// What people do with letters.
    pub letters: Letters,
    /// Rates and budgets of models.
    pub limits: Limits,
    /// What people do with them.
    pub spend: Hand,
    /// What people do about writing outside.
    pub writing: writeback::Hand,
    /// Who people are.
    pub access: Access,
    /// What requests go through.
    pub workflows: Workflows,
    /// The pilots' rules.
    pub pilots: Pilots,
    /// The pilots' data boundaries.
    pub boundaries: Arc<BTreeMap<String, Boundary>>,
    /// From briefs to what would be written.
    pub planner: Planner,
    /// What people do with plans, and carrying them out.
    pub writeback: Writeback,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The kinds of step of this program. A new kind is one line here.
fn step_kinds(
    pilots: &Pilots,
    boundaries: &Arc<BTreeMap<String, Boundary>>,
    files: Option<Arc<dyn steps::Files>>,
    models: Option<steps::Models>,
    clock: &Arc<dyn Clock>,
) -> Steps {
    let kinds: [Arc<dyn Step>; 3] = [
        Arc::new(steps::Screen::new(Arc::clone(boundaries), files)),
        Arc::new(steps::Draft::new(pilots.clone(), Arc::clone(boundaries), Arc::clone(clock), models)),
        Arc::new(steps::Review),
    ];
    Steps::new(kinds)
}

/// The kinds of step without any pilot: for judging a definition.
#[must_use]
pub fn bare_steps() -> Steps {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    step_kinds(&Pilots::default(), &Arc::default(), None, None, &clock)
}

/// Opens the store and puts the rooms together.
///
/// # Errors
/// [`StartError`] with what to do.
pub async fn open(settings: Settings, mode: Mode) -> Result<House, StartError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::default());
    let signer = Arc::new(signing_key(&settings)?);
    let options = Options {
        url: settings.store.url.clone(),
        exclusive: mode == Mode::Serve && matches!(settings.store.url, Url::Sqlite(_)),
        signer: Some(signer),
        origin: settings.receipts.origin.clone(),
        queue: settings.store.queue,
        clock: Arc::clone(&clock),
        entropy: Arc::clone(&entropy),
    };
    let pilots = Pilots::new(settings.pilots.iter().cloned());
    let boundaries = Arc::new(settings.boundaries.clone());
    let definitions = definitions(&settings, &bare_steps())?;
    let mut starts = BTreeMap::new();
    for definition in &definitions {
        starts.insert(definition.name().to_owned(), (definition.hash().to_owned(), definition.first_step().to_owned()));
    }
    if let Some(pilot) = pilots.iter().find(|pilot| !starts.contains_key(&pilot.workflow)) {
        return Err(StartError::NoWorkflow { pilot: pilot.name.clone(), workflow: pilot.workflow.clone() });
    }
    let store = Store::open(options).await?;
    let limits = Limits::new(Parts {
        store: store.clone(),
        clock: Arc::clone(&clock),
        generators: settings.generators.iter().map(|generator| generator.asked.clone()).collect(),
        tenants: settings.tenants.clone(),
        pilots: pilots.clone(),
    });
    // A command beside the daemon drafts nothing and needs no keys of models.
    let models = match mode {
        Mode::Serve => Some(models::build(&settings, &limits, &clock, &entropy)?),
        Mode::Command => None,
    };
    let files: Arc<dyn steps::Files> = Arc::new(Shelf(store.clone()));
    let workflows = Workflows::new(definitions, step_kinds(&pilots, &boundaries, Some(files), models, &clock));
    if mode == Mode::Serve {
        workflows.keep(&store).await?;
    }
    let policies = watch::load_policies(&settings, &store).await?;
    let intake = Intake::new(
        store.clone(),
        policies.clone(),
        pilots.clone(),
        Arc::clone(&clock),
        starts.clone(),
        settings.intake.max_waiting,
    )
    .with_answers(settings.mail.carrier.is_some() && settings.mail.outbox.reply_address.is_some());
    let planner = sinks_built(&settings, &clock);
    let review = Review::new(store.clone(), policies.clone(), pilots.clone(), Arc::clone(&clock))
        .with_plans(planner.clone(), Arc::clone(&boundaries));
    let mut read = BTreeMap::<String, Vec<String>>::new();
    for source in &settings.sources {
        read.entry(source.pilot.clone()).or_default().push(source.name.clone());
    }
    let times = rota::Options { plans: settings.schedules.clone(), waits: settings.waits.clone(), sources: read };
    let rota = Rota::new(store.clone(), policies.clone(), pilots.clone(), times, Arc::clone(&clock));
    let attention = Attention::new(
        store.clone(),
        policies.clone(),
        pilots.clone(),
        Arc::clone(&boundaries),
        starts,
        Arc::clone(&clock),
    );
    let feedback = Feedback::new(store.clone(), policies.clone(), pilots.clone(), Arc::clone(&clock));
    let letters = Letters::new(store.clone(), policies.clone(), Arc::clone(&clock));
    let names = settings.generators.iter().map(|generator| generator.asked.name.clone()).collect();
    let spend = Hand::new(store.clone(), policies.clone(), Arc::clone(&clock), names);
    let web = &settings.web;
    let lives = Lives { idle: web.session_idle, session: web.session, invitation: web.invitation };
    let access = Access::new(store.clone(), policies.clone(), Arc::clone(&clock))
        .living(lives)
        .at(&web.base_url)
        .with_providers(
            settings
                .providers
                .iter()
                .map(|options| Provider::new(options.clone(), settings.data_dir.clone(), Arc::clone(&clock)))
                .collect(),
        );
    let writing =
        writeback::Hand::new(store.clone(), policies.clone(), pilots.clone(), planner.clone(), Arc::clone(&clock));
    let writeback = Writeback::new(writeback::Parts {
        store: store.clone(),
        policies: policies.clone(),
        pilots: pilots.clone(),
        boundaries: Arc::clone(&boundaries),
        planner: planner.clone(),
        who: sinks::who(access.clone()),
        clock: Arc::clone(&clock),
        options: sinks::options(&settings),
        mark: Some(settings.data_dir.join(writeback::MARK_FILE)),
    });
    Ok(House {
        settings: Arc::new(settings),
        store,
        policies,
        intake,
        review,
        rota,
        attention,
        feedback,
        letters,
        limits,
        spend,
        writing,
        access,
        workflows,
        pilots,
        boundaries,
        planner,
        writeback,
        clock,
    })
}

fn signing_key(settings: &Settings) -> Result<SigningKey, StartError> {
    let file = &settings.receipts.key_file;
    let error = |reason: String| StartError::Key { file: file.display().to_string(), reason };
    let text = std::fs::read_to_string(file).map_err(|cause| error(cause.to_string()))?;
    let key = SigningKey::from_text(text.trim()).map_err(|cause| error(cause.to_string()))?;
    if key.name() != settings.receipts.origin {
        let (file, origin) = (file.display().to_string(), settings.receipts.origin.clone());
        return Err(StartError::Origin { file, key: key.name().to_owned(), origin });
    }
    Ok(key)
}

/// The shipped definitions, and those of the operator's folder in place of shipped ones of the same name.
fn definitions(settings: &Settings, kinds: &Steps) -> Result<Vec<Definition>, StartError> {
    let parse = |file: &str, text: &str| {
        Definition::parse(text, kinds).map_err(|problems| StartError::Workflow { file: file.to_owned(), problems })
    };
    let mut all = BTreeMap::new();
    for text in SHIPPED {
        let definition = parse("shipped", text)?;
        all.insert(definition.name().to_owned(), definition);
    }
    if let Some(dir) = &settings.workflows_dir {
        let unreadable = |cause: std::io::Error| {
            let mut problems = Problems::new();
            problems.add("", format!("{cause} (OP-3201)"), "check the folder and its rights");
            StartError::Workflow { file: dir.display().to_string(), problems }
        };
        for entry in std::fs::read_dir(dir).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                let text = std::fs::read_to_string(&path).map_err(unreadable)?;
                let definition = parse(&path.display().to_string(), &text)?;
                all.insert(definition.name().to_owned(), definition);
            }
        }
    }
    Ok(all.into_values().collect())
}

/// Runs the daemon until `stop`. `ready` is told the address once everything answers.
///
/// # Errors
/// [`StartError`]; once running, faults are logged, shown in `/readyz` and outlived.
pub async fn serve(house: House, stop: CancellationToken, ready: impl FnOnce(SocketAddr)) -> Result<(), StartError> {
    let meters = meters::start();
    let engine = Engine::new(house.store.clone(), house.workflows.clone(), house.settings.engine.clone());
    let recovered = engine.recover().await?;
    if recovered > 0 {
        tracing::info!(runs = recovered, "runs that were in flight when the daemon last stopped are taken up again");
    }
    if let Some(behind) = watch::clock_behind(&house.store).await? {
        tracing::warn!("{behind}");
    }
    let built = sources::build(&house, engine.node())?;
    let mail = mail::build(&house)?;
    sinks::tell(&house.settings, &house.planner);
    let listen = house.settings.web.listen;
    let listener = TcpListener::bind(listen).await.map_err(|cause| StartError::Listen { address: listen, cause })?;
    let address = listener.local_addr().map_err(|cause| StartError::Listen { address: listen, cause })?;

    let mut tasks = JoinSet::new();
    let queue = engine.hire();
    for _ in 0..house.settings.engine.workers {
        let (engine, queue, stop) = (engine.clone(), Arc::clone(&queue), stop.clone());
        tasks.spawn(async move { engine.work(queue, stop).await });
    }
    let (feeder, tender) = (engine.clone(), engine.clone());
    let (feed_stop, tend_stop) = (stop.clone(), stop.clone());
    tasks.spawn(async move { feeder.feed(feed_stop).await });
    tasks.spawn(async move { tender.tend(tend_stop).await });
    let (rota, rota_stop) = (house.rota.clone(), stop.clone());
    tasks.spawn(async move { rota.tend(rota_stop).await });
    tasks.spawn(house.limits.clone().tend(stop.clone()));
    tasks.spawn(house.attention.clone().tend(stop.clone()));
    tasks.spawn(watch::policies(
        house.policies.clone(),
        house.store.clone(),
        Arc::clone(&house.settings),
        stop.clone(),
    ));
    tasks.spawn(watch::checkpoints(house.store.clone(), Arc::clone(&house.settings), stop.clone()));
    tasks.spawn(meters.clone().count(house.store.clone(), stop.clone()));
    if house.store.is_shared() {
        tasks.spawn(watch::notices(house.store.clone(), stop.clone()));
    }
    let mut health = Vec::new();
    for (name, pull, source) in built.pulled {
        health.push((name, pull.health()));
        let stop = stop.clone();
        tasks.spawn(async move { pull.run(source, stop).await });
    }
    if house.planner.sinks().next().is_some() {
        tasks.spawn(house.writeback.clone().run(engine.node().clone(), stop.clone()));
    }
    let mut outbox = None;
    if let Some(mail) = mail {
        outbox = Some(mail.outbox.clone());
        tasks.spawn(mail.outbox.run(engine.node().clone(), stop.clone()));
        if let Some(answers) = mail.answers {
            tasks.spawn(answers.run(stop.clone()));
        }
    }
    let web = web(&house, built.hooks, &meters, health, outbox);
    let options = web::ServeOptions {
        header_time: house.settings.web.header_time,
        idle_time: house.settings.web.idle_time,
        connections: house.settings.web.connections,
    };
    #[expect(clippy::disallowed_methods, reason = "the daemon owns the door and waits for it")]
    let mut door = {
        let stop = stop.clone();
        tokio::spawn(async move { web::serve(listener, web.router(), options, stop).await })
    };
    tracing::info!(web.address = %address, "ready");
    ready(address);

    stop.cancelled().await;
    tracing::info!("stopping: finishing or handing back what was begun");
    let grace = house.settings.grace;
    // First the door, so that whoever was told `accepted` was told the truth; then the workers.
    if tokio::time::timeout(grace / 2, &mut door).await.is_err() {
        tracing::warn!("some connections did not end in time and were cut");
        door.abort();
    }
    house.store.dismiss();
    let finished = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(grace / 3, finished).await.is_err() {
        tracing::warn!("some work did not end in time; it is handed back");
        tasks.abort_all();
    }
    drop(queue);
    if let Err(cause) = engine.hand_back().await {
        tracing::warn!(error = %cause, "leases could not be handed back; they run out by themselves");
    }
    if let Err(cause) = watch::keep_checkpoint(&house.store, &house.settings).await {
        tracing::warn!(error = %cause, "the last checkpoint could not be kept");
    }
    house.store.close().await;
    tracing::info!("stopped");
    Ok(())
}

fn web(
    house: &House,
    hooks: BTreeMap<String, web::Hook>,
    meters: &meters::Meters,
    health: Vec<sources::Health>,
    outbox: Option<crate::outbox::Outbox>,
) -> Web {
    let limits =
        house.settings.sources.iter().filter_map(|source| source.limit.map(|limit| (source.name.clone(), limit)));
    let meters = meters.clone();
    Web {
        store: house.store.clone(),
        intake: house.intake.clone(),
        review: house.review.clone(),
        rota: house.rota.clone(),
        attention: house.attention.clone(),
        feedback: house.feedback.clone(),
        letters: house.letters.clone(),
        limits: house.limits.clone(),
        spend: house.spend.clone(),
        writing: house.writing.clone(),
        writeback: house.writeback.clone(),
        access: house.access.clone(),
        policies: house.policies.clone(),
        pilots: house.pilots.clone(),
        boundaries: Arc::clone(&house.boundaries),
        hooks: Arc::new(hooks),
        limit: Limit::new(limits),
        base_url: house.settings.web.base_url.clone(),
        clock: Arc::clone(&house.clock),
        metrics: Arc::new(move || meters.render()),
        ready: {
            let (clock, folder) = (Arc::clone(&house.clock), house.settings.data_dir.clone());
            let (limits, planner, writeback) = (house.limits.clone(), house.planner.clone(), house.writeback.clone());
            Arc::new(move || {
                let mut checks = vec![disk::check(&folder)];
                checks.extend(sources::checks(&health, clock.now()));
                checks.extend(outbox.as_ref().map(|outbox| mail::check(&outbox.health())));
                checks.extend(limits.health().iter().map(generator_check));
                checks.extend(sinks::checks(&planner, &writeback));
                checks
            })
        },
        workflows: house.workflows.clone(),
    }
}

/// What `/readyz` tells about a generator that was asked.
fn generator_check(side: &Side) -> web::Check {
    let detail = match (&side.paused, side.until) {
        (Some((by, since)), _) => {
            format!(
                "paused since {since}: what it reported for {by} cannot be; settle it, or resume the generator (OP-7307)"
            )
        }
        (None, Some(until)) => format!("{}, not asked before {until}", side.state),
        (None, None) => side.state.to_owned(),
    };
    web::Check { name: format!("generator {}", side.generator), ok: side.state == "closed", detail }
}
