//! Attention checks, for owners: switching them on and off, and whether review is real. Own file because nobody else may see it.
//! INVARIANT: what is planted and not decided yet stands nowhere here.

use super::layout::{self, Here};
use super::shown::{Said, Screen, Shown};
use super::visit::Visit;
use crate::attention::{Line, Median};
use crate::domain::pilot::Pilot;
use crate::policy::{Action, Resource};
use crate::web::api::attention::since;
use crate::web::problem::Refused;
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use maud::{Markup, html};

pub(super) async fn show(visit: Visit) -> Result<Shown, Refused> {
    let call = &visit.call;
    let since = since(call)?;
    let days = call.app.web.clock.now().duration_since(since).as_hours() / 24;
    let period = format!("in the last {}", layout::count(usize::try_from(days).unwrap_or(0), "day"));
    let wanted = call.query.get("pilot");
    let pilots: Vec<&Pilot> =
        call.app.web.pilots.iter().filter(|pilot| wanted.is_none_or(|wanted| wanted == pilot.name)).collect();
    let may =
        |pilot: &&&Pilot| call.permit(Action::AttentionRead, &Resource::pilot(&pilot.name, &pilot.tenant)).is_ok();
    let mine: Vec<&&Pilot> = pilots.iter().filter(may).collect();
    if mine.is_empty() {
        // Says why not, as the policy has it.
        let resource =
            pilots.first().map_or_else(Resource::system, |pilot| Resource::pilot(&pilot.name, &pilot.tenant));
        let _leave = call.permit(Action::AttentionRead, &resource)?;
    }
    let mut sections = Vec::new();
    for pilot in mine {
        let shown = call.app.web.attention.shown(&call.caller, &pilot.name, since).await?;
        sections.push(section(&visit, pilot, &shown, &period));
    }
    let body = html! {
        p {
            "Now and then a brief is made up, with one fault planted in it, and comes before your reviewers like any other. "
            "Whoever decides on it is told that it was a check. Nothing of it is sent, and it counts in no other figure."
        }
        @for section in &sections { (section) }
    };
    Ok(Shown::Page(Screen { title: "Attention check".into(), here: Some(Here::Attention), body }))
}

fn section(visit: &Visit, pilot: &Pilot, shown: &crate::attention::Shown, period: &str) -> Markup {
    html! {
        section.card aria-label={ "Pilot " (pilot.name) } {
            h2 { (pilot.name) }
            @match &shown.on {
                Some(on) => {
                    p { "On, among " strong { (on.percent) " of a hundred" } " briefs since " (layout::moment(on.at, &TimeZone::UTC)) ": " (layout::plain(&on.reason)) }
                    form method="post" action="/attention/off" {
                        (visit.key())
                        input type="hidden" name="pilot" value=(pilot.name);
                        button { "Switch off" }
                    }
                }
                None => {
                    form method="post" action="/attention/on" {
                        (visit.key())
                        input type="hidden" name="pilot" value=(pilot.name);
                        label.field { span { "Among how many of a hundred briefs (1 to 20)" } input type="number" name="percent" min="1" max="20" value="5" required; }
                        label.field { span { "Why" } input name="reason" maxlength="500" required; small { "It stands in the receipt, under your name." } }
                        button.primary { "Switch on" }
                    }
                }
            }
            @if shown.all.decided == 0 {
                p { "No check was decided " (period) "." }
            } @else {
                div.scroll tabindex="0" role="region" aria-label={ "Checks of " (pilot.name) } {
                    table {
                        caption { "Planted faults that were seen, of checks decided " (period) }
                        thead { tr { th scope="col" { "Of" } th scope="col" { "Seen" } th scope="col" { "Share, between" } th scope="col" { "Time to decide, median and between" } } }
                        tbody {
                            (row("All", &shown.all))
                            @for (name, line) in &shown.by_person { (row(name, line)) }
                            @for (fault, line) in &shown.by_fault { (row(&fault.replace('_', " "), line)) }
                        }
                    }
                }
            }
        }
    }
}

fn row(of: &str, line: &Line) -> Markup {
    let (low, high) = line.share().bounds();
    html! {
        tr {
            th scope="row" { (layout::plain(of)) }
            td { (line.caught) " of " (line.decided) }
            td { (format!("{:.0} to {:.0} %", low * 100.0, high * 100.0)) }
            td { @if let Some(median) = Median::of(&line.took) { (time(median.middle)) ", " (time(median.low)) " to " (time(median.high)) } }
        }
    }
}

fn time(time: SignedDuration) -> String {
    match time.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}

pub(super) async fn on(visit: Visit) -> Result<Shown, Refused> {
    let pilot = visit.form.get("pilot").unwrap_or_default();
    let percent = visit.form.get("percent").and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    let reason = visit.form.get("reason").unwrap_or_default();
    visit.call.app.web.attention.on(&visit.call.caller, pilot, percent, reason).await?;
    Ok(Shown::Go { to: "/attention".into(), said: Some(Said::AttentionOn) })
}

pub(super) async fn off(visit: Visit) -> Result<Shown, Refused> {
    let pilot = visit.form.get("pilot").unwrap_or_default();
    visit.call.app.web.attention.off(&visit.call.caller, pilot).await?;
    Ok(Shown::Go { to: "/attention".into(), said: Some(Said::AttentionOff) })
}
