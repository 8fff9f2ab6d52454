//! What the build server runs: everything that can be wrong, the quick checks first, the totals last. Nothing stops at the first
//! failure, so that one run names them all.

use crate::command::cargo;
use crate::report::Report;
use crate::{test, tools};
use std::io;
use std::thread::ScopedJoinHandle;

/// Runs everything.
pub(crate) fn run() -> io::Result<Report> {
    let mut report = Report::default();
    // What is missing is fetched meanwhile: the one waits for the network, the other for the processor.
    std::thread::scope(|scope| {
        let deny = scope.spawn(tools::deny);
        let servers = scope.spawn(tools::servers);
        report.check("format", cargo(["fmt", "--all", "--check"]).run());
        report.check(
            "lints",
            cargo(["clippy", "--workspace", "--all-targets", "--features", "failpoints", "--", "-D", "warnings"]).run(),
        );
        let pages =
            cargo(["doc", "--workspace", "--no-deps", "--document-private-items"]).env("RUSTDOCFLAGS", "-D warnings");
        report.check("documentation", pages.run());
        dependencies(&mut report, fetched(deny));
        match test::run(&[], || fetched(servers)) {
            Ok(tests) => report.absorb(tests),
            Err(cause) => report.check("tests", Err(cause)),
        }
    });
    Ok(report)
}

/// What became of fetching something.
fn fetched(handle: ScopedJoinHandle<'_, io::Result<()>>) -> io::Result<()> {
    handle.join().unwrap_or_else(|_| Err(io::Error::other("installing what is missing broke off")))
}

fn dependencies(report: &mut Report, deny: io::Result<()>) {
    if let Err(cause) = deny {
        return report.check("dependencies", Err(cause));
    }
    report.check("dependencies", cargo(["deny", "--all-features", "check", "bans", "licenses", "sources"]).run());
    // The advisories stand in a repository that not every machine can reach; that is no fault of the code.
    if cargo(["deny", "fetch", "db"]).works() {
        report.check("advisories", cargo(["deny", "--all-features", "check", "--disable-fetch", "advisories"]).run());
    } else {
        report.skip("advisories", "their database cannot be reached from here");
    }
}
