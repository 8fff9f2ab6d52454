//! The command line: one file per noun, each a thin face over the rooms. What a person can do here they can do by the API, with the same
//! checks and the same receipts. INVARIANT: data goes to standard output, everything else to standard error; only this room and `main`
//! know exit statuses.

mod amend;
mod attention;
mod bad_rows;
mod brief;
mod config;
mod connector;
mod demo;
mod doctor;
mod drafter;
mod erase;
mod eval;
mod explain;
mod failure;
mod feedback;
mod figures;
mod flag;
mod gate;
mod generate;
mod ids;
mod init;
mod letter;
mod limit;
mod mail;
mod out;
mod part;
mod pilot;
mod plan;
mod policy;
mod quarantine;
mod reading;
mod receipt;
mod reconcile;
mod request;
mod review;
mod run;
mod schedule;
mod screen;
mod serve;
mod session;
mod setup;
mod spend;
mod status;
mod submit;
mod table;
mod text;
mod token;
mod told;
mod until;
mod user;
mod view;
mod why;
mod workflow;
mod writeback;

use clap::{Parser, Subcommand};
use failure::{Ended, Failure, Status};
use out::Out;
use setup::Setup;
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

/// Heading of what every command takes.
const EVERYWHERE: &str = "Everywhere";

/// Turns messy operational requests into briefs that a named person decides on, and proves it.
#[derive(Parser)]
#[command(name = "opspilot", version, max_term_width = 100, arg_required_else_help = true)]
#[command(after_help = "Exit status: 0 done, 1 failed, 2 usage or configuration, 3 a check found something wrong,\n\
                        4 a check could not be completed, 5 unreadable input.")]
pub(crate) struct Cli {
    /// Configuration file [default: ./opspilot.toml, then the user's and the system's].
    #[arg(long, global = true, value_name = "FILE", env = "OPSPILOT_CONFIG", hide_env = true, help_heading = EVERYWHERE)]
    config: Option<PathBuf>,
    /// Show data as JSON.
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    json: bool,
    /// Whose token file to act by [default: `OPSPILOT_TOKEN`, else the only token file].
    #[arg(long = "as", id = "as", global = true, value_name = "NAME", help_heading = EVERYWHERE)]
    name: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a configuration, data folder, key and first user.
    Init(init::Init),
    /// Run the daemon.
    Serve(serve::Serve),
    /// Run with made-up requests, from nothing.
    Demo(demo::Demo),
    /// Check everything a start needs.
    Doctor(doctor::Doctor),
    /// Show what works, what waits and what went aside.
    Status(status::Status),
    /// Check and show the configuration.
    #[command(subcommand)]
    Config(config::Config),
    /// List and check sources, generators and sinks.
    #[command(subcommand)]
    Connector(connector::Connector),
    /// Hand a request in by hand.
    Submit(submit::Submit),
    /// List, show and explain requests; release or drop held ones.
    #[command(subcommand)]
    Request(request::Request),
    /// Draft, show and compare briefs.
    #[command(subcommand)]
    Brief(brief::Brief),
    /// Read, edit and decide.
    #[command(subcommand)]
    Review(review::Review),
    /// List, show, retry and cancel runs.
    #[command(subcommand)]
    Run(run::Run),
    /// List, show and take in what did not become a request.
    #[command(subcommand)]
    Quarantine(quarantine::Quarantine),
    /// Compare what the mailboxes hold with what is here.
    Reconcile(reconcile::Reconcile),
    /// List letters to people; settle or send again those that did not arrive.
    #[command(subcommand)]
    Letter(letter::Letter),
    /// Show rates and budgets of models; settle what nobody counted; resume a paused generator.
    #[command(subcommand)]
    Limit(limit::Limit),
    /// Show what models cost, with the arithmetic.
    Spend(spend::Spend),
    /// Tell what the daemon would make of a message.
    #[command(subcommand)]
    Mail(mail::Mail),
    /// List schedules, see when they fall due, fire one now.
    #[command(subcommand)]
    Schedule(schedule::Schedule),
    /// The weekly report on a pilot; its gate; stop its writing and let it go on.
    #[command(subcommand)]
    Pilot(pilot::Pilot),
    /// Have bad drafts planted among a pilot's briefs, and see whether those who review notice.
    #[command(subcommand)]
    Attention(attention::Attention),
    /// Say what stands in your way; list, answer and close what others said.
    #[command(subcommand)]
    Feedback(feedback::Feedback),
    /// List flags; turn a sink on for a pilot, or off.
    #[command(subcommand)]
    Flag(flag::Flag),
    /// List, show, settle, stop and take back what is written into systems outside.
    #[command(subcommand)]
    Writeback(writeback::Writeback),
    /// List, check and draw workflows.
    #[command(subcommand)]
    Workflow(workflow::Workflow),
    /// List, verify and export receipts.
    #[command(subcommand)]
    Receipt(receipt::Receipt),
    /// Show what a pilot's data boundary finds in a file.
    Screen(screen::Screen),
    /// Manage people and their roles.
    #[command(subcommand)]
    User(user::User),
    /// List and end sessions of browsers.
    #[command(subcommand)]
    Session(session::Session),
    /// Manage API tokens.
    #[command(subcommand)]
    Token(token::Token),
    /// Check policies and explain their answers.
    #[command(subcommand)]
    Policy(policy::Policy),
    /// Draft a data set and report on it.
    Eval(eval::Eval),
    /// Explain an error code.
    Explain(explain::Explain),
    /// Print shell completions.
    Completions(generate::Completions),
    /// Write the manual pages into a folder.
    Man(generate::Man),
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(refusal) => {
            let asked = refusal.exit_code() == 0;
            // Who asked for help and closed the pipe does not want to hear of it.
            let _ = if asked { refusal.print() } else { misused(&refusal) };
            return ExitCode::from(if asked { Status::Done.code() } else { Status::Usage.code() });
        }
    };
    let environment: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let find = |name: &str| environment.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let out = Out::new(cli.json, find);
    let setup = Setup { out, file: cli.config, name: cli.name, environment };
    let outcome = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(Box::pin(run(cli.command, &setup))),
        Err(cause) => {
            Err(Failure::failed(format!("cannot start: {cause}; raise the limits of this process (OP-9106)")))
        }
    };
    let status = outcome.unwrap_or_else(|failure| {
        failure.shown().iter().for_each(|line| out.say(line));
        failure.status
    });
    ExitCode::from(status.code())
}

/// Says what is wrong with a command line, with the code that every error has.
fn misused(refusal: &clap::Error) -> std::io::Result<()> {
    let mut error = std::io::stderr().lock();
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) || !error.is_terminal();
    let told = refusal.render();
    let told = if plain { told.to_string() } else { told.ansi().to_string() };
    error.write_all(coded(&told).as_bytes())
}

/// The same with the code behind its first word; a page of help has none.
fn coded(told: &str) -> String {
    match told.split_once("error:") {
        // Colours may stand before it.
        Some((before, rest)) if !before.contains(char::is_whitespace) => format!("{before}error OP-9123:{rest}"),
        _ => told.to_owned(),
    }
}

async fn run(command: Command, setup: &Setup) -> Ended {
    match command {
        Command::Init(init) => Box::pin(init.run(setup)).await,
        Command::Serve(serve) => Box::pin(serve.run(setup)).await,
        Command::Demo(demo) => Box::pin(demo.run(setup)).await,
        Command::Doctor(doctor) => Box::pin(doctor.run(setup)).await,
        Command::Status(status) => Box::pin(status.run(setup)).await,
        Command::Config(config) => Box::pin(config.run(setup)).await,
        Command::Connector(connector) => Box::pin(connector.run(setup)).await,
        Command::Submit(submit) => Box::pin(submit.run(setup)).await,
        Command::Request(request) => Box::pin(request.run(setup)).await,
        Command::Brief(brief) => Box::pin(brief.run(setup)).await,
        Command::Review(review) => Box::pin(review.run(setup)).await,
        Command::Run(run) => Box::pin(run.run(setup)).await,
        Command::Quarantine(quarantine) => Box::pin(quarantine.run(setup)).await,
        Command::Reconcile(reconcile) => Box::pin(reconcile.run(setup)).await,
        Command::Letter(letter) => Box::pin(letter.run(setup)).await,
        Command::Limit(limit) => Box::pin(limit.run(setup)).await,
        Command::Spend(spend) => Box::pin(spend.run(setup)).await,
        Command::Mail(mail) => mail.run(setup),
        Command::Schedule(schedule) => Box::pin(schedule.run(setup)).await,
        Command::Pilot(pilot) => Box::pin(pilot.run(setup)).await,
        Command::Attention(attention) => Box::pin(attention.run(setup)).await,
        Command::Feedback(feedback) => Box::pin(feedback.run(setup)).await,
        Command::Flag(flag) => Box::pin(flag.run(setup)).await,
        Command::Writeback(writeback) => Box::pin(writeback.run(setup)).await,
        Command::Workflow(workflow) => Box::pin(workflow.run(setup)).await,
        Command::Receipt(receipt) => Box::pin(receipt.run(setup)).await,
        Command::Screen(screen) => Box::pin(screen.run(setup)).await,
        Command::User(user) => Box::pin(user.run(setup)).await,
        Command::Session(session) => Box::pin(session.run(setup)).await,
        Command::Token(token) => Box::pin(token.run(setup)).await,
        Command::Policy(policy) => Box::pin(policy.run(setup)).await,
        Command::Eval(eval) => Box::pin(eval.run(setup)).await,
        Command::Explain(explain) => explain.run(setup),
        Command::Completions(completions) => completions.run(setup),
        Command::Man(man) => man.run(setup),
    }
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::{CommandFactory as _, Parser as _};

    #[test]
    fn the_commands_are_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_misused_command_line_is_told_with_a_code_and_help_is_not() {
        let told = |args: &[&str]| match Cli::try_parse_from(args) {
            Err(refusal) => {
                (super::coded(&refusal.render().to_string()), super::coded(&refusal.render().ansi().to_string()))
            }
            Ok(_) => panic!("{args:?} is no misuse"),
        };
        let (plain, coloured) = told(&["opspilot", "request", "list", "--state", "nonsense"]);
        assert!(plain.starts_with("error OP-9123: invalid value 'nonsense'") && plain.contains("in_review"), "{plain}");
        assert!(coloured.contains("error OP-9123:"), "{coloured}");
        let (help, _) = told(&["opspilot", "request"]);
        assert!(!help.contains("OP-9123"), "{help}");
    }

    #[test]
    fn every_code_has_a_page_and_every_page_a_code() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut used = std::collections::BTreeSet::new();
        let mut folders = vec![root.join("src/cli")];
        while let Some(folder) = folders.pop() {
            for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let text = std::fs::read_to_string(path).unwrap();
                    let codes = text.match_indices(concat!("OP-", "91")).filter_map(|(at, _)| text.get(at..at + 7));
                    used.extend(
                        codes.filter(|code| code.bytes().skip(3).all(|byte| byte.is_ascii_digit())).map(str::to_owned),
                    );
                }
            }
        }
        let pages = std::fs::read_dir(root.join("docs/errors"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        let pages: std::collections::BTreeSet<String> = pages
            .filter(|name| name.starts_with(concat!("OP-", "91")))
            .map(|name| name.trim_end_matches(".md").to_owned())
            .collect();
        assert_eq!(used, pages);
    }
}
