//! Limits and spend: what may be used, what was, and what people rule upon it. Thin: the limit room does it. INVARIANT: who may see the whole
//! house sees every party; who may see a pilot sees that pilot's budgets and calls alone.

use crate::domain::id::ReservationId;
use crate::domain::money::Micros;
use crate::limit::{Book, Period, resource_of};
use crate::policy::{Action, Resource};
use crate::store::Paid;
use crate::web::answer::Answer;
use crate::web::call::Call;
use crate::web::problem::Refused;
use axum::http::StatusCode;
use opspilot_sdk::Usage;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settle {
    usd: Option<String>,
    tokens: Option<Tokens>,
    reason: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tokens {
    input: u64,
    #[serde(default)]
    cached: u64,
    output: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Resume {
    reason: String,
}

/// The books, as far as the caller may see them.
async fn seen(call: &Call, period: Option<&Period>) -> Result<Book, Refused> {
    let book = call.app.web.limits.book_of(period).await?;
    if call.permit(Action::SpendRead, &Resource::system()).is_ok() {
        return Ok(book);
    }
    let mut mine = Book { lines: Vec::new(), rates: Vec::new(), sides: Vec::new(), open: Vec::new(), at: book.at };
    for pilot in call.app.web.pilots.iter() {
        if call.permit(Action::SpendRead, &Resource::pilot(&pilot.name, &pilot.tenant)).is_ok() {
            let part = book.clone().of_pilot(&pilot.name);
            mine.lines.extend(part.lines);
            mine.rates.extend(part.rates);
            mine.open.extend(part.open);
        }
    }
    Ok(mine)
}

pub(super) async fn limits(call: Call) -> Result<Answer, Refused> {
    let book = seen(&call, None).await?;
    let rates: Vec<Value> =
        book.rates.iter().map(|(scope, rates)| json!({ "scope": scope, "limits": rates })).collect();
    let budgets: Vec<_> = book.lines.iter().filter(|line| line.limit.is_some()).collect();
    Answer::json(&json!({ "at": book.at, "limits": rates, "budgets": budgets, "generators": book.sides }))
}

pub(super) async fn spend(call: Call) -> Result<Answer, Refused> {
    let period = match call.query.get("period") {
        Some(text) => Some(text.parse::<Period>().map_err(|cause| {
            let text = cause.to_string();
            Refused::new(StatusCode::BAD_REQUEST, "OP-7312", text.trim_end_matches(" (OP-7312)"))
        })?),
        None => None,
    };
    let mut book = seen(&call, period.as_ref()).await?;
    if let Some(name) = call.query.get("pilot") {
        let resource = match call.app.web.pilots.get(name) {
            Some(pilot) => Resource::pilot(&pilot.name, &pilot.tenant),
            None => return Err(Refused::missing("pilot", name)),
        };
        call.see(Action::SpendRead, &resource)?;
        book = book.of_pilot(name);
    }
    Answer::json(&json!({ "at": book.at, "items": book.lines, "open": book.open }))
}

pub(super) async fn settle(call: Call) -> Result<Answer, Refused> {
    let id: ReservationId = call.id()?;
    let Settle { usd, tokens, reason } = call.json()?;
    let wrong = |detail: String| Refused::new(StatusCode::UNPROCESSABLE_ENTITY, "OP-9013", detail);
    let paid = match (usd, tokens) {
        (Some(usd), None) => Paid::Money(usd.parse::<Micros>().map_err(|cause| wrong(cause.to_string()))?),
        (None, Some(Tokens { input, cached, output })) => Paid::Tokens(Usage { input, cached, output }),
        _ => return Err(wrong("the body must hold either `usd` or `tokens`".to_owned())),
    };
    let reservation = call.app.web.store.reservation(&id).await?;
    if !call.would_see(Action::SpendRead, &resource_of(&reservation)) {
        return Err(Refused::missing("reservation", id.as_str()));
    }
    let ruled = call.app.web.spend.settle(&call.caller, &id, paid, &reason).await?;
    Answer::json(&ruled.reservation)
}

pub(super) async fn resume(call: Call) -> Result<Answer, Refused> {
    let Resume { reason } = call.json()?;
    let name = call.part("name");
    call.app.web.spend.resume(&call.caller, name, &reason).await?;
    Answer::json(&json!({ "generator": name, "resumed": true }))
}
