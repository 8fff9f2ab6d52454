//! The binary: everything it does begins in `opspilot::cli`.

use std::process::ExitCode;

/// Many small allocations on two threads that free each other's: what the system's allocator is slow at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    opspilot::cli::main()
}
