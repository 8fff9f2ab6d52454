//! A house for a test: two clients that must not see each other (`north` and `south`), their people, a store in a temporary folder.

#![expect(clippy::disallowed_methods, reason = "a test owns the tasks it starts, and signs by the machine's clock")]

use super::client::{PATIENCE, Reply, request, send};
use super::desk::Desk;
use crate::access::{Access, NewPerson, NewToken, first_person};
use crate::calendar::Schedule;
use crate::clock::{Clock, SystemClock, SystemEntropy};
use crate::domain::pilot::{Pilot, Pilots};
use crate::domain::writeback::Terms;
use crate::engine::{Definition, Engine, Options as EngineOptions, Step, Steps, Workflows};
use crate::intake::{Door, Intake, Limit, LimitOptions};
use crate::plan::{Each, Planner, RecordFrom, Rule, Template};
use crate::policy::{Policies, PolicySet, Role, Scope, TokenScope};
use crate::receipt::SigningKey;
use crate::review::Review;
use crate::rota::{self, Kind, Plan, Rota};
use crate::screen::{Boundary, BoundaryOptions};
use crate::steps;
use crate::store::{Options, Store, StoreError, Url};
use crate::web::{Check, Hook, ServeOptions, Web, serve};
use crate::writeback::{self, Parts, Writeback};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use opspilot_sdk::{
    ActionKind, BuildContext, Built, Delivery, Envelope, Lane, Limits, Receiver, Refusal, Registry, Sink,
};
use ring::hmac;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

const KEY: [u8; 32] = [7; 32];
/// A word that stands in what belongs to `south` and nowhere else.
pub(super) const CANARY: &str = "zanzibarium";

pub(super) struct House {
    pub(super) address: SocketAddr,
    pub(super) store: Store,
    pub(super) access: Access,
    pub(super) intake: Intake,
    pub(super) policies: Policies,
    pub(super) checks: Arc<Mutex<Vec<Check>>>,
    tokens: BTreeMap<&'static str, String>,
    pub(super) stop: CancellationToken,
    pub(super) served: Option<tokio::task::JoinHandle<std::io::Result<()>>>,
    _dir: TempDir,
}

impl Drop for House {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A receiver with a fault.
struct Faulty;

impl Receiver for Faulty {
    fn limits(&self) -> Limits {
        Limits { body_bytes: 1000, body_time: Duration::from_millis(200) }
    }

    fn receive(&self, _: &Delivery<'_>, _: jiff::Timestamp) -> Result<Envelope, Refusal> {
        panic!("a fault of the receiver")
    }
}

fn pilot(name: &str, tenant: &str) -> Pilot {
    Pilot {
        name: name.into(),
        tenant: tenant.into(),
        reviewers: vec![format!("{name}-reviewer"), "owner".into()],
        claim: SignedDuration::from_secs(600),
        owner: "desk".into(),
        alike_for: SignedDuration::from_secs(3600),
        reply_by_mail: true,
        terms: Terms { level: 3, two_people: name == "north", ..Terms::manual() },
        ..Pilot::sample()
    }
}

/// A note of every brief goes to a desk.
fn planner() -> Planner {
    let rule = |pilot: &str| Rule {
        pilot: pilot.into(),
        sink: "desk".into(),
        kind: ActionKind::Note,
        each: Each::Brief,
        bands: Vec::new(),
        record: RecordFrom::ByHand,
        title: Template::parse("Brief").unwrap(),
        text: Template::parse("{workflow_summary}").unwrap(),
        values: BTreeMap::new(),
        to: None,
        hour: (jiff::civil::time(9, 0, 0, 0), SignedDuration::from_mins(30)),
        fields: BTreeMap::new(),
    };
    let desk: Arc<dyn Sink> = Arc::new(Desk);
    Planner::new([rule("north"), rule("south")], BTreeMap::from([("desk".to_owned(), Ok(desk))]))
}

fn hook(source: &str, pilot: &str, receiver: Arc<dyn Receiver>) -> (String, Hook) {
    let door = Door { source: source.into(), pilot: pilot.into(), lane: Lane::Interactive, submitter: None };
    (source.into(), Hook { door, receiver })
}

fn webhook(dir: &TempDir, clock: &Arc<dyn Clock>, options: Value) -> Arc<dyn Receiver> {
    let registry = Registry::new().with::<opspilot_webhook::Webhook>();
    let prepared = registry.validate("webhook", options).unwrap().unwrap();
    let context = BuildContext { name: "test".into(), data_dir: dir.path().into(), clock: Arc::clone(clock) };
    match prepared.build(context).unwrap() {
        Built::Pushed(receiver) => receiver,
        Built::Pulled(_) => panic!("a webhook is pushed"),
    }
}

impl House {
    pub(super) async fn new() -> Self {
        Self::with(ServeOptions::default(), 1_000_000).await
    }

    pub(super) async fn with(options: ServeOptions, max_waiting: i64) -> Self {
        let dir = TempDir::new().unwrap();
        std::fs::write(dir.path().join("secret"), format!("whsec_{}", STANDARD.encode(KEY))).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let store = Store::open(Options {
            url: Url::Sqlite(dir.path().join("test.db")),
            exclusive: false,
            signer: Some(Arc::new(SigningKey::from_seed("test.example/receipts", &[9; 32]).unwrap())),
            origin: "test.example/receipts".into(),
            queue: 10_000,
            clock: Arc::clone(&clock),
            entropy: Arc::new(SystemEntropy::default()),
        })
        .await
        .unwrap();
        let pilots = Pilots::new([pilot("north", "acme"), pilot("south", "globex")]);
        let boundary = || Boundary::from_options(&BoundaryOptions::default(), "test").unwrap();
        let boundaries = Arc::new(BTreeMap::from([("north".to_owned(), boundary()), ("south".to_owned(), boundary())]));
        let files: Arc<dyn steps::Files> = Arc::new(crate::daemon::shelf::Shelf(store.clone()));
        let kinds: [Arc<dyn Step>; 3] = [
            Arc::new(steps::Screen::new(Arc::clone(&boundaries), Some(files))),
            Arc::new(steps::Draft::new(pilots.clone(), Arc::clone(&boundaries), Arc::clone(&clock), None)),
            Arc::new(steps::Review),
        ];
        let kinds = Steps::new(kinds);
        let definition = Definition::parse(include_str!("../../../workflows/generate-brief.toml"), &kinds).unwrap();
        let starts = BTreeMap::from([(
            definition.name().to_owned(),
            (definition.hash().to_owned(), definition.first_step().to_owned()),
        )]);
        let workflows = Workflows::new([definition], kinds);
        workflows.keep(&store).await.unwrap();
        let policies = Policies::new(PolicySet::embedded());
        let access = Access::new(store.clone(), policies.clone(), Arc::clone(&clock));
        let tokens = people(&store, &access).await;
        let intake = Intake::new(
            store.clone(),
            policies.clone(),
            pilots.clone(),
            Arc::clone(&clock),
            starts.clone(),
            max_waiting,
        );
        let attention = crate::attention::Attention::new(
            store.clone(),
            policies.clone(),
            pilots.clone(),
            Arc::clone(&boundaries),
            starts,
            Arc::clone(&clock),
        );
        let planner = planner();
        let review = Review::new(store.clone(), policies.clone(), pilots.clone(), Arc::clone(&clock))
            .with_plans(planner.clone(), Arc::clone(&boundaries));
        let schedule = Schedule::parse("0 9 * * MON", jiff::tz::TimeZone::UTC).unwrap();
        let plan = |pilot: &str| Plan {
            name: format!("{pilot}-weekly"),
            kind: Kind::WeeklyReport,
            pilot: pilot.into(),
            schedule: schedule.clone(),
        };
        let times = rota::Options {
            plans: vec![plan("north"), plan("south")],
            waits: BTreeMap::new(),
            sources: BTreeMap::new(),
        };
        let rota = Rota::new(store.clone(), policies.clone(), pilots.clone(), times, Arc::clone(&clock));
        let letters = crate::outbox::Letters::new(store.clone(), policies.clone(), Arc::clone(&clock));
        let limits = crate::limit::Limits::new(crate::limit::Parts {
            store: store.clone(),
            clock: Arc::clone(&clock),
            generators: vec![crate::limit::samples::cloud()],
            tenants: Vec::new(),
            pilots: pilots.clone(),
        });
        let names = Arc::from(["cloud".to_owned()]);
        let spend = crate::limit::Hand::new(store.clone(), policies.clone(), Arc::clone(&clock), names);
        let persons = access.clone();
        let writeback = Writeback::new(Parts {
            store: store.clone(),
            policies: policies.clone(),
            pilots: pilots.clone(),
            boundaries: Arc::clone(&boundaries),
            planner: planner.clone(),
            who: Arc::new(move |id| {
                let persons = persons.clone();
                Box::pin(async move {
                    let gone = |_| StoreError::NotFound { what: "user", id: id.clone() };
                    persons.person(&id).await.map_err(gone)
                })
            }),
            clock: Arc::clone(&clock),
            options: writeback::Options::default(),
            mark: None,
        });
        let writing = crate::writeback::Hand::new(
            store.clone(),
            policies.clone(),
            pilots.clone(),
            planner.clone(),
            Arc::clone(&clock),
        );
        let stop = CancellationToken::new();
        let engine =
            Engine::new(store.clone(), workflows.clone(), EngineOptions { workers: 1, ..EngineOptions::default() });
        let queue = engine.hire();
        let (worker, end) = (engine.clone(), stop.clone());
        tokio::spawn(async move { worker.work(queue, end).await });
        let end = stop.clone();
        tokio::spawn(async move { engine.feed(end).await });
        let signed = webhook(
            &dir,
            &clock,
            json!({ "verify": "standard", "secret_file": "secret", "max_body_bytes": 20_000, "max_body_secs": 1 }),
        );
        let open = webhook(&dir, &clock, json!({ "verify": "none", "max_body_bytes": 20_000 }));
        let hooks = BTreeMap::from([
            hook("site", "north", Arc::clone(&signed)),
            hook("far", "south", Arc::clone(&signed)),
            hook("slow", "north", signed),
            hook("open", "north", open),
            hook("faulty", "north", Arc::new(Faulty)),
        ]);
        let one = NonZeroU32::MIN;
        let checks: Arc<Mutex<Vec<Check>>> = Arc::default();
        let told = Arc::clone(&checks);
        let web = Web {
            store: store.clone(),
            intake: intake.clone(),
            review,
            rota,
            attention,
            feedback: crate::feedback::Feedback::new(
                store.clone(),
                policies.clone(),
                pilots.clone(),
                Arc::clone(&clock),
            ),
            letters,
            limits,
            spend,
            writing,
            writeback,
            access: access.clone(),
            policies: policies.clone(),
            pilots,
            boundaries,
            hooks: Arc::new(hooks),
            limit: Limit::new([("slow".to_owned(), LimitOptions { per_sec: one, burst: one })]),
            base_url: "https://desk.example".into(),
            clock,
            metrics: Arc::new(|| "opspilot_up 1\n".to_owned()),
            ready: Arc::new(move || told.lock().unwrap().clone()),
            workflows,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = Some(tokio::spawn(serve(listener, web.router(), options, stop.clone())));
        Self { address, store, access, intake, policies, checks, tokens, stop, served, _dir: dir }
    }

    /// A call for a request of `south` of which nobody knows what it did cost.
    pub(super) async fn reservation(&self) -> String {
        use crate::store::conformance::samples;
        let store = &self.store;
        // Accepted beside the daemon, so that no worker of it has the run at once.
        let beside = Store::open(Options {
            url: Url::Sqlite(self._dir.path().join("test.db")),
            exclusive: false,
            signer: Some(Arc::new(SigningKey::from_seed("test.example/receipts", &[9; 32]).unwrap())),
            origin: "test.example/receipts".into(),
            queue: 100,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy::default()),
        })
        .await
        .unwrap();
        let run = loop {
            let key = format!("beside {}", store.now());
            let mut accept = samples::of_pilot(samples::accept_at(store.now(), store.chance(), &key, &key), "south", 0);
            Arc::make_mut(&mut accept.request).tenant = "globex".into();
            beside.accept(accept).await.unwrap();
            let node = crate::domain::id::NodeId::new(store.now(), store.chance());
            let until = store.now() + SignedDuration::from_secs(3600);
            let claim = crate::store::Claim { node, until, limit: 1, at: store.now() };
            if let Some(run) = beside.claim(claim).await.unwrap().pop().filter(|run| run.request.pilot == "south") {
                break run;
            }
        };
        beside.close().await;
        let id = crate::domain::id::ReservationId::new(store.now(), store.chance());
        let cloud = crate::limit::samples::cloud();
        let reserve = crate::store::Reserve {
            id: id.clone(),
            asker: crate::store::Asker::Run { run: run.run.clone(), epoch: run.epoch },
            key: format!("call of {id}"),
            generator: cloud.name,
            model: cloud.model,
            pilot: "south".into(),
            tenant: "globex".into(),
            most_input: 1000,
            max_output: 100,
            held: crate::limit::samples::micros(1200),
            price: cloud.price,
            buckets: Vec::new(),
            budgets: Vec::new(),
            at: store.now(),
        };
        store.reserve(reserve).await.unwrap();
        let verdict = crate::domain::charge::Verdict::Unreported;
        let health = crate::domain::breaker::Health::Failed;
        let settle = crate::store::Settle { id: id.clone(), verdict, usage: None, health, at: store.now() };
        store.settle_reservation(settle).await.unwrap();
        id.to_string()
    }

    /// The token of somebody: `owner`, `north-viewer`, `south-reviewer` and so on.
    pub(super) fn token(&self, who: &str) -> &str {
        &self.tokens[who]
    }

    pub(super) async fn ask(&self, who: &str, method: &str, path: &str, body: &str) -> Reply {
        let headers =
            [format!("authorization: Bearer {}", self.token(who)), "content-type: application/json".to_owned()];
        send(self.address, &request(method, path, &headers, body)).await
    }

    pub(super) async fn get(&self, who: &str, path: &str) -> Value {
        let reply = self.ask(who, "GET", path, "").await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        reply.json()
    }

    pub(super) async fn post(&self, who: &str, path: &str, body: Value) -> Reply {
        self.ask(who, "POST", path, &body.to_string()).await
    }

    /// A signed delivery.
    pub(super) async fn deliver(&self, source: &str, id: &str, body: &str) -> Reply {
        send(self.address, &signed(source, id, body)).await
    }

    /// Hands a text in and waits until its brief waits for people; the brief's id and digest.
    pub(super) async fn brief(&self, pilot: &str, text: &str) -> (String, String) {
        self.reviewed(json!({ "pilot": pilot, "text": text })).await
    }

    /// The same, of a request with a subject.
    pub(super) async fn brief_of(&self, pilot: &str, subject: &str, text: &str) -> (String, String) {
        let fields = json!({ "subject": subject, "text": text });
        self.reviewed(json!({ "pilot": pilot, "fields": fields })).await
    }

    async fn reviewed(&self, request: Value) -> (String, String) {
        let reply = self.post("owner", "/api/v1/requests", request).await;
        assert_eq!(reply.status, 202, "{}", reply.body);
        let request = reply.json()["request"].as_str().unwrap().to_owned();
        self.until(&request, "in_review").await;
        let brief = request.replace("req_", "brf_");
        let digest = self.get("owner", &format!("/api/v1/briefs/{brief}")).await["digest"].as_str().unwrap().to_owned();
        (brief, digest)
    }

    /// Waits until a request is in a state.
    pub(super) async fn until(&self, request: &str, state: &str) {
        let id = request.parse().unwrap();
        let wait = async {
            while self.store.request(&id).await.unwrap().state != state {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("{request} is never {state}"));
    }

    /// Waits until nothing works on a request any more: it waits for people, or is over.
    pub(super) async fn rests(&self, request: &str) {
        let id = request.parse().unwrap();
        let wait = async {
            while matches!(self.store.request(&id).await.unwrap().state, "queued" | "drafting" | "retrying") {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("{request} never rests"));
    }

    /// How many receipts there are: no deed is without one.
    pub(super) async fn deeds(&self) -> usize {
        self.store.receipts_from(1, 1_000_000).await.unwrap().len()
    }
}

/// Who looks at `south` can be written to, others cannot.
fn address(name: &str) -> Option<String> {
    (name == "south-viewer").then(|| "viewer@south.example".to_owned())
}

async fn people(store: &Store, access: &Access) -> BTreeMap<&'static str, String> {
    let (_, made) = first_person(store, "owner", None).await.unwrap();
    let owner = access.person("owner").await.unwrap();
    let mut tokens = BTreeMap::from([("owner", made.secret)]);
    let pilot = |name: &str| Scope::Pilot(name.to_owned());
    let more = [
        ("north-viewer", Role::Viewer, pilot("north")),
        ("north-operator", Role::Operator, pilot("north")),
        ("north-reviewer", Role::Reviewer, pilot("north")),
        ("south-viewer", Role::Viewer, pilot("south")),
        ("south-reviewer", Role::Reviewer, pilot("south")),
    ];
    for (name, role, scope) in more {
        access
            .add_person(
                &owner,
                NewPerson {
                    name: name.into(),
                    emails: address(name).into_iter().collect(),
                    grants: vec![(role, scope)],
                },
            )
            .await
            .unwrap();
        let made = access
            .add_token(&owner, name, NewToken { name: "test".into(), scopes: None, expires_at: None })
            .await
            .unwrap();
        tokens.insert(name, made.secret);
    }
    let scopes = Some(["brief.edit".parse::<TokenScope>().unwrap()].into());
    let made = access
        .add_token(&owner, "north-reviewer", NewToken { name: "narrow".into(), scopes, expires_at: None })
        .await
        .unwrap();
    tokens.insert("narrow", made.secret);
    let nobody = NewPerson { name: "nobody".into(), emails: vec![], grants: vec![] };
    access.add_person(&owner, nobody).await.unwrap();
    let made = access
        .add_token(&owner, "nobody", NewToken { name: "test".into(), scopes: None, expires_at: None })
        .await
        .unwrap();
    tokens.insert("nobody", made.secret);
    tokens
}

/// The bytes of a delivery signed after Standard Webhooks.
pub(super) fn signed(source: &str, id: &str, body: &str) -> Vec<u8> {
    request("POST", &format!("/hooks/{source}"), &signature(id, body), body)
}

pub(super) fn signature(id: &str, body: &str) -> Vec<String> {
    let now = jiff::Timestamp::now().as_second();
    let key = hmac::Key::new(hmac::HMAC_SHA256, &KEY);
    let signature = STANDARD.encode(hmac::sign(&key, format!("{id}.{now}.{body}").as_bytes()));
    vec![
        "content-type: application/json".to_owned(),
        format!("webhook-id: {id}"),
        format!("webhook-timestamp: {now}"),
        format!("webhook-signature: v1,{signature}"),
    ]
}
