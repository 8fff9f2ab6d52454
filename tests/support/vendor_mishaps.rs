//! The mishaps of the sinks' suite, as faults of the stand-ins of vendors. Own file because the stand-ins know nothing of the suite.

use crate::vendors::Vendors;
use opspilot_sdk::conformance::Mishap;
use serde_json::json;

/// Lets the next request whose line (`METHOD /path`) matches meet the mishap.
pub(crate) fn arm(vendors: &Vendors, changes: &str, mishap: Mishap) {
    let fault = match mishap {
        Mishap::DoneThenCut => json!({ "cut": true, "after": true }),
        Mishap::DoneThenFailed => json!({ "status": 500, "after": true }),
        Mishap::DoneThenSilent => json!({ "hang": true, "after": true }),
        Mishap::CutBefore => json!({ "cut": true }),
        // Every vendor may send this header, whatever else it says.
        Mishap::Busy => json!({ "status": 429, "headers": { "Retry-After": "7" } }),
        Mishap::Expired => json!({ "status": 401 }),
        Mishap::Ignored => json!({ "status": 200, "body": {} }),
    };
    vendors.fault(changes, fault);
}
