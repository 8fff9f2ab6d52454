//! The desk as people see it: the real daemon, a real browser, every screen.

mod brief;
mod rig;
