//! `opspilot request why`: the whole causal chain of a request in the order of time, from its first byte to where it stands. Own file
//! because it lays the chain out for a terminal. INVARIANT: it shows what is recorded and adds nothing; what has a receipt names it.

use super::failure::Failure;
use super::ids::Named;
use super::setup::Setup;
use super::view::Masks;
use super::{request, text, view};
use crate::daemon::House;
use crate::receipt::veil;
use crate::store::ReceiptRow;
use crate::timeline::{Chain, Event, Sight, elapsed};
use serde_json::{Value, json};

pub(super) async fn show(setup: &Setup, house: &House, id: &Named) -> Result<(), Failure> {
    let request = house.store.request(id.request()).await?.request;
    let digests = view::digests(setup, house, &request).await;
    let chain = Chain::read(&house.store, id.request(), Sight::whole(digests)).await?;
    if setup.out.json {
        return setup.out.json(&json(&chain, Masks(&house.boundaries)));
    }
    setup.out.text(&page(&chain, setup, Masks(&house.boundaries)))
}

fn page(chain: &Chain, setup: &Setup, masks: Masks<'_>) -> String {
    let out = &setup.out;
    let request = &chain.view.request;
    let mut page = format!(
        "{}  {}\n{}  pilot {}\n\n",
        out.bold(request.id.as_str()),
        request::title(&chain.view, masks),
        text::exact(request.received_at),
        request.pilot
    );
    for event in chain.events() {
        let since = event.at.duration_since(request.received_at).as_micros();
        let seq = event.receipt.map(|seq| format!("  [receipt {seq}]")).unwrap_or_default();
        let lead = format!("{:>9}  {:<12} ", elapsed(since), event.what);
        let detail = text::one_line(&format!("{}{seq}", event.detail));
        page.push_str(&hang(&lead, &detail, out.page()));
    }
    page.push_str(&format!("\n{} {}\n", out.bold("stands:"), text::one_line(&stands(chain))));
    page
}

/// Where it stands, with the command that moves it on.
fn stands(chain: &Chain) -> String {
    let way_on = chain.way_on().map(|command| format!("; {command}")).unwrap_or_default();
    format!("{}{way_on}", chain.standing())
}

fn json(chain: &Chain, masks: Masks<'_>) -> Value {
    let event =
        |event: Event| json!({ "at": event.at, "what": event.what, "detail": event.detail, "receipt": event.receipt });
    let receipt = |row: &ReceiptRow| {
        let mut shown = view::receipt(row);
        if !chain.sight.digests {
            veil::veil(&mut shown);
        }
        shown
    };
    let mut request = view::request(&chain.view, masks);
    request["raw_sha256"] = json!(chain.sight.digests.then_some(&chain.view.request.raw));
    json!({
        "request": request, "raw_bytes": chain.bytes,
        "events": chain.events().into_iter().map(event).collect::<Vec<_>>(),
        "steps": chain.steps.iter().map(view::step).collect::<Vec<_>>(),
        "revisions": chain.revisions.iter().map(view::revision).collect::<Vec<_>>(),
        "decisions": chain.decisions.iter().map(view::decision).collect::<Vec<_>>(),
        "receipts": chain.receipts.iter().map(receipt).collect::<Vec<_>>(), "stands": stands(chain),
    })
}

/// Text behind a lead, wrapped under itself.
fn hang(lead: &str, detail: &str, width: usize) -> String {
    let indent = text::width(lead);
    let room = width.saturating_sub(indent).max(20);
    let mut lines = vec![String::new()];
    for word in detail.split(' ') {
        let last = lines.len() - 1;
        match lines.get_mut(last) {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if text::width(line) + 1 + text::width(word) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    let blank = " ".repeat(indent);
    lines
        .iter()
        .enumerate()
        .map(|(place, line)| format!("{}{line}\n", if place == 0 { lead } else { &blank }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_details_hang_under_themselves() {
        assert_eq!(hang("  a  ", "one two three four five six", 25), "  a  one two three four\n     five six\n");
    }
}
