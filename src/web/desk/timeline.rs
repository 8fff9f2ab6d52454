//! The timeline of a request: everything that is on record about it, in the order of time, with how long each thing took. Own file because
//! it answers "why" for everything that has a page. INVARIANT: each part is shown only to who may see it, and what is left out is named.

use super::layout;
use super::shown::{Screen, Shown};
use super::visit::Visit;
use crate::timeline::{Event, Subject, elapsed};
use crate::web::api::{requests, why};
use crate::web::problem::Refused;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};

/// What its heading, and each line of it, may weigh, in bytes of markup.
const TITLE: usize = 320;
const DETAIL: usize = 1_200;

pub(super) async fn show(visit: Visit) -> Result<Shown, Refused> {
    let call = &visit.call;
    let chain = why::read(call, &call.id()?).await?;
    let request = &chain.view.request;
    let pilot = call.app.web.pilots.get(&request.pilot);
    let zone = pilot.map_or(TimeZone::UTC, |pilot| pilot.time_zone.clone());
    let row = requests::row(&call.app, &chain.view);
    let named = row["subject"].as_str().map(str::trim).filter(|subject| !subject.is_empty()).map(str::to_owned);
    // As its brief is headed: without a subject its first words stand for it.
    let subject = match named {
        Some(subject) => Some(subject),
        None => requests::first_words(&call.app, request),
    };
    let subject = subject.map(|subject| layout::cut(&subject, TITLE));
    let withheld = chain.sight.withheld();
    let events = chain.events();
    let body = html! {
        p.lead { bdi { @match &subject { Some(subject) => (layout::plain(subject)), None => "A request without words" } } }
        dl.facts {
            dt { "Request" } dd { code { (request.id) } }
            dt { "Pilot" } dd { (request.pilot) " of " (request.tenant) }
            dt { "Came in" } dd { (layout::moment(request.received_at, &zone)) " by " (request.source) }
            dt { "Stands" } dd { (layout::plain(&chain.standing())) }
            @if chain.view.brief_state.is_some() { dt { "Brief" } dd { a href={ "/briefs/" (request.id.brief()) } { "Open the brief" } } }
        }
        @if !withheld.is_empty() { p.notice { "Left out, because your roles do not carry it: " (withheld.join(", ")) "." } }
        ol.timeline { @for event in &events { (step(event, request.received_at, &zone)) } }
    };
    Ok(Shown::Page(Screen { title: "Timeline".into(), here: None, body }))
}

fn step(event: &Event, from: Timestamp, zone: &TimeZone) -> Markup {
    let since = elapsed(event.at.duration_since(from).as_micros());
    let kind = match event.about {
        Subject::Request => "request",
        Subject::Steps => "step",
        Subject::Review => "review",
        Subject::Mail => "mail",
        Subject::Spend => "spend",
        Subject::Writes => "write",
    };
    let exact = event.at.to_zoned(zone.clone()).strftime("%-d %b %Y, %H:%M:%S%.3f %Z").to_string();
    html! {
        li class={ "event " (kind) } {
            p.when { time datetime=(event.at) { (exact) } " " span.quiet { (since) } }
            p { strong { (layout::plain(&event.what)) } " " span.tag { (kind) } }
            p.quiet {
                bdi { (layout::plain(&layout::cut(&event.detail, DETAIL))) }
                @if let Some(seq) = event.receipt { " · receipt " (seq) }
            }
        }
    }
}
