//! A link that lets somebody in once. INVARIANT: opening the address changes nothing, whoever or whatever opens it; the button does.

use super::super::super::problem::Refused;
use super::super::layout::{self, plain};
use super::super::shown::{Said, Screen, Shown};
use super::super::visit::Guest;
use super::{Door, at_door, client, let_in};
use jiff::tz::TimeZone;
use maud::html;

fn secret(guest: &Guest) -> &str {
    guest.path.iter().find(|(name, _)| name == "secret").map_or("", |(_, value)| value.as_str())
}

pub(in crate::web::desk) async fn show(guest: Guest) -> Result<Shown, Refused> {
    let letting = guest.app.web.access.invited(secret(&guest)).await?;
    let door = Door::of(&guest);
    let body = html! {
        p { "This link lets " strong { bdi { (plain(&letting.name)) } } " in, once, until " (layout::moment(letting.until, &TimeZone::UTC)) "." }
        p { "Use it only if you are " bdi { (plain(&letting.name)) } ". You then set a password or add a passkey." }
        form method="post" action={ "/sign-in/link/" (secret(&guest)) } {
            (door.key())
            button.primary { "Let me in" }
        }
    };
    Ok(door.with(Shown::Page(Screen { title: "You are invited".into(), here: None, body })))
}

pub(in crate::web::desk) async fn redeem(guest: Guest) -> Result<Shown, Refused> {
    at_door(&guest)?;
    let client = client(&guest.headers, guest.peer.as_deref());
    let opened = guest.app.web.access.redeem(secret(&guest), &client).await?;
    Ok(let_in(&guest.app, &opened, "/account".into(), Some(Said::Welcome)))
}
