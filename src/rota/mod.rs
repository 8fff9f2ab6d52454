//! The rota: what falls due by the calendar rather than by a request. Schedules, the weekly report, the daily digest, and reminders about
//! briefs that wait. The store's rows make each of them happen once, whatever the clocks, restarts and number of daemons.
//! INVARIANT: nothing here decides. This room reads briefs, writes letters, and knows no way to an approval.

mod plan;

pub use plan::{Kind, Plan, Waits};
