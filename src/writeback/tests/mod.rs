//! Carrying out over both databases: every way in which a write can end, and many random courses of events.

mod again;
mod cases;
mod desk;
mod house;
mod schedules;
mod triggers;
