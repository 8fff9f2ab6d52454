//! What changed between two revisions. Own file because it is a page of its own, and part of every refusal of what was done upon an older
//! revision. INVARIANT: it shows changes as the reader may see them.

use super::super::layout::{moment, plain};
use super::differ;
use super::plan::{short, value};
use super::shape;
use super::sheet::Sheet;
use crate::brief::{self, Change, Content};
use crate::web::api::briefs;
use crate::web::call::Call;
use crate::web::problem::Refused;
use maud::{Markup, html};
use serde_json::Value;

/// The changes from one revision to another, for this reader.
pub(super) async fn changes(call: &Call, sheet: &Sheet, from: u32, to: u32) -> Result<Vec<Change>, Refused> {
    let content = |number: u32| {
        let row = sheet.revisions.iter().find(|row| row.number == number);
        let row = row.ok_or_else(|| Refused::missing("revision", &number.to_string()))?;
        Content::from_json(&row.content).map_err(|cause| briefs::unsound(&sheet.id, cause))
    };
    let changes = brief::diff(&content(from)?, &content(to)?);
    let changes = serde_json::to_value(&changes).map_err(|cause| briefs::unsound(&sheet.id, cause))?;
    let changes = briefs::veil(call, &sheet.row, changes).await?;
    serde_json::from_value(changes).map_err(|cause| briefs::unsound(&sheet.id, cause))
}

/// Changes, one a row.
pub(super) fn shown(changes: &[Change]) -> Markup {
    let changes: Vec<&Change> = changes.iter().filter(|change| !change.path.contains("quotes")).collect();
    html! {
        @if changes.is_empty() { p { "They say the same." } } @else {
            dl.changes {
                @for change in changes {
                    dt { (plain(&shape::named(&change.path))) }
                    dd dir="auto" { (one(change)) }
                }
            }
        }
    }
}

fn one(change: &Change) -> Markup {
    match (&change.before, &change.after) {
        (Value::String(before), Value::String(after)) if change.path.ends_with(".path") => {
            differ::shown(&shape::named(before), &shape::named(after))
        }
        (Value::String(before), Value::String(after)) => differ::shown(before, after),
        (Value::Null, after) => html! { ins { (value(Some(&flat(after)))) } },
        (before, Value::Null) => html! { del { (value(Some(&flat(before)))) } },
        (before, after) => html! { del { (value(Some(before))) } " " ins { (value(Some(after))) } },
    }
}

/// An entry of a list in its words.
fn flat(value: &Value) -> Value {
    let Value::Object(members) = value else { return value.clone() };
    let words = members.iter().filter(|(name, _)| *name != "quotes").filter_map(|(name, member)| match member {
        Value::String(path) if name == "path" => Some(shape::named(path)),
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Array(items) => Some(items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; ")),
        _ => None,
    });
    Value::String(words.collect::<Vec<_>>().join(" · "))
}

/// The revisions with a way to compare any two.
pub(super) fn revisions(sheet: &Sheet) -> Markup {
    let last = sheet.row.revision;
    html! {
        section.revisions aria-labelledby="revisions" {
            h2 #revisions { "Revisions" }
            ol {
                @for revision in &sheet.revisions {
                    li value=(revision.number) {
                        a href=(format!("/briefs/{}?revision={}", sheet.id, revision.number)) { code { (short(&revision.digest)) } }
                        " " @if revision.is_draft() { "drafted" } @else { "by " bdi { (plain(sheet.name(&revision.author))) } }
                        " " (moment(revision.at, &sheet.zone))
                        @if revision.number == last { " · stands" }
                        @if revision.number > 1 {
                            " · " a href=(format!("/briefs/{}/diff?from={}&to={}", sheet.id, revision.number - 1, revision.number)) { "what changed" }
                        }
                    }
                }
            }
            @if sheet.revisions.len() > 2 {
                form.compare method="get" action=(format!("/briefs/{}/diff", sheet.id)) {
                    "Compare " (pick(sheet, "from", last - 1)) " with " (pick(sheet, "to", last)) " " button type="submit" { "Show" }
                }
            }
        }
    }
}

fn pick(sheet: &Sheet, name: &str, chosen: u32) -> Markup {
    html! {
        select name=(name) aria-label=(if name == "from" { "The one" } else { "The other" }) {
            @for revision in &sheet.revisions { option value=(revision.number) selected[revision.number == chosen] { "revision " (revision.number) } }
        }
    }
}
