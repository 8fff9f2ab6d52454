//! Figures for whoever owns a pilot: pictures drawn here, each with its table and its files. Own file because the span and the pilot stand
//! in the address. INVARIANT: what is drawn, tabled and taken along is one set.

use super::layout::{self, Here};
use super::shown::{Screen, Shown};
use super::visit::Visit;
use super::{chart, sheet};
use crate::domain::form;
use crate::domain::pilot::Pilot;
use crate::figures::{Set, dollars};
use crate::limit::Line;
use crate::policy::{Action, Resource};
use crate::web::answer::Answer;
use crate::web::api::figures::{self, Owned};
use crate::web::call::Call;
use crate::web::problem::Refused;
use axum::http::{HeaderValue, StatusCode, header};
use jiff::ToSpan as _;
use jiff::civil::Date;
use maud::{Markup, html};

/// The pilots whose figures the caller may see.
fn seen(call: &Call) -> Vec<&Pilot> {
    let may = |pilot: &&Pilot| call.permit(Action::ReportRead, &Resource::pilot(&pilot.name, &pilot.tenant)).is_ok();
    call.app.web.pilots.iter().filter(may).collect()
}

/// The pilot that the address names, or the first.
fn chosen<'a>(call: &'a Call, seen: &[&'a Pilot]) -> Result<&'a Pilot, Refused> {
    match call.query.get("pilot") {
        Some(name) => call.app.web.pilots.get(name).ok_or_else(|| Refused::missing("pilot", name)),
        None => match seen.first() {
            Some(pilot) => Ok(pilot),
            // Says why: no leave, or no pilot at all.
            None => Err(call
                .permit(Action::ReportRead, &Resource::pilot("any", "any"))
                .err()
                .map_or_else(|| Refused::missing("pilot", "any"), Into::into)),
        },
    }
}

pub(super) async fn show(visit: Visit) -> Result<Shown, Refused> {
    let call = &visit.call;
    let pilots = seen(call);
    let pilot = chosen(call, &pilots)?;
    let Owned { figures, budgets } = figures::read(call, pilot).await?;
    let (from, until) = (figures.from.to_string(), figures.until.to_string());
    let files = form::query([("pilot", pilot.name.as_str()), ("from", &from), ("until", &until)]);
    let body = html! {
        p.lead {
            "Counted " (layout::moment(figures.at, &pilot.time_zone)) " from rows of the store. Days are those of " (figures.time_zone) "."
        }
        (span(pilot, &pilots, figures.from, figures.until))
        div.sets { @for set in &figures.sets { (chart::set(set, &files)) } }
        @if let Some(lines) = &budgets { (limits(lines)) } @else { p.quiet { "What was spent is not shown to you: your roles do not carry spend.read." } }
    };
    Ok(Shown::Page(Screen { title: format!("Figures of {}", pilot.name), here: Some(Here::Figures), body }))
}

fn span(pilot: &Pilot, pilots: &[&Pilot], from: Date, until: Date) -> Markup {
    let back = |days: i32| until.checked_sub((days - 1).days()).unwrap_or(until).to_string();
    let until = until.to_string();
    html! {
        form.filters method="get" action="/figures" {
            div.grid {
                label.field {
                    span { "Pilot" }
                    select name="pilot" {
                        @for one in pilots { option value=(one.name) selected[one.name == pilot.name] { (layout::plain(&one.name)) } }
                    }
                }
                label.field { span { "From" } input type="date" name="from" value=(from); }
                label.field { span { "Until" } input type="date" name="until" value=(until); }
            }
            div.row {
                button.primary { "Show" }
                @for (days, label) in [(7, "7 days"), (28, "28 days"), (90, "90 days"), (365, "a year")] {
                    a href={ "/figures?" (form::query([("pilot", pilot.name.as_str()), ("from", &back(days)), ("until", &until)])) } { (label) }
                }
            }
        }
    }
}

fn limits(lines: &[Line]) -> Markup {
    let amount = |micros: i64| dollars(u64::try_from(micros).unwrap_or(0));
    html! {
        section.card aria-labelledby="budgets" {
            h2 id="budgets" { "Spend against limits, now" }
            @if lines.is_empty() {
                p { "This pilot has no budget, and no model was asked for it." }
            } @else {
                div.scroll tabindex="0" role="region" aria-label="Spend against limits" {
                    table {
                        thead { tr { th scope="col" { "Budget" } th.number scope="col" { "Limit" } th.number scope="col" { "Settled" } th.number scope="col" { "Held" } th.number scope="col" { "Left" } th scope="col" { "Used" } } }
                        tbody {
                            @for line in lines {
                                tr {
                                    th scope="row" { (line.span.as_str()) " " (line.period) }
                                    td.number { @match line.limit { Some(limit) => (amount(limit.get())), None => "none" } }
                                    td.number { (amount(line.settled.get())) }
                                    td.number { (amount(line.held.get())) }
                                    td.number { @match line.left { Some(left) => (amount(left.get())), None => "" } }
                                    td {
                                        @if let Some(limit) = line.limit {
                                            @let used = line.settled.get().saturating_add(line.held.get());
                                            meter min="0" max=(limit.get().max(1)) high=(limit.get() / 5 * 4) value=(used.min(limit.get())) { (amount(used)) }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// One set as a file.
pub(super) async fn file(visit: Visit) -> Result<Shown, Refused> {
    let call = &visit.call;
    let pilot = chosen(call, &seen(call))?;
    let Owned { figures, .. } = figures::read(call, pilot).await?;
    let key = call.part("set");
    let set = figures.sets.iter().find(|set| set.key == key).ok_or_else(|| Refused::missing("set of figures", key))?;
    let name = format!("{}-{}-{}-{}", pilot.name, set.key, figures.from, figures.until);
    Ok(Shown::Other(match call.query.get("format") {
        Some("json") => {
            let name = HeaderValue::try_from(format!("attachment; filename=\"{name}.json\""));
            let name = name.map_err(|cause| Refused::fault(cause.to_string()))?;
            Answer::json(set)?.header(header::CONTENT_DISPOSITION, name)
        }
        None | Some("csv") => csv(&name, set)?,
        Some(_) => {
            let detail = "there is no such `format`; use csv or json";
            return Err(Refused::new(StatusCode::BAD_REQUEST, "OP-9004", detail));
        }
    }))
}

fn csv(name: &str, set: &Set) -> Result<Answer, Refused> {
    let row = |(label, values): (&str, Vec<u64>)| {
        std::iter::once(label.to_owned()).chain(values.iter().map(u64::to_string)).collect::<Vec<_>>()
    };
    sheet::file(name, &set.head(), &set.table().map(row).collect::<Vec<_>>())
}
