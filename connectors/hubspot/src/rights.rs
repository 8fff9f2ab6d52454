//! What the token may: too little is an error, more than is needed a caution. Own file because HubSpot tells the scopes of a private app's
//! token, and only of such. INVARIANT: the token goes into a body, never into a path that a log may keep.

use crate::manners::{Own, UNTOLD, WIDE, strange};
use crate::sink::{Crm, objects};
use opspilot_sdk::http::Request;
use opspilot_sdk::place::Object as _;
use opspilot_sdk::writing::Manners as _;
use opspilot_sdk::{Caution, ConnectorError, ErrorKind};
use serde_json::{Value, json};

/// Most scopes that are named in a caution.
const MOST_NAMED: usize = 12;

/// Asks for the scopes, reads a little of everything that work reads, and compares the priorities with HubSpot's.
pub(crate) async fn check(crm: &Crm) -> Result<Vec<Caution>, ConnectorError> {
    crm.at_home().await?;
    let mut cautions = Vec::new();
    match scopes(crm).await? {
        Some(scopes) => cautions.extend(judge(crm, &scopes)?),
        None => cautions.push(Caution {
            code: UNTOLD,
            message: "HubSpot does not tell what this token may, which it does for private apps alone; see to it that \
                      it may read and write contacts and the records of `objects`, and nothing else"
                .to_owned(),
        }),
    }
    let kinds = ["notes", "tasks"].into_iter().chain(objects(&crm.settings).map(|object| object.as_str()));
    for kind in kinds {
        let answered = crm.read(Request::get(&format!("/crm/v3/objects/{kind}?limit=1"))).await?;
        let is_list = answered.is_some_and(|answered| answered.body.get("results").is_some_and(Value::is_array));
        if !is_list {
            return Err(strange(crm.client.host(), &format!("a list of {kind}")));
        }
    }
    priorities(crm).await?;
    Ok(cautions)
}

/// The scopes of the token; `None` where HubSpot does not tell.
async fn scopes(crm: &Crm) -> Result<Option<Vec<String>>, ConnectorError> {
    let body = json!({ "tokenKey": crm.token.expose() }).to_string();
    let request = Request::post("/oauth/v2/private-apps/get/access-token-info", &body);
    let answered = match crm.read(request).await {
        Ok(answered) => answered,
        // It knows the token for none of a private app's.
        Err(error) if error.kind == ErrorKind::Rejected => None,
        Err(error) => return Err(error),
    };
    let scopes = answered.and_then(|answered| answered.body.get("scopes")?.as_array().cloned());
    Ok(scopes.map(|all| all.iter().filter_map(|scope| scope.as_str().map(str::to_owned)).collect()))
}

fn judge(crm: &Crm, scopes: &[String]) -> Result<Option<Caution>, ConnectorError> {
    // Notes and tasks belong to the rights for contacts, whatever they hang on.
    let mut needed = vec!["crm.objects.contacts.read".to_owned(), "crm.objects.contacts.write".to_owned()];
    for object in objects(&crm.settings).map(|object| object.as_str()) {
        needed.extend([format!("crm.objects.{object}.read"), format!("crm.objects.{object}.write")]);
    }
    let missing: Vec<&str> = needed.iter().filter(|scope| !scopes.contains(scope)).map(String::as_str).collect();
    if !missing.is_empty() {
        let message = format!(
            "the token for `{}` lacks {}; give the private app these scopes",
            crm.client.host(),
            missing.join(", ")
        );
        return Err(ConnectorError::new(ErrorKind::Unauthorised, Own.codes().unauthorised, message));
    }
    // Reading what a priority can be is of use, and harmless.
    let harmless = |scope: &str| scope == "oauth" || (scope.starts_with("crm.schemas.") && scope.ends_with(".read"));
    let mut wide: Vec<&str> =
        scopes.iter().filter(|scope| !needed.contains(scope) && !harmless(scope)).map(String::as_str).collect();
    if wide.is_empty() {
        return Ok(None);
    }
    wide.sort_unstable();
    let more = wide.len().saturating_sub(MOST_NAMED);
    wide.truncate(MOST_NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let message = format!("the token may more than is needed: {}{more}; take these scopes away", wide.join(", "));
    Ok(Some(Caution { code: WIDE, message }))
}

/// The property must be there, and take what is configured. A token that may not read definitions is believed.
async fn priorities(crm: &Crm) -> Result<(), ConnectorError> {
    let Some(property) = &crm.settings.priority_property else { return Ok(()) };
    for object in objects(&crm.settings).map(|object| object.as_str()) {
        let wrong = |why: String| Err(ConnectorError::new(ErrorKind::Misconfigured, Own.codes().refused, why));
        let definition = match crm.read(Request::get(&format!("/crm/v3/properties/{object}/{property}"))).await {
            Ok(Some(answered)) => answered.body,
            Ok(None) => {
                return wrong(format!("HubSpot's {object} have no property `{property}`; change `priority_property`"));
            }
            Err(error) if error.kind == ErrorKind::Unauthorised => continue,
            Err(error) => return Err(error),
        };
        let options = definition.get("options").and_then(Value::as_array).cloned().unwrap_or_default();
        let known: Vec<&str> = options.iter().filter_map(|option| option.get("value")?.as_str()).collect();
        let unknown =
            crm.settings.priorities.iter().find(|value| !known.is_empty() && !known.contains(&value.as_str()));
        if let Some(value) = unknown {
            return wrong(format!(
                "`{value}` is no value of `{property}` of HubSpot's {object}, which has {}; change `priorities`",
                known.join(", ")
            ));
        }
    }
    Ok(())
}
