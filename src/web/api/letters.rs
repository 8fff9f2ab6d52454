//! Letters to people: lists, one with what the mail server said of it, and ruling upon one. INVARIANT: nothing here shows what a letter
//! says or where it went; who may read the brief reads it there.

use crate::domain::id::LetterId;
use crate::outbox::resource_of;
use crate::policy::Action;
use crate::store::{LETTER_STATES, LetterFilter, LetterRow};
use crate::web::answer::Answer;
use crate::web::call::Call;
use crate::web::page::{self, Wanted};
use crate::web::problem::Refused;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settle {
    outcome: Outcome,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Went,
    DidNotGo,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Resend {}

fn row(letter: &LetterRow) -> Value {
    json!({
        "id": letter.id, "kind": letter.kind, "state": letter.state, "brief": letter.brief, "revision": letter.revision,
        "pilot": letter.pilot, "tenant": letter.tenant, "person": letter.person, "name": letter.name, "attempts": letter.attempt,
        "message_id": letter.message_id, "code": letter.code, "message": letter.message, "sent_at": letter.sent_at,
        "created_at": letter.created_at,
    })
}

/// The letter of the path; for whoever may not see it there is none.
async fn known(call: &Call) -> Result<LetterRow, Refused> {
    let id: LetterId = call.id()?;
    let letter = call.app.web.store.letter(&id).await?;
    if !call.would_see(Action::LetterRead, &resource_of(&letter)) {
        return Err(Refused::missing("letter", id.as_str()));
    }
    Ok(letter)
}

pub(super) async fn list(call: Call) -> Result<Answer, Refused> {
    let wanted = Wanted::read::<LetterId>(&call, Action::LetterRead)?;
    let state = call.query.word("state", &LETTER_STATES)?;
    let store = &call.app.web.store;
    let ask = |pilot| {
        let (state, after) = (state.clone(), wanted.after.clone());
        let filter = LetterFilter { pilot, state, brief: None, after, limit: wanted.limit };
        async move { store.letters(&filter).await }
    };
    let page = wanted.gather(ask, |letter| letter.id.to_string()).await?;
    page::answer(&page, row)
}

pub(super) async fn show(call: Call) -> Result<Answer, Refused> {
    let letter = known(&call).await?;
    call.see(Action::LetterRead, &resource_of(&letter))?;
    Answer::json(&row(&letter))
}

pub(super) async fn settle(call: Call) -> Result<Answer, Refused> {
    let Settle { outcome } = call.json()?;
    let letter = known(&call).await?;
    let settled = call.app.web.letters.settle(&call.caller, &letter.id, outcome == Outcome::Went).await?;
    Answer::json(&row(&settled))
}

pub(super) async fn resend(call: Call) -> Result<Answer, Refused> {
    let Resend {} = call.json_or_nothing()?;
    let letter = known(&call).await?;
    let again = call.app.web.letters.resend(&call.caller, &letter.id).await?;
    Answer::json(&row(&again))
}
