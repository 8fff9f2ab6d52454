//! Judges what a connector says: error codes, wording, leaked secrets. Own file because pulled and pushed sources are held to the
//! same rules. INVARIANT: a code without a page in the handbook is a fault; the page is where the remedy stands.

use crate::{ConnectorError, Refusal};
use std::fmt::Write as _;
use std::path::Path;

/// The handbook's pages, beside this crate in the repository.
const PAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors");

pub(super) fn error(error: &ConnectorError, canaries: &[String]) -> Result<(), String> {
    let mut everything = format!("{error} {error:?}");
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let _ = write!(everything, " {inner} {inner:?}");
        cause = inner.source();
    }
    secrets("an error", &everything, canaries)?;
    wording(error.code, &error.message)
}

pub(super) fn refusal(refusal: &Refusal, canaries: &[String]) -> Result<(), String> {
    secrets("a refusal", &format!("{refusal} {refusal:?}"), canaries)?;
    wording(refusal.code, &refusal.message)
}

pub(super) fn secrets(place: &str, text: &str, canaries: &[String]) -> Result<(), String> {
    match canaries.iter().position(|canary| text.contains(canary.as_str())) {
        Some(index) => Err(format!("{place} shows secret number {index}")),
        None => Ok(()),
    }
}

pub(super) fn wording(code: &str, message: &str) -> Result<(), String> {
    let digits = code.strip_prefix("OP-").unwrap_or("");
    if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("code `{code}` is not `OP-` and four digits"));
    }
    if message.trim().is_empty() {
        return Err(format!("{code} has no message"));
    }
    if message.ends_with('.') {
        return Err(format!("{code}: the message ends with a period: `{message}`"));
    }
    if message.contains('\n') {
        return Err(format!("{code}: the message is more than one line"));
    }
    let page = Path::new(PAGES).join(format!("{code}.md"));
    let text = std::fs::read_to_string(&page).map_err(|_| format!("{code} has no page `docs/errors/{code}.md`"))?;
    if text.contains("## What to do") {
        Ok(())
    } else {
        Err(format!("`docs/errors/{code}.md` does not say what to do"))
    }
}
