//! OpsPilot: messy operational requests come in, each becomes a brief, a named person decides, and receipts prove it.
//! The rooms and the floors they stand on are drawn in `docs/ARCHITECTURE.md`; a test keeps the arrows pointing down.

pub mod clock;
pub mod domain;
pub mod engine;
pub(crate) mod failpoint;
pub mod policy;
pub mod receipt;
pub mod screen;
pub mod store;
