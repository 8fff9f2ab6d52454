//! `opspilot explain`: what an error code means, and what to do.

use super::failure::{Ended, Failure, Status};
use super::setup::Setup;
use crate::pages;
use clap::Args;
use serde_json::json;

/// Explain an error code.
#[derive(Args)]
pub(crate) struct Explain {
    /// Code, such as `OP-2101`.
    code: String,
}

impl Explain {
    pub(crate) fn run(self, setup: &Setup) -> Ended {
        let Some(page) = pages::of_error(&self.code) else {
            let message = format!("there is no code `{}`; codes look like `OP-2101` (OP-9121)", self.code);
            return Err(Failure::usage(message));
        };
        if setup.out.json {
            setup.out.json(&json!({ "code": self.code.to_ascii_uppercase(), "page": page }))?;
        } else {
            setup.out.text(page)?;
        }
        Ok(Status::Done)
    }
}
