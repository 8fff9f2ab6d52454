//! `opspilot demo`: the whole road with made-up requests, from nothing, in one process. Own folder because it plays installer, sender and
//! daemon at once. INVARIANT: everything goes through the doors that real requests use; nothing is written past them.

mod examples;
mod feed;
mod summary;

use super::failure::{Ended, Failure, Status};
use super::init;
use super::serve::{told_twice, until_told};
use super::setup::{CREDENTIALS, Setup, private_file, private_folder, refused};
use super::view::Masks;
use crate::access::Access;
use crate::clock::{Entropy as _, SystemEntropy};
use crate::config::{self, Settings};
use crate::daemon::{self, House, Mode};
use crate::intake::Intake;
use crate::screen::Boundary;
use crate::store::Store;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use clap::Args;
use feed::{Doors, is_worked_off};
use serde_json::json;
use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// The demo's configuration.
const CONFIG: &str = include_str!("opspilot.toml");
/// Name of its pilot and of its person.
const NAME: &str = "demo";
/// How long the examples may take before the demo gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Run with made-up requests, from nothing: a data folder, a pilot, a webhook and a drop folder, and the daemon, until Ctrl-C.
#[derive(Args)]
pub(crate) struct Demo {
    /// Folder for everything; made when it is missing.
    #[arg(long, value_name = "DIR", default_value = "opspilot-data")]
    data: PathBuf,
    /// Address and port [default: 127.0.0.1:7700, or a free port when that is taken].
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// End once every example is drafted, with a summary and one whole brief.
    #[arg(long)]
    exit_when_idle: bool,
}

/// What of the running house the demo uses, beside the daemon.
struct Parts {
    store: Store,
    intake: Intake,
    access: Access,
    boundaries: Arc<BTreeMap<String, Boundary>>,
    data_dir: PathBuf,
}

impl Demo {
    pub(crate) async fn run(self, setup: &Setup) -> Ended {
        let file = self.data.join(config::FILE_NAME);
        if !file.exists() {
            Box::pin(prepare(setup, &self.data, &file)).await?;
        }
        let settings = load(setup, &file, self.address())?;
        daemon::start_logs(&settings.telemetry);
        let data_dir: PathBuf = settings.data_dir.components().collect();
        let house = Box::pin(daemon::open(settings, Mode::Serve)).await.map_err(|cause| refused(&cause))?;
        let House { store, intake, access, boundaries, .. } = &house;
        let parts = Parts {
            store: store.clone(),
            intake: intake.clone(),
            access: access.clone(),
            boundaries: Arc::clone(boundaries),
            data_dir,
        };
        let (stop, (tell, told)) = (CancellationToken::new(), oneshot::channel());
        let serving = daemon::serve(house, stop.clone(), move |address| {
            // Who does not wait for the address any more has gone away with the reason.
            let _ = tell.send(address);
        });
        let acting = async {
            let Ok(address) = told.await else { return Ok(()) };
            let outcome = Box::pin(self.act(setup, &parts, &file, address)).await;
            if outcome.is_err() || self.exit_when_idle {
                stop.cancel();
            }
            outcome
        };
        let (served, acted) = tokio::select! {
            both = async { tokio::join!(Box::pin(until_told(serving, stop.clone())), Box::pin(acting)) } => both,
            () = told_twice() => return Err(Failure::failed("stopped at once by a second signal; what was accepted is on disk (OP-9114)")),
        };
        served.and(acted)?;
        Ok(Status::Done)
    }

    /// Where to listen.
    fn address(&self) -> SocketAddr {
        let usual = SocketAddr::from(([127, 0, 0, 1], 7700));
        let free = || TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
        self.listen.unwrap_or_else(|| if TcpListener::bind(usual).is_ok() { usual } else { free().unwrap_or(usual) })
    }

    async fn act(&self, setup: &Setup, parts: &Parts, file: &Path, address: SocketAddr) -> Result<(), Failure> {
        let token = parts.data_dir.join(CREDENTIALS).join(format!("{NAME}.token"));
        let person = parts.access.principal(read(&token)?.trim()).await?;
        let secret = parts.access.invite(&person, NAME).await?.secret;
        let place = Place::of(parts, token, file, address, &secret);
        if !setup.out.json {
            place.tell(setup)?;
        } else if !self.exit_when_idle {
            setup.out.json(&place.json())?;
        }
        let secret = read(&parts.data_dir.join("secrets/website"))?;
        let doors = Doors { address, secret: &secret, drop: &place.drop, intake: &parts.intake, person: &person };
        doors.feed(NAME).await?;
        let idle = tokio::time::timeout(PATIENCE, idle(&parts.store, &place.drop)).await;
        let requests = idle.map_err(|_| {
            let secs = PATIENCE.as_secs();
            Failure::failed(format!(
                "the examples were not drafted within {secs} s; see `opspilot --config {} request list` (OP-9115)",
                file.display()
            ))
        })??;
        if self.exit_when_idle {
            return summary::show(setup, &parts.store, Masks(&parts.boundaries), &requests, place.json()).await;
        }
        if !setup.out.json {
            let (drafted, held) = summary::count(&requests);
            setup.out.say(&format!(
                "\n{drafted} examples are drafted, {held} held by the data boundary; stays up until Ctrl-C"
            ));
            let config = file.display();
            setup
                .out
                .say(&format!("  opspilot --config {config} review list\n  opspilot --config {config} request list"));
        }
        Ok(())
    }
}

/// Where everything is, for people.
struct Place {
    address: SocketAddr,
    /// Lets its person into the desk, once.
    sign_in: String,
    token: PathBuf,
    form: PathBuf,
    drop: PathBuf,
    config: PathBuf,
}

impl Place {
    fn of(parts: &Parts, token: PathBuf, file: &Path, address: SocketAddr, secret: &str) -> Self {
        let within = |name: &str| parts.data_dir.join(name);
        let sign_in = format!("http://{address}/sign-in/link/{secret}");
        Self { address, sign_in, token, form: within("secrets/form"), drop: within("drop"), config: file.to_owned() }
    }

    fn curl(&self) -> String {
        format!(
            "curl -sS http://{}/hooks/form -H \"Authorization: Bearer $(cat '{}')\" -H 'Content-Type: application/json' \
             -d '{{\"name\": \"Ann Lee\", \"email\": \"ann@example.com\", \"message\": \"Please call me about the invoice before Friday.\"}}'",
            self.address,
            self.form.display()
        )
    }

    fn tell(&self, setup: &Setup) -> Result<(), Failure> {
        setup.out.text(&format!(
            "review desk     http://{}/  (API under /api/v1)\nsign in         {}  (works once)\ntoken file      {}\ndrop folder     {}\nconfiguration   {}\ntry it out      {}",
            self.address,
            self.sign_in,
            self.token.display(),
            self.drop.display(),
            self.config.display(),
            self.curl()
        ))
    }

    fn json(&self) -> serde_json::Value {
        let shown = |path: &Path| path.display().to_string();
        json!({
            "address": format!("http://{}", self.address), "sign_in": self.sign_in, "token_file": shown(&self.token), "drop_folder": shown(&self.drop),
            "config": shown(&self.config), "curl": self.curl(),
        })
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|cause| Failure::unreadable(path, &cause))
}

/// Makes the folder: secrets, configuration, key, person.
async fn prepare(setup: &Setup, data: &Path, file: &Path) -> Result<(), Failure> {
    let mut random = [0; 64];
    SystemEntropy::default().fill(&mut random);
    let (webhook, form) = random.split_at(32);
    let secrets = data.join("secrets");
    private_folder(&secrets)?;
    for (name, secret) in
        [("website", format!("whsec_{}", STANDARD.encode(webhook))), ("form", URL_SAFE_NO_PAD.encode(form))]
    {
        // Left from a demo that did not come to its end: it serves as well.
        if !secrets.join(name).exists() {
            private_file(&secrets.join(name), &format!("{secret}\n"))?;
        }
    }
    Box::pin(init::establish(setup, file, CONFIG, NAME, None)).await?;
    Ok(())
}

/// The configuration of the folder, listening where the demo listens.
fn load(setup: &Setup, file: &Path, address: SocketAddr) -> Result<Settings, Failure> {
    let listen = ("OPSPILOT__WEB__LISTEN".to_owned(), address.to_string());
    let environment = setup.environment.iter().filter(|(key, _)| *key != listen.0).cloned().chain([listen.clone()]);
    config::load(Some(file), environment, &daemon::given())
        .map_err(|problems| Failure::problems(Status::Usage, problems))
}

/// Waits until every example has come in and nothing is in work any more; gives all requests, oldest first.
async fn idle(store: &Store, drop: &Path) -> Result<Vec<crate::store::RequestView>, Failure> {
    let expected: usize = examples::EXAMPLES.iter().map(examples::Example::requests).sum();
    let filter = crate::store::RequestFilter { limit: 1000, ..crate::store::RequestFilter::default() };
    loop {
        let mut requests = store.requests(&filter).await?.items;
        let busy = requests.iter().any(|view| matches!(view.state, "queued" | "drafting" | "retrying"));
        if requests.len() >= expected && !busy && is_worked_off(drop) {
            requests.reverse();
            return Ok(requests);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
