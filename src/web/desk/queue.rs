//! The queue: what waits for a person, urgent first, then oldest. A table on a desk, cards on a phone; every filter stands in the address.
//! Own file because it is the screen that everything else is reached from. INVARIANT: nothing here approves: what is done to several
//! briefs at once is claiming, letting go and taking a list along.

use super::layout::{self, Here};
use super::sheet;
use super::shown::{Said, Screen, Shown};
use super::visit::Visit;
use crate::domain::form;
use crate::domain::id::BriefId;
use crate::policy::Action;
use crate::review::{self, BANDS, Queue, RISKS, WAITING, Waiting, Wanted};
use crate::store::{BriefRow, ViewRow};
use crate::web::api::{briefs, queue};
use crate::web::call::Call;
use crate::web::page::reach;
use crate::web::problem::Refused;
use axum::http::StatusCode;
use jiff::tz::TimeZone;
use maud::{Markup, html};

/// Briefs that one press may touch.
const MOST_AT_ONCE: usize = 200;
/// What the words of a row may weigh, in bytes of markup: its subject, a name, the subject again where it names a button.
const TITLE: usize = 200;
const NAME: usize = 90;
const LABEL: usize = 60;
/// Lengths of time that the form offers.
const AGES: [(&str, &str); 5] =
    [("1h", "an hour"), ("4h", "4 hours"), ("1d", "a day"), ("3d", "3 days"), ("7d", "a week")];

pub(super) async fn show(visit: Visit) -> Result<Shown, Refused> {
    let call = &visit.call;
    let wanted = queue::wanted(call).await?;
    let found = queue::read(call, &wanted).await?;
    let views = queue::views(call).await?;
    let pilots = pilots(call)?;
    let page = &found.page;
    let query = wanted.query();
    let body = html! {
        div.queue data-live="/events" data-after=(page.receipts) data-pilot=[wanted.pilot.as_deref()]
            data-keys="j|Next brief;k|Previous brief;o|Open it;x|Choose it;X|Choose all on this page;c|Claim it" {
            (lead(&found, &query))
            (tabs(&found, &wanted, &views, call.query.get("view")))
            (filters(&wanted, &pilots))
            @if found.items.is_empty() { (nothing(&found, &wanted)) } @else { (list(&visit, &found, &query, pilots.len() > 1)) }
            (keep(&visit, &query))
            @if let Some(text) = review::unsearched(page) { p.quiet { (text) } }
            @if let Some(next) = &page.next {
                p { a.button rel="next" href={ "/?" (with(&query, "cursor", &next.to_string())) } { "Further briefs" } }
            }
            // Over the page and never within it, so that no row moves under the hand.
            div.news id="news" role="status" {
                p.notice hidden { span {} " " a href={ "/?" (query) } { "Show" } a href="/sign-in" target="_blank" rel="noopener" hidden { "Sign in again in a new tab" } }
            }
        }
    };
    Ok(Shown::Page(Screen { title: "Queue".into(), here: Some(Here::Queue), body }))
}

/// A query with one thing more.
fn with(query: &str, name: &str, value: &str) -> String {
    let more = form::query([(name, value)]);
    if query.is_empty() { more } else { format!("{query}&{more}") }
}

/// The pilots that may be filtered by.
fn pilots(call: &Call) -> Result<Vec<String>, Refused> {
    let known = || call.app.web.pilots.iter().map(|pilot| pilot.name.clone()).collect();
    Ok(reach(call, Action::BriefRead, None)?.unwrap_or_else(known))
}

fn briefs_of(count: u32) -> String {
    layout::count(usize::try_from(count).unwrap_or(usize::MAX), "brief")
}

fn lead(found: &Queue, query: &str) -> Markup {
    let (tally, backlog) = (&found.page.tally, &found.page.backlog);
    html! {
        p.lead {
            strong { (briefs_of(tally.total())) }
            @if tally.urgent > 0 { ", " strong.urgent-word { (tally.urgent) " urgent" } }
            @if tally.total() != backlog.all { " of " (backlog.all) " that wait" }
            @if let Some(oldest) = backlog.oldest { ". The oldest has waited " (layout::span(oldest, found.now)) }
            ". "
            a href={ "/?" (query) } data-key="r" data-key-text="Load the list again" { "Load again" }
        }
    }
}

fn tabs(found: &Queue, wanted: &Wanted, views: &[ViewRow], view: Option<&str>) -> Markup {
    let backlog = &found.page.backlog;
    let own = [
        ("All", String::new(), Some(backlog.all)),
        ("Mine", "holder=me".to_owned(), Some(backlog.mine)),
        ("Unclaimed", "holder=nobody".to_owned(), Some(backlog.free)),
        ("Urgent", "band=urgent".to_owned(), None),
    ];
    let query = wanted.query();
    html! {
        nav.tabs aria-label="Views" {
            ul {
                @for (name, filters, count) in &own {
                    li {
                        a href={ "/?" (filters) } aria-current=[(view.is_none() && query == *filters).then_some("true")] {
                            (name) @if let Some(count) = count { " " span.count { (count) } }
                        }
                    }
                }
                @for saved in views {
                    li {
                        a href={ "/?" (form::query([("view", saved.name.as_str())])) }
                            aria-current=[(view == Some(saved.name.as_str())).then_some("true")] { bdi { (layout::plain(&saved.name)) } }
                    }
                }
            }
        }
    }
}

fn choice(name: &str, label: &str, any: &str, chosen: Option<&str>, options: &[(&str, &str)]) -> Markup {
    html! {
        label.field {
            span { (label) }
            select name=(name) {
                option value="" { (any) }
                @for (value, text) in options { option value=(value) selected[chosen == Some(*value)] { (text) } }
                // What the form does not offer, an address may still ask for.
                @if let Some(other) = chosen.filter(|chosen| options.iter().all(|(value, _)| value != chosen)) {
                    option value=(other) selected { (layout::plain(other)) }
                }
            }
        }
    }
}

fn filters(wanted: &Wanted, pilots: &[String]) -> Markup {
    let same = |words: &[&'static str]| words.iter().map(|word| (*word, *word)).collect::<Vec<_>>();
    let names: Vec<(&str, &str)> = pilots.iter().map(|name| (name.as_str(), name.as_str())).collect();
    let set = wanted.pairs().count();
    // Folded they say what is set, so that they need not stand open.
    let told = [&wanted.pilot, &wanted.band, &wanted.risk, &wanted.state, &wanted.holder, &wanted.age];
    let told: Vec<&str> = told.into_iter().flatten().map(String::as_str).collect();
    html! {
        form.filters method="get" action="/" role="search" {
            label.field.search {
                span { "Words in the subject" }
                input type="search" name="text" maxlength="100" value=[wanted.text.as_deref()] data-key="/" data-key-text="Search";
            }
            details {
                summary { "Filters" @if !told.is_empty() { ": " (layout::plain(&told.join(", "))) } }
                div.grid {
                    @if pilots.len() > 1 || wanted.pilot.is_some() {
                        (choice("pilot", "Pilot", "all", wanted.pilot.as_deref(), &names))
                    }
                    (choice("band", "Priority", "any", wanted.band.as_deref(), &same(&BANDS)))
                    (choice("risk", "Risk", "any", wanted.risk.as_deref(), &same(&RISKS)))
                    (choice("state", "State", "any", wanted.state.as_deref(), &same(&WAITING)))
                    (choice("holder", "Claimed by", "anybody or nobody", wanted.holder.as_deref(), &[("me", "me"), ("nobody", "nobody")]))
                    (choice("age", "Waits for at least", "any time", wanted.age.as_deref(), &AGES))
                }
            }
            div.row {
                button.primary { "Show" }
                @if set > 0 { a.button href="/" { "Clear" } }
            }
        }
    }
}

fn nothing(found: &Queue, wanted: &Wanted) -> Markup {
    let waiting = found.page.backlog.all;
    html! {
        div.card.empty {
            @if found.page.tally.total() > 0 {
                p { "This page of the list is empty by now." }
                p { a href={ "/?" (wanted.query()) } { "Back to its beginning" } }
            } @else if waiting > 0 {
                p { strong { "No brief fits these filters." } }
                p { (briefs_of(waiting)) " wait in all. " a href="/" { "Show all of them" } "." }
            } @else {
                p { strong { "Nothing waits for you." } }
                p { "A brief appears here as soon as a request has come in and was drafted. Have one at hand? " a href="/paste" { "Paste it" } "." }
            }
        }
    }
}

fn list(visit: &Visit, found: &Queue, query: &str, several: bool) -> Markup {
    let review = &visit.call.app.web.review;
    // Whoever may claim none of them is not asked to.
    let claims =
        found.items.iter().any(|item| review.may(&visit.call.caller, Action::ReviewClaim, &item.row.brief).is_ok());
    html! {
        form.list method="post" action="/queue" {
            (visit.key())
            input type="hidden" name="back" value=(query);
            table role="table" {
                caption.visually-hidden { "Briefs that wait, the most urgent first, then the oldest" }
                thead role="rowgroup" {
                    tr role="row" {
                        th role="columnheader" { span.visually-hidden { "Choose" } }
                        th role="columnheader" { "Priority" }
                        th role="columnheader" { "Request" }
                        th role="columnheader" { "Risk" }
                        th role="columnheader" { "Waits" }
                        th role="columnheader" { "Claimed by" }
                    }
                }
                tbody role="rowgroup" { @for item in &found.items { (row(visit, found, item, query, several)) } }
            }
            div.row.bulk {
                label.all hidden { input type="checkbox" data-all; "Choose all on this page" }
                span.quiet { "With those chosen:" }
                @if claims {
                    button name="act" value="claim" { "Claim" }
                    button name="act" value="free" { "Let go" }
                }
                button name="act" value="export" data-gives-file { "Export (CSV)" }
            }
        }
    }
}

/// Keeping the filters under a name, and dropping the view that is shown; also of one that shows nothing by now.
fn keep(visit: &Visit, query: &str) -> Markup {
    html! {
        details.save {
            summary { "Save these filters as a view" }
            form.row method="post" action="/views" {
                (visit.key())
                input type="hidden" name="query" value=(query);
                label.field { span { "Name" } input name="name" required maxlength="60"; }
                button { "Save" }
            }
            @if let Some(name) = visit.call.query.get("view") {
                form method="post" action="/views/drop" {
                    (visit.key())
                    input type="hidden" name="name" value=(name);
                    button.link { "Drop the view " bdi { (layout::plain(name)) } }
                }
            }
        }
    }
}

fn row(visit: &Visit, found: &Queue, item: &Waiting, query: &str, several: bool) -> Markup {
    let (brief, band) = (&item.row.brief, review::band(item.row.place.lane));
    let name = item.title.as_deref().map(|title| layout::cut(title.trim(), TITLE));
    let label = layout::label(item.title.as_deref().map_or(brief.id.as_str(), str::trim), LABEL);
    let from = [item.particulars.sender_name.as_deref(), item.particulars.organisation.as_deref()];
    let from: Vec<&str> = from.into_iter().flatten().filter(|text| !text.trim().is_empty()).collect();
    let zone = visit.call.app.web.pilots.get(&brief.pilot).map_or(TimeZone::UTC, |pilot| pilot.time_zone.clone());
    let local = brief.opened_at.to_zoned(zone).strftime("%-d %b %Y, %H:%M %Z").to_string();
    html! {
        tr role="row" data-row=(brief.id) {
            td.choose role="cell" {
                input type="checkbox" name="brief" value=(brief.id) aria-label={ "Choose " (label) };
            }
            td.band role="cell" { span class={ "tag " (band) } { (band) } " " span.quiet { (brief.score) } }
            td.subject role="cell" {
                a href=(to(&brief.id, query)) { bdi { @match &name { Some(name) => (layout::plain(name)), None => "(no subject)" } } }
                p.quiet {
                    @for (place, text) in from.iter().enumerate() { @if place > 0 { ", " } bdi { (layout::plain(&layout::cut(text, NAME))) } }
                    @if several { @if !from.is_empty() { " · " } (brief.pilot) }
                    @if brief.state.as_str() != "open" { " · " span.tag { (state(brief)) } }
                    @if brief.attempt > 1 { " · attempt " (brief.attempt) }
                }
            }
            td.risk role="cell" data-label="Risk" { (brief.risk) }
            td.waits role="cell" data-label="Waits" {
                time datetime=(brief.opened_at) title=(local) { (layout::span(brief.opened_at, found.now)) }
            }
            td.hand role="cell" data-label="Claimed by" { (hand(visit, item, &label)) }
        }
    }
}

/// A brief, with the list that its reader comes from: from there it is gone through.
fn to(brief: &BriefId, query: &str) -> String {
    let path = format!("/briefs/{brief}");
    if query.is_empty() { path } else { format!("{path}?{}", form::query([("in", query)])) }
}

fn state(brief: &BriefRow) -> &'static str {
    match brief.state.as_str() {
        "amending" => "small changes asked for",
        "redrafting" => "being drafted anew",
        _ => "open",
    }
}

/// Who has claimed it, and what whoever looks may do about it.
fn hand(visit: &Visit, item: &Waiting, label: &str) -> Markup {
    let (call, brief) = (&visit.call, &item.row.brief);
    let may = |action| call.app.web.review.may(&call.caller, action, brief).is_ok();
    let press = |act: &str, word: &str| {
        html! {
            button.link name="one" value={ (act) "." (brief.id) } { (word) span.visually-hidden { ": " (label) } }
        }
    };
    match &brief.claim {
        Some((by, _)) if *by == call.caller.user => html! { strong { "you" } " " (press("free", "let go")) },
        Some((by, until)) => html! {
            bdi { (layout::plain(item.row.holder.as_deref().unwrap_or(by))) }
            span.quiet { " for " (layout::span(call.app.web.clock.now(), *until)) }
            @if may(Action::ReviewTakeover) { " " (press("take", "take over")) }
        },
        None if may(Action::ReviewClaim) => html! { (press("claim", "claim")) },
        None => html! { span.quiet { "nobody" } },
    }
}

/// What may be done to briefs from here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    Claim,
    Take,
    Free,
}

impl Act {
    fn of(word: &str) -> Option<Self> {
        match word {
            "claim" => Some(Self::Claim),
            "take" => Some(Self::Take),
            "free" => Some(Self::Free),
            _ => None,
        }
    }

    /// Does it to one brief, for whoever knows of it.
    async fn run(self, call: &Call, id: &BriefId) -> Result<(), Refused> {
        let web = &call.app.web;
        let row = web.store.brief(id).await?;
        if !call.would_see(Action::BriefRead, &briefs::seen(&row)) {
            return Err(Refused::missing("brief", id.as_str()));
        }
        match self {
            Self::Claim | Self::Take => {
                web.review.claim(&call.caller, id, self == Self::Take).await.map(|_until| ())?
            }
            Self::Free => web.review.let_go(&call.caller, id).await?,
        }
        Ok(())
    }
}

fn unfit(detail: &str) -> Refused {
    Refused::new(StatusCode::UNPROCESSABLE_ENTITY, "OP-9202", detail)
}

pub(super) async fn act(visit: Visit) -> Result<Shown, Refused> {
    let (call, form) = (&visit.call, &visit.form);
    let wanted = Wanted::parse(form.get("back").unwrap_or_default())?;
    let to = match wanted.query() {
        query if query.is_empty() => "/".to_owned(),
        query => format!("/?{query}"),
    };
    if let Some((word, id)) = form.get("one").and_then(|one| one.split_once('.')) {
        let act = Act::of(word).ok_or_else(|| unfit("there is no such button; load the page again"))?;
        act.run(call, &id.parse()?).await?;
        let said = if act == Act::Free { Said::LetGo } else { Said::Held };
        return Ok(Shown::Go { to, said: Some(said) });
    }
    let chosen = form.all("brief").map(str::parse::<BriefId>).collect::<Result<Vec<_>, _>>()?;
    if chosen.is_empty() {
        return Ok(Shown::Go { to, said: Some(Said::NoneChosen) });
    }
    if chosen.len() > MOST_AT_ONCE {
        return Err(unfit("that is more than 200 briefs at once; choose fewer"));
    }
    if form.get("act") == Some("export") {
        return Ok(Shown::Other(sheet::queue(call, &chosen).await?));
    }
    let act = form.get("act").and_then(Act::of).filter(|act| *act != Act::Take);
    let act = act.ok_or_else(|| unfit("there is no such button; load the page again"))?;
    let mut refused = 0;
    for id in &chosen {
        match act.run(call, id).await {
            Ok(()) => {}
            // What others hold, or have dealt with, is told of and does not stop the rest; a fault does.
            Err(other) if other.status.is_client_error() => refused += 1,
            Err(fault) => return Err(fault),
        }
    }
    let said = match (act, refused) {
        (Act::Free, 0) => Said::LetGo,
        (Act::Free, _) => Said::SomeLetGo,
        (_, 0) => Said::Held,
        _ => Said::SomeClaimed,
    };
    Ok(Shown::Go { to, said: Some(said) })
}

pub(super) async fn save(visit: Visit) -> Result<Shown, Refused> {
    let form = &visit.form;
    let name = form.get("name").unwrap_or_default().trim().to_owned();
    queue::save(&visit.call, &name, form.get("query").unwrap_or_default()).await?;
    Ok(Shown::Go { to: format!("/?{}", form::query([("view", name.as_str())])), said: Some(Said::ViewSaved) })
}

pub(super) async fn forget(visit: Visit) -> Result<Shown, Refused> {
    queue::forget(&visit.call, visit.form.get("name").unwrap_or_default()).await?;
    Ok(Shown::Go { to: "/".into(), said: Some(Said::ViewDropped) })
}
