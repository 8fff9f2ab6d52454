//! The desk as people see it: the real daemon, a real browser, every screen.

mod attention;
mod brief;
mod hand;
mod house;
mod meanwhile;
mod rig;
mod screens;
mod sign_in;
