//! Signing in with a passkey: what the browser needs for it, and its answer. The script that stands between them is in `desk.js`.

use super::super::super::answer::Answer;
use super::super::super::problem::Refused;
use super::super::shown::Shown;
use super::super::visit::{Form, Guest};
use super::{at_door, client, let_in, safe};
use crate::access::KeyAnswer;

/// What an authenticator answered, as a form brings it.
pub(super) fn answer(form: &Form) -> KeyAnswer {
    let text = |name: &str| form.get(name).unwrap_or_default().to_owned();
    KeyAnswer {
        credential: text("credential"),
        client_data: text("client_data"),
        data: text("data"),
        signature: text("signature"),
        user: text("user"),
        transports: text("transports"),
    }
}

pub(in crate::web::desk) async fn asked(guest: Guest) -> Result<Shown, Refused> {
    let door = at_door(&guest)?;
    let client = client(&guest.headers, guest.peer.as_deref());
    Ok(Shown::Other(Answer::json(&guest.app.web.access.passkey_asked(&door, &client).await?)?))
}

pub(in crate::web::desk) async fn answered(guest: Guest) -> Result<Shown, Refused> {
    let door = at_door(&guest)?;
    let client = client(&guest.headers, guest.peer.as_deref());
    let replaces = guest.known.as_ref().map(|(_, session)| session.id.clone());
    let opened = guest.app.web.access.sign_in_by_passkey(&door, &answer(&guest.form), &client, replaces).await?;
    Ok(let_in(&guest.app, &opened, safe(guest.form.get("to")), None))
}
