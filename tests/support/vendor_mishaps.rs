//! Mishaps at the stand-ins of vendors: those of the sinks' suite, and answers that are not the vendor's own. Own file because the stand-ins
//! know nothing of the suite, and because what a stranger says means the same to every sink: nothing.

use crate::vendors::Vendors;
use opspilot_sdk::conformance::Mishap;
use opspilot_sdk::{ErrorKind, Fate, Look, Sink, Write};
use serde_json::{Value, json};

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

/// A 404 that is not the vendor's own and an answer that points elsewhere say neither that what is looked for is not there nor what became of
/// a call. `strangers` are bodies of such a 404 beside the page of a gateway; `id` is one in the vendor's form; `code` is that of a far side that
/// is not reached.
pub(crate) async fn say_nothing(
    vendors: &Vendors,
    vendor: &str,
    sink: &dyn Sink,
    write: &Write,
    strangers: &[Value],
    id: &str,
    code: &str,
) {
    let path = write.call.target.trim_start_matches(&vendors.url(vendor)).split('?').next().unwrap_or_default();
    let change = format!("^{} /{vendor}{path}$", write.call.method);
    let page = json!("<html>404 Not Found: nginx</html>");
    for body in [&page].into_iter().chain(strangers) {
        for id in [None, Some(id)] {
            vendors.fault(&format!("^GET /{vendor}/"), json!({ "status": 404, "body": body }));
            let error = sink.look(write, id).await.expect_err("this says nothing of notes");
            assert_eq!((error.kind, error.code), (ErrorKind::Transient, code));
        }
        vendors.fault(&change, json!({ "status": 404, "body": body }));
        let failed = sink.deliver(write, None).await.expect_err("nobody is there");
        assert_eq!((failed.error.kind, failed.fate), (ErrorKind::Transient, Fate::NotDone));
    }
    let other = if vendor == "jira" { "hubspot" } else { "jira" };
    let elsewhere = json!({ "status": 302, "body": page, "headers": { "Location": vendors.url(other) } });
    vendors.fault(&change, elsewhere);
    let failed = sink.deliver(write, None).await.expect_err("nobody is followed");
    // Perhaps it was done: servers of pages answer so when it was.
    assert_eq!((failed.error.kind, failed.fate), (ErrorKind::Misconfigured, Fate::Unknown));
    assert!(failed.error.message.contains("it points elsewhere"), "{}", failed.error);
    assert_eq!(sink.look(write, None).await.expect("a look"), Look::Absent);
    let there = format!("/{other}");
    assert!(vendors.log().iter().all(|one| !one["path"].as_str().unwrap_or_default().contains(&there)));
}
