//! A real Request Tracker (Debian's, 5.0) on loopback with a database of its own, one for all tests of a run; every letter that it wants
//! to send becomes a file. Own file, because the connector's tests, the daemon's and the project's own commands include it.

use super::leased::{self, Leased, Server};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What makes the database.
const SETUP: &str = "/usr/sbin/rt-setup-database-5";
/// The server.
const PROGRAM: &str = "/usr/share/request-tracker5/libexec/rt-server";
/// What is put into it.
const SEED: &str = include_str!("request_tracker_seed.pl");

/// What does not depend on the folder. A token is as dear to look at as a password: a quarter of a second each request, unless told.
const SETTINGS: &str = "Set($rtname, 'pilot.test'); Set($Organization, 'pilot.test'); Set($WebDomain, '127.0.0.1');
Set($CorrespondAddress, 'rt\\@pilot.test'); Set($CommentAddress, 'rt-comment\\@pilot.test');
Set($MailCommand, 'sendmailpipe'); Set($SendmailArguments, '-oi -t');
Set($LogToSyslog, ''); Set($LogToSTDERR, 'warning'); Set($UseSQLForACLChecks, 1); Set($WebSecureCookies, 0);
Set($BcryptCost, 4);
";

struct RequestTracker;

/// The server of this run. In its folder, `tokens` holds a line `NAME TOKEN` for each account of the seed, and `outbox` the letters.
///
/// # Errors
/// `NotFound` when it is not installed.
pub(crate) fn start() -> io::Result<Leased> {
    if !is_installed() {
        let text = "Request Tracker is not installed here; run `cargo xtask test`, which installs it, or `apt-get install request-tracker5 rt5-db-sqlite rt5-standalone`";
        return Err(io::Error::new(io::ErrorKind::NotFound, text));
    }
    leased::lease::<RequestTracker>()
}

/// Whether it can be started.
pub(crate) fn is_installed() -> bool {
    let modules = || Command::new("perl").args(["-MDBD::SQLite", "-MStarlet", "-e1"]).output();
    [SETUP, PROGRAM].iter().all(|file| Path::new(file).exists()) && modules().is_ok_and(|said| said.status.success())
}

/// The token of an account.
///
/// # Errors
/// There is no such account.
pub(crate) fn token(server: &Leased, name: &str) -> io::Result<String> {
    let lines = std::fs::read_to_string(server.folder.join("tokens"))?;
    let line = lines.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map(str::to_owned).ok_or_else(|| io::Error::other(format!("no token of `{name}`")))
}

/// Makes what servers are copied from, unless it is there; where it is.
///
/// # Errors
/// What Request Tracker said.
pub(crate) fn prepare() -> io::Result<PathBuf> {
    let version = std::fs::read_to_string("/usr/share/request-tracker5/lib/RT/Generated.pm")?;
    leased::kept("request-tracker", &[&version, SEED, SETTINGS], |place| {
        configure(place, 80)?;
        let setup = ["--action", "init", "--skip-create", "--dba-password", ""];
        leased::run(Command::new(SETUP).args(setup).current_dir(place).envs(RequestTracker::variables(place)))?;
        std::fs::write(place.join("seed.pl"), SEED)?;
        let mut seed = Command::new("perl");
        seed.args(["-I/usr/share/request-tracker5/lib", "seed.pl"]).current_dir(place);
        let tokens = leased::run(seed.envs(RequestTracker::variables(place)))?;
        std::fs::write(place.join("tokens"), tokens)
    })
}

fn configure(folder: &Path, port: u16) -> io::Result<()> {
    for part in ["site.d", "mason", "session", "outbox"] {
        std::fs::create_dir_all(folder.join(part))?;
    }
    let folder = folder.display();
    let program = format!("#!/bin/sh\ncat >\"{folder}/outbox/$(date +%s%N).$$.eml\"\n");
    let letters = format!("{folder}/sendmail");
    std::fs::write(&letters, program)?;
    std::fs::set_permissions(&letters, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let settings = format!(
        "{SETTINGS}Set($WebPort, {port});
Set($DatabaseType, 'SQLite'); Set($DatabaseName, '{folder}/rt.sqlite'); Set($DatabaseAdmin, '');
Set($SendmailPath, '{letters}');
$RT::MasonDataDir = '{folder}/mason'; $RT::MasonSessionDir = '{folder}/session'; $RT::VarPath = '{folder}';
1;
"
    );
    std::fs::write(format!("{folder}/RT_SiteConfig.pm"), settings)
}

impl Server for RequestTracker {
    const NAME: &'static str = "request-tracker";
    const QUESTION: &'static str = "/REST/2.0/rt";

    fn furnish(folder: &Path, port: u16) -> io::Result<()> {
        let place = prepare()?;
        for file in ["rt.sqlite", "tokens"] {
            std::fs::copy(place.join(file), folder.join(file))?;
        }
        configure(folder, port)
    }

    fn command(_folder: &Path, port: u16) -> Vec<String> {
        let port = port.to_string();
        ["perl", PROGRAM, "--host", "127.0.0.1", "--port", &port, "--max-workers", "2"].map(str::to_owned).into()
    }

    fn variables(folder: &Path) -> Vec<(String, String)> {
        [("RT_SITE_CONFIG", "RT_SiteConfig.pm"), ("RT_SITE_CONFIG_DIR", "site.d")]
            .map(|(name, file)| (name.to_owned(), folder.join(file).display().to_string()))
            .into()
    }
}
