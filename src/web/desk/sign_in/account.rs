//! One's own account: how one signs in, and where one is signed in. INVARIANT: what is changed here is one's own.

use super::super::super::answer::Answer;
use super::super::super::problem::Refused;
use super::super::cookie::{self, Cookie};
use super::super::layout::{self, plain};
use super::super::shown::{Said, Screen, Shown};
use super::super::visit::Visit;
use super::key::answer;
use super::let_in;
use crate::access::AccessError;
use crate::domain::id::{PasskeyId, SessionId, TieId};
use crate::store::SessionRow;
use jiff::tz::TimeZone;
use maud::{Markup, html};

/// For how long a browser keeps that it wants no keys, in seconds.
const KEYS_LIVE: i64 = 365 * 24 * 3600;

pub(in crate::web::desk) async fn show(visit: Visit) -> Result<Shown, Refused> {
    let access = &visit.call.app.web.access;
    let caller = &visit.call.caller;
    let ways = access.ways(caller, &visit.session).await?;
    let sessions = access.sessions(caller, false).await?;
    let now = visit.call.app.web.clock.now();
    let fresh = visit.session.is_fresh(now);
    let zone = TimeZone::UTC;
    let key = visit.key();
    let body = html! {
        @if ways.password.is_none() && ways.passkeys.is_empty() && ways.ties.is_empty() {
            p.notice { "You have no way back in yet: set a password or add a passkey before this session ends." }
        }
        @if !fresh {
            p.quiet {
                "You signed in a while ago. To add or take away a passkey, "
                a href="/sign-in?again=yes&to=/account" { "sign in again" } " first."
            }
        }
        section.card aria-labelledby="password" {
            h2 id="password" { "Password" }
            p { @match ways.password {
                Some(at) => { "Set on " (layout::moment(at, &zone)) "." }
                None => { "You have none." }
            } }
            form method="post" action="/account/password" {
                (key)
                input type="text" name="name" value=(caller.name) autocomplete="username" hidden readonly;
                @if ways.password.is_some() && !fresh {
                    label.field { span { "Present password" } input type="password" name="present" autocomplete="current-password" required; }
                }
                label.field {
                    span { "New password" }
                    input type="password" name="password" autocomplete="new-password" minlength="12" required aria-describedby="rule";
                    small id="rule" { "At least 12 characters. A few words that belong together for you alone are easy to keep. All your other sessions end." }
                }
                button { @if ways.password.is_some() { "Change the password" } @else { "Set a password" } }
            }
        }
        section.card aria-labelledby="passkeys" {
            h2 id="passkeys" { "Passkeys" }
            @if ways.passkeys.is_empty() { p { "You have none." } }
            ul.cards {
                @for passkey in &ways.passkeys {
                    li.card {
                        p {
                            strong { bdi { (plain(&passkey.name)) } } " "
                            span.quiet {
                                "added " (layout::moment(passkey.at, &zone)) ", "
                                @match passkey.used_at { Some(at) => { "used " (layout::moment(at, &zone)) } None => { "not used yet" } }
                            }
                        }
                        div.row {
                            form.row method="post" action={ "/account/passkeys/" (passkey.id) "/rename" } {
                                (key)
                                input name="name" value=(passkey.name) maxlength="60" required aria-label={ "Name of the passkey " (passkey.name) };
                                button { "Rename" }
                            }
                            @if fresh {
                                form method="post" action={ "/account/passkeys/" (passkey.id) "/remove" } {
                                    (key) button.danger aria-label={ "Remove the passkey " (passkey.name) } { "Remove" }
                                }
                            }
                        }
                    }
                }
            }
            @if !access.takes_passkeys() {
                p.quiet { "At this address browsers allow no passkeys: they need TLS and a name (or " code { "localhost" } ")." }
            } @else if fresh {
                form method="post" action="/account/passkeys" data-passkey="/account/passkeys/wanted" hidden {
                    (key)
                    @for field in ["credential", "client_data", "data", "transports"] { input type="hidden" name=(field); }
                    label.field { span { "Name for a new passkey" } input name="name" value="passkey" maxlength="60" required; }
                    button type="button" { "Add a passkey" }
                    p.notice role="alert" hidden {}
                }
            }
        }
        @if !ways.ties.is_empty() || access.providers().next().is_some() {
            section.card aria-labelledby="ties" {
                h2 id="ties" { "Single sign-on" }
                ul.cards {
                    @for tie in &ways.ties {
                        li.card {
                            p {
                                strong { bdi { (plain(&tie.provider)) } } " "
                                span.quiet { "since " (layout::moment(tie.at, &zone)) }
                            }
                            @if fresh {
                                form method="post" action={ "/account/ties/" (tie.id) "/remove" } {
                                    (key) button.danger aria-label={ "Untie from " (tie.provider) } { "Untie" }
                                }
                            }
                        }
                    }
                }
                @if fresh {
                    @for name in access.providers().filter(|name| !ways.ties.iter().any(|tie| tie.provider == *name)) {
                        form method="post" action={ "/account/provider/" (name) } { (key) button { "Tie to " (name) } }
                    }
                }
            }
        }
        section.card aria-labelledby="keys" {
            h2 id="keys" { "Keys" }
            p {
                @if visit.keys {
                    "Keys are " b { "on" } " in this browser: single letters such as " kbd { "j" } ", " kbd { "a" } " or " kbd { "?" } " do something on a page. \
                     Switch them off if you speak to your computer or your hand slips."
                } @else {
                    "Keys are " b { "off" } " in this browser: no single letter does anything."
                }
            }
            form method="post" action="/account/keys" {
                (key)
                @if visit.keys { button name="keys" value="off" { "Switch keys off" } } @else { button name="keys" value="on" { "Switch keys on" } }
            }
        }
        section.card aria-labelledby="sessions" {
            h2 id="sessions" { "Where you are signed in" }
            (list(&sessions, &zone, |row| html! {
                @if row.id == visit.session.id { span.tag.good { "this browser" } } @else {
                    form method="post" action={ "/account/sessions/" (row.id) "/end" } {
                        (key) button.danger aria-label={ "End the session " (row.id) } { "End" }
                    }
                }
            }))
            @if sessions.len() > 1 {
                form method="post" action="/account/sessions/others" { (key) button.danger { "End all others" } }
            }
        }
    };
    Ok(Shown::Page(Screen { title: "Your account".into(), here: None, body }))
}

/// Sessions, each with what can be done about it.
pub(super) fn list(rows: &[SessionRow], zone: &TimeZone, act: impl Fn(&SessionRow) -> Markup) -> Markup {
    html! {
        ul.cards {
            @for row in rows {
                li.card {
                    p { bdi { (plain(if row.agent.is_empty() { "a browser without a name" } else { &row.agent })) } }
                    p.quiet {
                        "from " (plain(if row.address.is_empty() { "an unknown address" } else { &row.address })) " by " (row.via)
                        ", since " (layout::moment(row.opened_at, zone)) ", last used about " (layout::moment(row.seen_at, zone))
                        ", until " (layout::moment(row.until, zone))
                    }
                    (act(row))
                }
            }
        }
    }
}

fn back(said: Said) -> Shown {
    Shown::Go { to: "/account".into(), said: Some(said) }
}

/// Kept by the browser, for a year: it is about the hands at this keyboard, and says nothing about a person.
pub(in crate::web::desk) async fn keys(visit: Visit) -> Result<Shown, Refused> {
    let on = visit.form.get("keys") != Some("off");
    let to = back(if on { Said::KeysOn } else { Said::KeysOff });
    let base_url = &visit.call.app.web.base_url;
    Ok(match cookie::set(base_url, Cookie::Keys, if on { "" } else { "off" }, KEYS_LIVE) {
        Some(cookie) => Shown::Baked(Box::new(to), cookie),
        None => to,
    })
}

pub(in crate::web::desk) async fn password(visit: Visit) -> Result<Shown, Refused> {
    let access = &visit.call.app.web.access;
    let (present, password) = (visit.form.get("present"), visit.form.get("password").unwrap_or_default());
    let opened = access.set_password(&visit.call.caller, &visit.session, present, password, &visit.client).await?;
    Ok(let_in(&visit.call.app, &opened, "/account".into(), Some(Said::PasswordSet)))
}

pub(in crate::web::desk) async fn wanted(visit: Visit) -> Result<Shown, Refused> {
    let wanted = visit.call.app.web.access.passkey_wanted(&visit.call.caller, &visit.session).await?;
    Ok(Shown::Other(Answer::json(&wanted)?))
}

pub(in crate::web::desk) async fn add_passkey(visit: Visit) -> Result<Shown, Refused> {
    let name = visit.form.get("name").unwrap_or_default();
    let answer = answer(&visit.form);
    visit.call.app.web.access.add_passkey(&visit.call.caller, &visit.session, name, &answer).await?;
    Ok(back(Said::PasskeyAdded))
}

pub(in crate::web::desk) async fn rename_passkey(visit: Visit) -> Result<Shown, Refused> {
    let (id, name): (PasskeyId, _) = (visit.call.id()?, visit.form.get("name").unwrap_or_default());
    visit.call.app.web.access.rename_passkey(&visit.call.caller, &visit.session, &id, name).await?;
    Ok(back(Said::PasskeyNamed))
}

pub(in crate::web::desk) async fn remove_passkey(visit: Visit) -> Result<Shown, Refused> {
    let id: PasskeyId = visit.call.id()?;
    visit.call.app.web.access.remove_passkey(&visit.call.caller, &visit.session, &id).await?;
    Ok(back(Said::PasskeyRemoved))
}

pub(in crate::web::desk) async fn untie(visit: Visit) -> Result<Shown, Refused> {
    let id: TieId = visit.call.id()?;
    visit.call.app.web.access.untie(&visit.call.caller, &visit.session, &id).await?;
    Ok(back(Said::Untied))
}

pub(in crate::web::desk) async fn end_session(visit: Visit) -> Result<Shown, Refused> {
    let id: SessionId = visit.call.id()?;
    match visit.call.app.web.access.end_session(&visit.call.caller, &id).await {
        // A second press: it has ended.
        Ok(()) | Err(AccessError::Store(crate::store::StoreError::NotFound { .. })) => Ok(back(Said::SessionEnded)),
        Err(error) => Err(error.into()),
    }
}

pub(in crate::web::desk) async fn end_others(visit: Visit) -> Result<Shown, Refused> {
    visit.call.app.web.access.end_other_sessions(&visit.call.caller, &visit.session).await?;
    Ok(back(Said::SessionEnded))
}
