//! What the demo shows at its end: every request with where it stands, and the most urgent brief in full.

use crate::brief::{Brief, Content, Generator, render};
use crate::cli::failure::Failure;
use crate::cli::request::title;
use crate::cli::setup::Setup;
use crate::cli::table::Table;
use crate::cli::view::{self, Masks};
use crate::store::{RequestView, Store};
use serde_json::{Value, json};

/// How many are drafted, and how many are held.
pub(super) fn count(requests: &[RequestView]) -> (usize, usize) {
    let drafted = requests.iter().filter(|view| view.brief_state.is_some()).count();
    let held = requests.iter().filter(|view| view.state == "held").count();
    (drafted, held)
}

/// Shows the summary; as JSON together with `place`.
pub(super) async fn show(
    setup: &Setup,
    store: &Store,
    masks: Masks<'_>,
    requests: &[RequestView],
    place: Value,
) -> Result<(), Failure> {
    let mut briefs = Vec::new();
    for view in requests {
        briefs.push(if view.brief_state.is_some() { Some(load(store, view).await?) } else { None });
    }
    let first = briefs.iter().flatten().max_by_key(|brief| brief.content.priority.score);
    let (drafted, held) = count(requests);
    if setup.out.json {
        let item = |(view, brief): (&RequestView, &Option<Brief>)| {
            let mut shown = view::request(view, masks);
            let content = brief.as_ref().map(|brief| &brief.content);
            shown["score"] = content.map(|content| content.priority.score.get()).into();
            shown["band"] = content.map(|content| content.priority.band.as_str()).into();
            shown
        };
        let items: Vec<Value> = requests.iter().zip(&briefs).map(item).collect();
        return setup
            .out
            .json(&json!({ "place": place, "drafted": drafted, "held": held, "requests": items, "brief": first }));
    }
    let mut table = Table::new(&["source", "state", "priority", "risk", "status", "subject"]);
    for (view, brief) in requests.iter().zip(&briefs) {
        let content = brief.as_ref().map(|brief| &brief.content);
        let priority = content.map(|content| format!("{} {}", content.priority.band, content.priority.score.get()));
        let risk = content.map(|content| content.risk.level.to_string());
        let status = content.map(|content| content.recommended_status.status.to_string());
        let (source, state) = (view.request.source.clone(), view.state.to_owned());
        table.row([
            source,
            state,
            priority.unwrap_or_default(),
            risk.unwrap_or_default(),
            status.unwrap_or_default(),
            title(view, masks),
        ]);
    }
    setup.out.text("\n")?;
    setup.out.table(&table)?;
    if let Some(brief) = first {
        setup.out.text(&format!("\n{}", render::terminal(brief, setup.out.page(), setup.out.colour)))?;
    }
    setup.out.text(&format!(
        "\n{} requests: {drafted} drafted and waiting for a person, {held} held by the data boundary",
        requests.len()
    ))
}

async fn load(store: &Store, view: &RequestView) -> Result<Brief, Failure> {
    let id = view.request.id.brief();
    let row = store.brief(&id).await?;
    let revisions = store.revisions(&id).await?;
    let revision = revisions.iter().find(|revision| revision.number == row.revision);
    let revision = revision
        .ok_or_else(|| crate::store::StoreError::NotFound { what: "revision", id: row.revision.to_string() })?;
    let generator = serde_json::from_str(&revision.generator).unwrap_or_else(|_| Generator::embedded(0));
    let content = Content::from_json(&revision.content)?;
    Ok(Brief {
        brief: id.to_string(),
        request: view.request.id.to_string(),
        revision: row.revision,
        generator,
        hand: None,
        content,
    })
}
