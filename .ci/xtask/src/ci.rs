//! What the build server runs: everything that can be wrong, the quick checks first, the totals last. Nothing stops at the first
//! failure, so that one run names them all.

use crate::command::cargo;
use crate::report::Report;
use crate::{test, tools};
use std::io;

/// Runs everything.
pub(crate) fn run() -> io::Result<Report> {
    let mut report = Report::default();
    report.check("format", cargo(["fmt", "--all", "--check"]).run());
    report.check(
        "lints",
        cargo(["clippy", "--workspace", "--all-targets", "--features", "failpoints", "--", "-D", "warnings"]).run(),
    );
    let pages =
        cargo(["doc", "--workspace", "--no-deps", "--document-private-items"]).env("RUSTDOCFLAGS", "-D warnings");
    report.check("documentation", pages.run());
    dependencies(&mut report);
    match test::run(&[]) {
        Ok(tests) => report.absorb(tests),
        Err(cause) => report.check("tests", Err(cause)),
    }
    Ok(report)
}

fn dependencies(report: &mut Report) {
    if let Err(cause) = tools::deny() {
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
