//! What a bare Debian machine lacks, installed once: PostgreSQL through apt, cargo's companions through cargo. Own file because it is
//! the only place that changes the machine.

use crate::command::{cargo, program};
use crate::postgres;
use std::io;
use std::path::Path;

/// The release of cargo-nextest that the configuration of the tests is written for.
const NEXTEST: &str = "0.9.143";

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
    let apt = |args: &[&str]| {
        program("apt-get")
            .args(["-q", "-y", "-o", "DPkg::Lock::Timeout=300"])
            .args(args)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .run()
    };
    apt(&["update"]).map_err(missing)?;
    // Debian 12 has 15; where there is another, its own name finds it.
    apt(&["install", "--no-install-recommends", "postgresql-15"])
        .or_else(|_| apt(&["install", "--no-install-recommends", "postgresql"]))
        .map_err(missing)?;
    postgres::programs().map(|_| ()).ok_or_else(|| missing(io::Error::other("it is installed and not found")))
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
    cargo(["install", "--locked", "--debug", "cargo-deny"]).run()
}
