//! What the token may. Own file because Pipedrive's tokens are a person's, and may all that the person may: the one thing to be seen from
//! here is whether that person rules the account.

use crate::answers;
use crate::manners::{Own, WIDE};
use crate::sink::Crm;
use opspilot_sdk::place::Object as _;
use opspilot_sdk::writing::Manners as _;
use opspilot_sdk::{Caution, ConnectorError, ErrorKind};
use serde_json::Value;

/// Asks who we are, reads a little of everything that work reads, and compares the priorities with Pipedrive's.
pub(crate) async fn check(crm: &Crm) -> Result<Vec<Caution>, ConnectorError> {
    let body = crm.sure(crm.get("/api/v1/users/me").await?, "a user")?;
    let user = crm.sure(answers::data(&body).filter(|user| user.is_object()), "a user")?;
    let kinds = crm.settings.objects.iter().map(|object| format!("/api/v2/{}?limit=1", object.as_str()));
    for path in ["/api/v1/notes?limit=1".to_owned(), "/api/v2/activities?limit=1".to_owned()].into_iter().chain(kinds) {
        let body = crm.get(&path).await?;
        crm.sure(body.as_ref().and_then(answers::list), "a list as `data`")?;
    }
    priorities(crm).await?;
    Ok(if rules(user) { vec![wide(user)] } else { Vec::new() })
}

/// Whether a user may change the account itself.
fn rules(user: &Value) -> bool {
    let says_yes = |value: &Value| *value == true || *value == 1;
    let apps = user.get("access").and_then(Value::as_array).into_iter().flatten();
    user.get("is_admin").is_some_and(says_yes) || apps.into_iter().any(|app| app.get("admin").is_some_and(says_yes))
}

fn wide(user: &Value) -> Caution {
    let id = user.get("id").and_then(Value::as_u64).unwrap_or_default();
    let message = format!(
        "the token is that of the administrator with the number {id} and may do all that they may; make a user for \
         OpsPilot with a permission set that adds notes and activities and edits deals, and take that user's token"
    );
    Caution { code: WIDE, message }
}

/// The field must be there, and have the choices that are configured.
async fn priorities(crm: &Crm) -> Result<(), ConnectorError> {
    let Some(code) = &crm.settings.priority_field else { return Ok(()) };
    let wrong = |why: String| ConnectorError::new(ErrorKind::Misconfigured, Own.codes().refused, why);
    let Some(body) = crm.get(&format!("/api/v2/dealFields/{code}")).await? else {
        return Err(wrong(format!("Pipedrive's deals have no field `{code}`; change `priority_field`")));
    };
    let options = answers::data(&body).and_then(|field| field.get("options"));
    let known: Vec<u64> = options
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|option| option.get("id")?.as_u64())
        .collect();
    match crm.settings.priorities.iter().find(|(_, number)| !known.contains(number)) {
        None => Ok(()),
        Some((word, number)) => {
            let known: Vec<String> = known.iter().map(u64::to_string).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            Err(wrong(format!(
                "`{word}` is {number}, which is no choice of the field `{code}`; it has {known}; change `priorities`"
            )))
        }
    }
}
