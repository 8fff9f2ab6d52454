//! Every test of the workspace, on both databases: one PostgreSQL cluster for all, a database in it for each.

use crate::command::{cargo, target};
use crate::postgres::{Cluster, VARIABLE};
use crate::report::{Count, Report, number_before};
use crate::tools;
use std::io;
use std::path::PathBuf;

/// Tells the tests that look at the desk where its pictures go.
const PICTURES: &str = "OPSPILOT_SCREENSHOTS";

/// Tells nextest how many tests run at once, unless its own option does.
const THREADS: &str = "NEXTEST_TEST_THREADS";

/// Runs the tests; `args` go to nextest, such as a filter. `servers` gets what the tests talk to, while they are built.
pub(crate) fn run(args: &[String], servers: impl FnOnce() -> io::Result<()> + Send) -> io::Result<Report> {
    tools::nextest()?;
    let mut report = Report::default();
    std::thread::scope(|scope| {
        let servers = scope.spawn(servers);
        let built = cargo(["nextest", "run", "--workspace", "--features", "failpoints", "--no-run"]).run();
        let there =
            servers.join().unwrap_or_else(|_| Err(io::Error::other("installing the servers of the tests broke off")));
        built.and(there)
    })?;
    let pictures = pictures()?;
    let cluster = Cluster::start(false)?;
    let tests = cargo(["nextest", "run", "--workspace", "--features", "failpoints", "--no-fail-fast"]).args(args);
    let tests = tests.env(THREADS, at_once().to_string());
    let (well, said) = tests.env(VARIABLE, cluster.address()).env(PICTURES, &pictures).overheard()?;
    drop(cluster);
    report.add("tests", tests_of(&said, well));
    let made = std::fs::read_dir(&pictures).map_or(0, Iterator::count);
    if made > 0 {
        report.note(format!("{made} pictures of screens: {}", pictures.display()));
    }
    if args.is_empty() {
        let (well, said) =
            cargo(["test", "--workspace", "--features", "failpoints", "--doc", "--no-fail-fast"]).overheard()?;
        report.add("examples in the documentation", examples_of(&said, well));
    }
    Ok(report)
}

/// How many tests at once: half as many again as there are processors, because many wait for a server.
fn at_once() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from).saturating_mul(3).div_ceil(2)
}

/// The folder for pictures of screens, emptied of those of an earlier run.
fn pictures() -> io::Result<PathBuf> {
    let folder = target().join("screenshots");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// A cluster until Enter, for running single tests beside it.
pub(crate) fn serve() -> io::Result<()> {
    tools::postgres()?;
    let cluster = Cluster::start(false)?;
    eprintln!("export {VARIABLE}={}\nEnter ends it", cluster.address());
    io::stdin().read_line(&mut String::new()).map(|_| ())
}

fn tests_of(said: &str, well: bool) -> Count {
    let summary = said.lines().rfind(|line| line.trim_start().starts_with("Summary")).unwrap_or_default();
    let lost = ["failed", "timed", "exec"].iter().map(|word| number_before(summary, word)).sum();
    count(number_before(summary, "passed"), lost, number_before(summary, "skipped"), well)
}

fn examples_of(said: &str, well: bool) -> Count {
    let results = || said.lines().filter(|line| line.starts_with("test result:"));
    let sum = |word: &str| results().map(|line| number_before(line, word)).sum();
    count(sum("passed"), sum("failed"), sum("ignored"), well)
}

/// A run that ended badly without counting a failure is one failure.
fn count(passed: u64, failed: u64, skipped: u64, well: bool) -> Count {
    Count { passed, failed: if well { failed } else { failed.max(1) }, skipped }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_broke_off_is_a_failure() {
        assert_eq!(tests_of("error: could not compile", false).failed, 1);
        assert_eq!(
            tests_of(" Summary [ 1s] 5 tests run: 3 passed, 1 failed, 1 timed out, 7 skipped", false),
            Count { passed: 3, failed: 2, skipped: 7 }
        );
    }
}
