//! Signing in with a name and a password, and the page with all ways in; signing out. INVARIANT: the page says the same whatever was wrong.

use super::super::super::problem::Refused;
use super::super::cookie::{self, Cookie};
use super::super::shown::{Said, Screen, Shown};
use super::super::visit::{Guest, Visit};
use super::{Door, at_door, client, let_in, safe};
use crate::access::AccessError;
use axum::http::StatusCode;
use maud::html;

/// What stands above the form.
enum Above {
    Nothing,
    No(AccessError),
}

pub(in crate::web::desk) async fn show(guest: Guest) -> Result<Shown, Refused> {
    let to = safe(guest.query.get("to"));
    let again = guest.query.word("again", &["yes"])?.is_some();
    if guest.known.is_some() && !again {
        return Ok(Shown::Go { to, said: None });
    }
    let door = Door::of(&guest);
    let shown = Shown::Page(screen(&guest, &door, &to, "", &Above::Nothing));
    Ok(door.with(shown))
}

pub(in crate::web::desk) async fn by_password(guest: Guest) -> Result<Shown, Refused> {
    at_door(&guest)?;
    let to = safe(guest.form.get("to"));
    let (name, password) = (guest.form.get("name").unwrap_or_default(), guest.form.get("password").unwrap_or_default());
    let client = client(&guest.headers, guest.peer.as_deref());
    let replaces = guest.known.as_ref().map(|(_, session)| session.id.clone());
    match guest.app.web.access.sign_in(name, password, &client, replaces).await {
        Ok(opened) => Ok(let_in(&guest.app, &opened, to, None)),
        Err(error @ (AccessError::Refused | AccessError::TooOften { .. })) => {
            let (status, retry) = match &error {
                AccessError::TooOften { retry_secs } => (StatusCode::TOO_MANY_REQUESTS, Some(*retry_secs)),
                _ => (StatusCode::UNAUTHORIZED, None),
            };
            let door = Door::of(&guest);
            let screen = screen(&guest, &door, &to, name, &Above::No(error));
            Ok(Shown::No { status, retry_secs: retry, screen })
        }
        Err(error) => Err(error.into()),
    }
}

fn screen(guest: &Guest, door: &Door, to: &str, name: &str, above: &Above) -> Screen {
    let passkeys = guest.app.web.access.takes_passkeys();
    let shown: String = name.chars().take(254).collect();
    let body = html! {
        @if let Above::No(error) = above { p.notice role="alert" id="refused" { (error) } }
        form method="post" action="/sign-in" {
            (door.key())
            input type="hidden" name="to" value=(to);
            label.field {
                span { "Name or e-mail address" }
                input name="name" value=(shown) autocomplete="username" autocapitalize="none" spellcheck="false" required
                    autofocus[shown.is_empty()];
            }
            label.field {
                span { "Password" }
                input type="password" name="password" autocomplete="current-password" required autofocus[!shown.is_empty()];
            }
            button.primary { "Sign in" }
        }
        @if passkeys {
            form method="post" action="/sign-in/passkey" data-passkey="/sign-in/passkey/challenge" hidden {
                hr;
                (door.key())
                input type="hidden" name="to" value=(to);
                @for field in ["credential", "client_data", "data", "signature", "user"] { input type="hidden" name=(field); }
                button type="button" { "Sign in with a passkey" }
                p.notice role="alert" hidden {}
            }
        }
        @for name in guest.app.web.access.providers() {
            form method="post" action={ "/sign-in/provider/" (name) } {
                hr;
                (door.key())
                input type="hidden" name="to" value=(to);
                button { "Sign in with " (name) }
            }
        }
        p.quiet { "No way in yet, or lost it? Ask an owner for a link: " code { "opspilot user link NAME" } "." }
    };
    Screen { title: "Sign in".into(), here: None, body }
}

pub(in crate::web::desk) async fn leave(visit: Visit) -> Result<Shown, Refused> {
    let web = &visit.call.app.web;
    web.access.sign_out(&visit.call.caller, &visit.session).await?;
    let shown = Shown::Go { to: "/sign-in".into(), said: Some(Said::SignedOut) };
    Ok(match cookie::set(&web.base_url, Cookie::Session, "", 0) {
        Some(cookie) => Shown::Baked(Box::new(shown), cookie),
        None => shown,
    })
}
