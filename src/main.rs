//! The binary: everything it does begins in `opspilot::cli`.

use std::process::ExitCode;

// Many small, short-lived pieces on several threads: measured a tenth less CPU per request than the system's (docs/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    opspilot::cli::main()
}
