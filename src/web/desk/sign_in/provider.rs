//! Single sign-on: to the provider and back. INVARIANT: what comes back from a provider by address changes nothing until this browser sends it
//! as a form; a browser goes to a provider from a page of ours, not from a form, which may lead nowhere but here.

use super::super::super::problem::Refused;
use super::super::layout::plain;
use super::super::shown::{Said, Screen, Shown};
use super::super::visit::{Guest, Visit};
use super::{Door, at_door, client, let_in, safe};
use crate::access::{CameBack, Returned};
use axum::http::StatusCode;
use maud::html;

fn back(base_url: &str) -> String {
    format!("{base_url}/sign-in/provider")
}

/// A page that goes on to the provider by itself, or by a press.
fn leave(name: &str, address: &str) -> Shown {
    let body = html! {
        meta http-equiv="refresh" content={ "0; url=" (address) };
        p { "On to " bdi { (plain(name)) } "." }
        p { a.button.primary href=(address) rel="noreferrer" { "Go on" } }
    };
    Shown::Page(Screen { title: "Single sign-on".into(), here: None, body })
}

pub(in crate::web::desk) async fn begin(guest: Guest) -> Result<Shown, Refused> {
    let door = at_door(&guest)?;
    let name = guest.path.iter().find(|(name, _)| name == "name").map_or("", |(_, value)| value.as_str());
    let client = client(&guest.headers, guest.peer.as_deref());
    let web = &guest.app.web;
    let to = safe(guest.form.get("to"));
    let address = web.access.provider_begin(name, &door, &to, &back(&web.base_url), &client).await?;
    Ok(leave(name, &address))
}

pub(in crate::web::desk) async fn tie(visit: Visit) -> Result<Shown, Refused> {
    let web = &visit.call.app.web;
    let name = visit.call.part("name");
    let address = web.access.tie_begin(&visit.call.caller, &visit.session, name, &back(&web.base_url)).await?;
    Ok(leave(name, &address))
}

pub(in crate::web::desk) async fn came(guest: Guest) -> Result<Shown, Refused> {
    let text = |name: &str| guest.query.get(name).unwrap_or_default();
    if let Some(error) = guest.query.get("error") {
        let error: String = error.chars().filter(|one| one.is_ascii_graphic()).take(60).collect();
        let detail = format!("the provider says no (`{error}`); begin again, or sign in another way");
        return Err(Refused::new(StatusCode::UNAUTHORIZED, "OP-5117", detail));
    }
    let door = Door::of(&guest);
    let body = html! {
        p { "You are back from single sign-on." }
        form method="post" action="/sign-in/provider" data-goes-on {
            (door.key())
            @for name in ["state", "code", "iss"] { input type="hidden" name=(name) value=(text(name)); }
            button.primary { "Go on" }
        }
    };
    Ok(door.with(Shown::Page(Screen { title: "Single sign-on".into(), here: None, body })))
}

pub(in crate::web::desk) async fn end(guest: Guest) -> Result<Shown, Refused> {
    let door = at_door(&guest)?;
    let text = |name: &str| guest.form.get(name).unwrap_or_default();
    let came =
        CameBack { state: text("state"), code: text("code"), issuer: Some(text("iss")).filter(|iss| !iss.is_empty()) };
    let client = client(&guest.headers, guest.peer.as_deref());
    let web = &guest.app.web;
    let known = guest.known.as_ref().map(|(principal, session)| (&**principal, session));
    match web.access.provider_end(came, &door, known, &back(&web.base_url), &client).await? {
        Returned::Opened(opened, to) => Ok(let_in(&guest.app, &opened, safe(Some(&to)), None)),
        Returned::Tied => Ok(Shown::Go { to: "/account".into(), said: Some(Said::Tied) }),
    }
}
