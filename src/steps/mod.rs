//! The kinds of step that a definition may use, one file each. Each is built by the daemon with what it needs and knows nothing of
//! stores, webs or other steps.

mod draft;
mod review;
mod screen;

pub use draft::{Draft, Generator, Generators, Made, Models, Payer, Put, Taken, Try};
pub use review::Review;
pub use screen::{Files, Screen, Screened};

use opspilot_sdk::Problems;
use serde_json::Value;

/// For a kind of step that has no settings: refuses any.
fn no_settings(with: &Value) -> Result<(), Problems> {
    let mut problems = Problems::new();
    for key in with.as_object().into_iter().flat_map(serde_json::Map::keys) {
        problems.add(key.as_str(), "this step has no settings (OP-3201)", "remove it");
    }
    problems.or(())
}
