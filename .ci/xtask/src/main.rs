//! The project's own commands, `cargo xtask …`: what a person types and what the build server runs are the same. Standard library only,
//! so that it builds in a second on a bare machine. INVARIANT: one command is enough from a fresh clone; what is missing is installed
//! or named, never skipped in silence.

mod ci;
mod command;
#[expect(dead_code, reason = "what tests do with servers that they share")]
#[path = "../../../tests/support/leased.rs"]
mod leased;
#[expect(dead_code, reason = "what tests do with servers of models")]
#[path = "../../../tests/support/model_programs.rs"]
mod model_programs;
#[expect(dead_code, reason = "what tests do with these programs")]
#[path = "../../../tests/support/node_programs.rs"]
mod node_programs;
#[path = "../../../tests/support/postgres.rs"]
mod postgres;
#[expect(dead_code, reason = "what tests do with ticket systems")]
#[path = "../../../tests/support/redmine.rs"]
mod redmine;
mod report;
#[expect(dead_code, reason = "what tests do with ticket systems")]
#[path = "../../../tests/support/request_tracker.rs"]
mod request_tracker;
#[path = "../../../tests/support/schemathesis.rs"]
mod schemathesis;
mod test;
mod tools;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask test [ARGS]    every test, on both databases; ARGS go to nextest
cargo xtask bench [ARGS]   the benchmark of the whole road
cargo xtask ci             format, lints, pages, dependencies, then every test
cargo xtask postgres       a throw-away PostgreSQL until Enter, for running single tests";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let wanted = args.next().unwrap_or_default();
    let rest: Vec<String> = args.collect();
    let outcome = match wanted.as_str() {
        "test" => test::run(&rest, tools::servers).map(|report| report.print()),
        "bench" => command::cargo(["bench", "--bench", "road", "--"]).args(&rest).run().map(|()| true),
        "ci" => ci::run().map(|report| report.print()),
        "postgres" => test::serve().map(|()| true),
        _ => {
            eprintln!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(cause) => {
            eprintln!("xtask: {cause}");
            ExitCode::FAILURE
        }
    }
}
