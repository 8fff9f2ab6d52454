//! OpsPilot: messy operational requests come in, each becomes a brief, a named person decides, and receipts prove it.
//! The rooms and the floors they stand on are drawn in `docs/ARCHITECTURE.md`; a test keeps the arrows pointing down.

pub mod access;
pub mod answering;
pub mod attention;
pub mod brief;
pub mod calendar;
pub mod cli;
pub mod clock;
pub mod config;
pub mod daemon;
pub mod domain;
pub mod engine;
pub(crate) mod failpoint;
pub mod feedback;
pub mod figures;
pub mod intake;
pub mod limit;
pub mod mail;
pub mod notice;
pub mod outbox;
pub mod pages;
pub mod plan;
pub mod policy;
pub mod receipt;
pub mod reply;
pub mod review;
pub mod rota;
pub mod screen;
pub mod steps;
pub mod store;
pub mod timeline;
pub mod web;
pub mod writeback;
