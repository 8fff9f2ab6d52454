//! The binary: everything it does begins in `opspilot::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    opspilot::cli::main()
}
