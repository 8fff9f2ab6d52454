//! Which part of a long list is shown, and how one goes on to the next. Own file because every list that grows with the years has it.

use super::failure::Failure;
use super::setup::Setup;
use super::table::Table;
use clap::Args;

/// Which part of a list.
#[derive(Args)]
pub(crate) struct Part {
    /// How many at most.
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) limit: u32,
    /// Begin behind this one, the last of the page before.
    #[arg(long, value_name = "ID")]
    pub(crate) after: Option<String>,
}

/// Shows a part, and how to see what is behind it.
pub(crate) fn show(setup: &Setup, table: &Table, next: Option<&str>) -> Result<(), Failure> {
    setup.out.table(table)?;
    if let Some(next) = next {
        setup.out.say(&format!("there are more: add `--after {next}`"));
    }
    Ok(())
}
