//! `opspilot completions` and `opspilot man`: made from the same definitions that read the command line, so that they cannot differ.

use super::Cli;
use super::failure::{Ended, Failure, Status};
use super::setup::Setup;
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;
use std::path::PathBuf;

/// Print shell completions, such as `opspilot completions bash > ~/.local/share/bash-completion/completions/opspilot`.
#[derive(Args)]
pub(crate) struct Completions {
    /// Shell.
    shell: Shell,
}

/// Write the manual pages into a folder.
#[derive(Args)]
pub(crate) struct Man {
    /// Folder; made when it is missing.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

impl Completions {
    pub(crate) fn run(self, setup: &Setup) -> Ended {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "opspilot", &mut script);
        setup.out.bytes(&script)?;
        Ok(Status::Done)
    }
}

impl Man {
    pub(crate) fn run(self, setup: &Setup) -> Ended {
        std::fs::create_dir_all(&self.dir).map_err(|cause| Failure::unwritable(&self.dir, &cause))?;
        clap_mangen::generate_to(Cli::command(), &self.dir).map_err(|cause| Failure::unwritable(&self.dir, &cause))?;
        setup.out.say(&format!("the manual pages are in {}", self.dir.display()));
        Ok(Status::Done)
    }
}
