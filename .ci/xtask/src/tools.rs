//! What a bare Debian machine lacks, installed once: PostgreSQL, Dovecot, a browser and ticket systems through apt, cargo's companions through cargo,
//! servers of models through Python's own index, a mock of interfaces through Node's. Own file because it is the only place that changes the machine.

use crate::command::{cargo, program, target};
use crate::{model_programs, node_programs, postgres, redmine, request_tracker, schemathesis};
use std::io;
use std::path::{Path, PathBuf};

/// The release of cargo-nextest that the configuration of the tests is written for.
const NEXTEST: &str = "0.9.143";

/// Everything that the tests talk to.
pub(crate) fn servers() -> io::Result<()> {
    postgres()?;
    dovecot()?;
    smtp()?;
    models()?;
    schemathesis()?;
    tickets()?;
    browser()?;
    node()?;
    cyrus();
    watchers();
    Ok(())
}

/// PostgreSQL's programs; never a cluster of Debian's own, which would run beside the tests for nothing.
pub(crate) fn postgres() -> io::Result<()> {
    if postgres::programs().is_some() {
        return Ok(());
    }
    eprintln!("PostgreSQL is not installed; installing it");
    let settings = Path::new("/etc/postgresql-common");
    let missing = |cause: io::Error| {
        io::Error::other(format!("PostgreSQL is missing and cannot be installed: {cause}; install it and run again"))
    };
    std::fs::create_dir_all(settings).map_err(missing)?;
    std::fs::write(settings.join("createcluster.conf"), "create_main_cluster = false\n").map_err(missing)?;
    apt(&["update"]).map_err(missing)?;
    // Debian 12 has 15; where there is another, its own name finds it.
    apt(&["install", "--no-install-recommends", "postgresql-15"])
        .or_else(|_| apt(&["install", "--no-install-recommends", "postgresql"]))
        .map_err(missing)?;
    postgres::programs().map(|_| ()).ok_or_else(|| missing(io::Error::other("it is installed and not found")))
}

/// An SMTP server for letters to go to, and what makes its certificate.
fn smtp() -> io::Result<()> {
    let python = |name: &str| program(name).args(["-c", "import aiosmtpd.smtp"]).works();
    let there = || (python("/usr/bin/python3") || python("python3")) && program("openssl").args(["version"]).works();
    if there() {
        return Ok(());
    }
    eprintln!("aiosmtpd or openssl is not installed; installing them");
    let missing = |cause: io::Error| {
        io::Error::other(format!("aiosmtpd is missing and cannot be installed: {cause}; install it and run again"))
    };
    apt(&["update"]).map_err(missing)?;
    apt(&["install", "--no-install-recommends", "python3-aiosmtpd", "openssl"]).map_err(missing)?;
    if there() { Ok(()) } else { Err(missing(io::Error::other("it is installed and not found"))) }
}

/// The installer of Python packages that does in seconds what the usual one does in a minute.
const UV: &str = "uv==0.13.9";

/// Servers of models for the connectors: a gateway, and llama.cpp. In a folder of their own, without any change to the system's Python.
fn models() -> io::Result<()> {
    let there = model_programs::python().is_some();
    python("LiteLLM and llama.cpp", there, &model_programs::place(), &model_programs::PACKAGES)
}

/// What tries the interface against its description. In a folder of its own too.
fn schemathesis() -> io::Result<()> {
    let there = schemathesis::program().is_ok();
    python("Schemathesis", there, &schemathesis::place(), &schemathesis::PACKAGES)
}

/// Packages of Python's, in a folder of their own.
fn python(name: &str, there: bool, place: &Path, packages: &[&str]) -> io::Result<()> {
    if there {
        return Ok(());
    }
    eprintln!("not installed yet: {name}; installing");
    let missing = |cause: io::Error| {
        io::Error::other(format!("{name}: missing, and cannot be installed: {cause}; run again with a network"))
    };
    std::fs::create_dir_all(place).map_err(missing)?;
    let folder = place.to_string_lossy().into_owned();
    let fresh = || program("python3").args(["-m", "venv", "--clear", &folder]).run();
    if fresh().is_err() {
        // Debian's Python comes without what makes such folders.
        apt(&["update"]).map_err(missing)?;
        apt(&["install", "--no-install-recommends", "python3-venv"]).map_err(missing)?;
        fresh().map_err(missing)?;
    }
    let python = place.join("bin/python");
    program(&python).args(["-m", "pip", "install", "-q", "--disable-pip-version-check", UV]).run().map_err(missing)?;
    let install = program(place.join("bin/uv")).args(["pip", "install", "-q", "--python"]).args([&python]);
    install.args(packages).run().map_err(missing)?;
    std::fs::write(place.join("complete"), "").map_err(missing)
}

/// Mocks and client libraries of Node's world. In folders of their own, without any change to what the system's Node has.
fn node() -> io::Result<()> {
    for bundle in [
        &node_programs::PRISM,
        &node_programs::CLIENTS,
        &node_programs::WEBHOOKS,
        &node_programs::OIDC,
        &node_programs::BROWSER,
    ] {
        if bundle.modules().is_none() {
            eprintln!("{} is not installed; installing it", bundle.name);
            install(bundle).map_err(|cause| {
                let name = bundle.name;
                io::Error::other(format!(
                    "{name} is missing and cannot be installed: {cause}; run again with a network"
                ))
            })?;
        }
    }
    Ok(())
}

fn install(bundle: &node_programs::Bundle) -> io::Result<()> {
    if !program("npm").args(["--version"]).works() {
        apt(&["update"])?;
        apt(&["install", "--no-install-recommends", "nodejs", "npm"])?;
    }
    let place = bundle.place();
    std::fs::create_dir_all(&place)?;
    std::fs::write(place.join("package.json"), "{\"private\":true}\n")?;
    let install = program("npm").args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]);
    install.args(["--prefix"]).args([&place]).args(bundle.packages).run()?;
    std::fs::write(place.join("complete"), "")
}

/// A browser for the tests that look at the desk, and letters to show text with. It needs no display.
fn browser() -> io::Result<()> {
    if node_programs::chromium().is_some() {
        return Ok(());
    }
    eprintln!("Chromium is not installed; installing it");
    let missing = |cause: io::Error| {
        io::Error::other(format!("Chromium is missing and cannot be installed: {cause}; install it and run again"))
    };
    apt(&["update"]).map_err(missing)?;
    apt(&["install", "--no-install-recommends", "chromium", "fonts-dejavu-core"]).map_err(missing)?;
    node_programs::chromium().map(|_| ()).ok_or_else(|| missing(io::Error::other("it is installed and not found")))
}

/// The ticket systems that sinks are tested against, and the databases that their servers are copied from; never a service of Debian's own.
fn tickets() -> io::Result<()> {
    let missing = |cause: io::Error| {
        io::Error::other(format!(
            "Redmine or Request Tracker is missing and cannot be installed: {cause}; install them and run again"
        ))
    };
    let mut packages = Vec::new();
    if !redmine::is_installed() {
        packages.extend(["redmine", "redmine-sqlite", "puma", "ruby-bundler"]);
    }
    if !request_tracker::is_installed() {
        packages.extend(["request-tracker5", "rt5-db-sqlite", "rt5-standalone"]);
        // It wants some program that sends mail; ours catch it. The smallest one, where there is none.
        packages.extend((!Path::new("/usr/sbin/sendmail").exists()).then_some("msmtp-mta"));
    }
    if !packages.is_empty() {
        eprintln!("Redmine or Request Tracker is not installed; installing them");
        apt(&["update"]).map_err(missing)?;
        // Without it the packages make databases of their own.
        let args = ["install", "--no-install-recommends", "--no-remove", "dbconfig-no-thanks"];
        without_services(|| apt(&[&args[..], &packages].concat())).map_err(missing)?;
    }
    redmine::prepare().map_err(missing)?;
    request_tracker::prepare().map(|_| ()).map_err(missing)
}

/// Keeps packages from starting services when they are installed.
fn without_services(install: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let policy = Path::new("/usr/sbin/policy-rc.d");
    if policy.exists() {
        return install();
    }
    std::fs::write(policy, "#!/bin/sh\nexit 101\n")?;
    std::fs::set_permissions(policy, std::fs::Permissions::from_mode(0o755))?;
    let installed = install();
    std::fs::remove_file(policy)?;
    installed
}

/// A mail server for the tests of the mailbox source; never Debian's own service.
fn dovecot() -> io::Result<()> {
    let there = || {
        let server = ["/usr/sbin/dovecot", "/usr/local/sbin/dovecot"].into_iter().any(|file| Path::new(file).exists());
        let imap = ["/usr/lib/dovecot/imap", "/usr/libexec/dovecot/imap", "/usr/local/libexec/dovecot/imap"];
        server && imap.into_iter().any(|file| Path::new(file).exists()) && program("openssl").args(["version"]).works()
    };
    if there() {
        return Ok(());
    }
    eprintln!("Dovecot is not installed; installing it");
    let missing = |cause: io::Error| {
        io::Error::other(format!("Dovecot is missing and cannot be installed: {cause}; install it and run again"))
    };
    apt(&["update"]).map_err(missing)?;
    // Debian starts a server of its own when it is installed, where services are started at all; ours listen elsewhere.
    apt(&["install", "--no-install-recommends", "dovecot-imapd", "openssl"]).map_err(missing)?;
    if there() { Ok(()) } else { Err(missing(io::Error::other("it is installed and not found"))) }
}

/// A second, different mail server, on build servers alone: Debian would start one of its own. Its package with the IMAP program cannot stand
/// beside Dovecot's, so that one is unpacked where the tests look for it. Without it one test says that it was skipped.
fn cyrus() {
    let place = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default().join(".cache/opspilot/cyrus");
    let there = place.join("usr/lib/cyrus/bin/imapd").exists() || Path::new("/usr/lib/cyrus/bin/imapd").exists();
    if std::env::var_os("CI").is_none() || (there && Path::new("/usr/sbin/cyrmaster").exists()) {
        return;
    }
    eprintln!("Cyrus is not installed; installing it");
    let unpacked = || -> io::Result<()> {
        apt(&["update"])?;
        apt(&[
            "install",
            "--no-install-recommends",
            "--no-remove",
            "cyrus-common",
            "libwrap0",
            "sasl2-bin",
            "libsasl2-modules",
        ])?;
        let folder = std::env::temp_dir().join(format!("opspilot-cyrus-package-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        std::fs::create_dir_all(&place)?;
        let script = "apt-get -q download cyrus-imapd && dpkg -x ./cyrus-imapd_*.deb \"$1\"";
        let done = program("sh").args(["-c", &format!("cd \"$0\" && {script}")]).args([&folder, &place]).run();
        std::fs::remove_dir_all(&folder)?;
        done
    };
    if let Err(cause) = unpacked() {
        eprintln!("{cause}; the test that needs Cyrus is skipped");
    }
}

/// What watches and turns a daemon from outside: `strace`, `libfaketime`. A machine that does not let us install them goes without; the
/// tests that need them then say so, and on a build server fail.
fn watchers() {
    let there = |file: &str| Path::new(file).exists();
    let faketime = ["/usr/lib/x86_64-linux-gnu/faketime", "/usr/lib/aarch64-linux-gnu/faketime", "/usr/lib/faketime"];
    if program("strace").args(["-V"]).works() && faketime.into_iter().any(there) {
        return;
    }
    eprintln!("strace or libfaketime is not installed; installing them");
    for args in [&["update"][..], &["install", "--no-install-recommends", "strace", "faketime"]] {
        if let Err(cause) = apt(args) {
            return eprintln!("{cause}; tests that need them are skipped");
        }
    }
}

/// Debian's installer, without questions.
fn apt(args: &[&str]) -> io::Result<()> {
    let task = program("apt-get").args(["-q", "-y", "-o", "DPkg::Lock::Timeout=300"]).args(args);
    task.env("DEBIAN_FRONTEND", "noninteractive").run()
}

/// The runner of the tests.
pub(crate) fn nextest() -> io::Result<()> {
    if cargo(["nextest", "--version"]).works() {
        return Ok(());
    }
    cargo(["install", "--locked", "cargo-nextest", "--version", NEXTEST]).run()
}

/// The judge of dependencies. A debug build of it is quick enough and built in half the time.
pub(crate) fn deny() -> io::Result<()> {
    if cargo(["deny", "--version"]).works() {
        return Ok(());
    }
    // In a folder of its own: what is built in one folder is built one after the other.
    let folder = target().join("companions");
    cargo(["install", "--locked", "--debug", "cargo-deny", "--target-dir"]).args([folder]).run()
}
