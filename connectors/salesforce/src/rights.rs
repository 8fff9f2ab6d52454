//! What we may in Salesforce: the token's scopes, the user's rights to objects and fields, and rights over everything. Own file because it
//! judges and never writes.

use crate::manners::{NO_CREDENTIALS, NO_WAY_BACK, Own, WIDE};
use crate::options::Settings;
use crate::sink::Org;
use opspilot_sdk::writing::{Manners as _, encoded};
use opspilot_sdk::{Caution, ConnectorError, ErrorKind};
use serde_json::Value;

/// Scopes that are needed or harmless: the interface, tokens that renew themselves, who we are.
const FINE: [&str; 8] = ["api", "refresh_token", "offline_access", "id", "openid", "profile", "email", "address"];
/// Permissions over everything; a user for this sink has none of them.
const OVER_ALL: [&str; 5] = [
    "PermissionsModifyAllData",
    "PermissionsViewAllData",
    "PermissionsManageUsers",
    "PermissionsAuthorApex",
    "PermissionsCustomizeApplication",
];

fn too_little(org: &Org, why: &str) -> ConnectorError {
    let message = format!("`{}`: {why}", org.session.client.host());
    ConnectorError::new(ErrorKind::Unauthorised, Own.codes().unauthorised, message)
}

fn misconfigured(why: String) -> ConnectorError {
    ConnectorError::new(ErrorKind::Misconfigured, Own.codes().refused, why)
}

/// Signs in anew and looks at everything that work touches.
pub(crate) async fn check(org: &Org) -> Result<Vec<Caution>, ConnectorError> {
    let mut cautions = Vec::new();
    let mut wide = scopes(org, &mut cautions).await?;
    let task = describe(org, "Task").await?;
    judge_task(org, &task)?;
    if task.get("deletable") != Some(&true.into()) {
        let message = "the user may not delete tasks, so what is written cannot be taken back; let them, or do without";
        cautions.push(Caution { code: NO_WAY_BACK, message: message.to_owned() });
    }
    for object in &org.settings.objects {
        let object_says = describe(org, object.as_str()).await?;
        if let Some(name) = org.settings.priority_fields.get(object) {
            judge_priority(org, object.as_str(), &object_says, name)?;
        }
    }
    wide.extend(permissions(org).await?);
    if !wide.is_empty() {
        let message = format!("the user or the app may more than is needed: {}; take these away", wide.join(", "));
        cautions.push(Caution { code: WIDE, message });
    }
    Ok(cautions)
}

/// The scopes that are too wide.
async fn scopes(org: &Org, cautions: &mut Vec<Caution>) -> Result<Vec<String>, ConnectorError> {
    let granted = org.session.sign_in().await?;
    if granted.is_rotated {
        let message = "Salesforce gives a new refresh token each time and makes the old one void; switch that off for this \
                       app, or the next start finds a void one";
        cautions.push(Caution { code: NO_CREDENTIALS, message: message.to_owned() });
    }
    let Some(scope) = granted.scope else { return Ok(Vec::new()) };
    let scopes: Vec<&str> = scope.split_whitespace().collect();
    if !["api", "full"].iter().any(|needed| scopes.contains(needed)) {
        return Err(too_little(org, "the app lacks the scope `api`; add it"));
    }
    Ok(scopes.into_iter().filter(|scope| !FINE.contains(scope)).map(|scope| format!("scope `{scope}`")).collect())
}

async fn describe(org: &Org, object: &str) -> Result<Value, ConnectorError> {
    let body = org.get(&format!("/sobjects/{object}/describe")).await?;
    let body = body.ok_or_else(|| too_little(org, &format!("the user may not see {object}; give them the right")))?;
    org.sure(body.get("fields").is_some_and(Value::is_array).then_some(body), "a description of fields")
}

fn field<'a>(says: &'a Value, name: &str) -> Option<&'a Value> {
    says.get("fields")?.as_array()?.iter().find(|field| field.get("name").and_then(Value::as_str) == Some(name))
}

fn is(field: &Value, right: &str) -> bool {
    field.get(right) == Some(&true.into())
}

/// The values that a field may be given; empty when it takes any.
fn choices(field: &Value) -> Vec<&str> {
    let all = field.get("picklistValues").and_then(Value::as_array).into_iter().flatten();
    all.filter(|one| is(one, "active")).filter_map(|one| one.get("value")?.as_str()).collect()
}

fn judge_task(org: &Org, task: &Value) -> Result<(), ConnectorError> {
    let Settings { objects, key_field, note_status, task_status, .. } = &org.settings;
    if !is(task, "createable") {
        return Err(too_little(org, "the user may not create tasks; give them the right"));
    }
    let links = objects.iter().map(|object| object.link());
    for name in ["Subject", "Description", "Status", "Priority", "ActivityDate"].into_iter().chain(links) {
        if !field(task, name).is_some_and(|field| is(field, "createable")) {
            return Err(too_little(org, &format!("the user may not fill in `{name}` of tasks; give them the right")));
        }
    }
    if let Some(name) = key_field {
        let Some(key) = field(task, name) else {
            return Err(misconfigured(format!(
                "tasks have no field `{name}`, or the user may not see it; make it as a custom field of activities, a text \
                 that is an external id and unique, or take `key_field` out"
            )));
        };
        if !is(key, "externalId") || !is(key, "createable") {
            return Err(misconfigured(format!(
                "`{name}` of tasks is no external id that the user may fill in; make it one"
            )));
        }
    }
    let known = field(task, "Status").map(choices).unwrap_or_default();
    for (key, status) in [("note_status", note_status), ("task_status", task_status)] {
        if !known.is_empty() && !known.contains(&status.as_str()) {
            let known = known.join(", ");
            return Err(misconfigured(format!("`{status}` is no status of tasks, which have {known}; change `{key}`")));
        }
    }
    Ok(())
}

fn judge_priority(org: &Org, object: &str, says: &Value, name: &str) -> Result<(), ConnectorError> {
    let Some(priority) = field(says, name) else {
        return Err(misconfigured(format!(
            "a {object} has no field `{name}`, or the user may not see it; change `priority_fields`"
        )));
    };
    if !is(says, "updateable") || !is(priority, "updateable") {
        return Err(too_little(org, &format!("the user may not change `{name}` of a {object}; give them the right")));
    }
    let known = choices(priority);
    match org.settings.priorities.iter().find(|value| !known.is_empty() && !known.contains(&value.as_str())) {
        None => Ok(()),
        Some(value) => Err(misconfigured(format!(
            "`{value}` is no value of `{name}` of a {object}, which has {}; change `priorities`",
            known.join(", ")
        ))),
    }
}

/// The permissions over everything that the user has. Salesforce lets every user ask for their own; where it does not, nothing is said.
async fn permissions(org: &Org) -> Result<Vec<String>, ConnectorError> {
    let query = format!("SELECT {} FROM UserPermissionAccess", OVER_ALL.join(", "));
    let body = match org.get(&format!("/query?q={}", encoded(&query))).await {
        Ok(body) => body.unwrap_or_default(),
        Err(error) if matches!(error.kind, ErrorKind::Rejected | ErrorKind::Misconfigured) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let first = body.pointer("/records/0").cloned().unwrap_or_default();
    let held = OVER_ALL.into_iter().filter(|name| is(&first, name));
    Ok(held.map(|name| format!("permission `{}`", name.trim_start_matches("Permissions"))).collect())
}
