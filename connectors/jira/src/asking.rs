//! Questions to Jira that change nothing: who we are and what we may. Own file because it judges rights and nothing else. INVARIANT: a right
//! that one project lacks is lacking.

use crate::sink::Issues;
use crate::words::{NO_WAY_BACK, WIDE, Words, strange};
use opspilot_sdk::http::Request;
use opspilot_sdk::writing::{Manners as _, read};
use opspilot_sdk::{ActionKind, Caution, ConnectorError, ErrorKind};
use serde_json::Value;

/// Rights that are more than writing needs (Jira's keys for them).
const TOO_WIDE: [&str; 4] = ["ADMINISTER", "ADMINISTER_PROJECTS", "EDIT_ALL_COMMENTS", "DELETE_ALL_COMMENTS"];

/// What an action needs, and what taking it back needs besides.
const fn rights(kind: ActionKind) -> (&'static [&'static str], &'static [&'static str]) {
    match kind {
        ActionKind::Note => (&["ADD_COMMENTS"], &["DELETE_OWN_COMMENTS"]),
        ActionKind::Task => (&["CREATE_ISSUES"], &["DELETE_ISSUES"]),
        ActionKind::Priority => (&["EDIT_ISSUES"], &[]),
        ActionKind::Message | ActionKind::Event => (&[], &[]),
    }
}

fn unauthorised(issues: &Issues, why: &str) -> ConnectorError {
    let message = format!("`{}`: {why}", issues.client.host());
    ConnectorError::new(ErrorKind::Unauthorised, Words.codes().unauthorised, message)
}

/// Whether Jira knows the token. It answers some questions of a token that it does not know as if nobody had asked.
pub(crate) async fn is_known(issues: &Issues) -> Result<(), ConnectorError> {
    let answer = read(&issues.client, &Words, Request::get("/rest/api/3/myself")).await?;
    let account = answer.as_ref().and_then(|answer| answer.body.get("accountId")).and_then(Value::as_str);
    match (answer.as_ref(), account) {
        (_, Some(_)) => Ok(()),
        (None, _) => Err(unauthorised(issues, "it does not know this token; make a new one")),
        _ => Err(strange(issues.client.host(), "an account")),
    }
}

/// Who we are and what we may.
pub(crate) async fn check(issues: &Issues) -> Result<Vec<Caution>, ConnectorError> {
    is_known(issues).await?;
    let (settings, host) = (&issues.settings, issues.client.host());
    let mut needed = vec!["BROWSE_PROJECTS"];
    let mut back = Vec::new();
    for kind in &settings.kinds {
        let (forth, undo) = rights(*kind);
        needed.extend(forth);
        back.extend(undo);
    }
    let all: Vec<&str> = needed.iter().chain(&back).copied().chain(TOO_WIDE).collect();
    let mut wide: Vec<&str> = Vec::new();
    let mut one_way: Vec<String> = Vec::new();
    // Without a project Jira tells what is allowed in any of them.
    let places = if settings.projects.is_empty() {
        vec![(String::new(), "any project".to_owned())]
    } else {
        let of = |key: &String| (format!("&projectKey={key}"), format!("the project `{key}`"));
        settings.projects.iter().map(of).collect()
    };
    for (query, place) in places {
        let path = format!("/rest/api/3/mypermissions?permissions={}{query}", all.join("%2C"));
        let answer = read(&issues.client, &Words, Request::get(&path)).await?;
        let Some(answer) = answer else {
            return Err(unauthorised(
                issues,
                &format!("there is no such thing as {place}, or the account may not see it"),
            ));
        };
        let given = answer.body.get("permissions").filter(|given| given.is_object());
        let given = given.ok_or_else(|| strange(host, "a list of permissions"))?;
        let has =
            |right: &str| given.pointer(&format!("/{right}/havePermission")).and_then(Value::as_bool) == Some(true);
        let lacking: Vec<&str> = needed.iter().copied().filter(|right| !has(right)).collect();
        if !lacking.is_empty() {
            return Err(unauthorised(
                issues,
                &format!(
                    "the account lacks `{}` in {place}; grant it, or take the kinds that need it out of `kinds`",
                    lacking.join("`, `")
                ),
            ));
        }
        one_way.extend(back.iter().filter(|right| !has(right)).map(|right| format!("`{right}` in {place}")));
        wide.extend(TOO_WIDE.into_iter().filter(|right| has(right)));
    }
    let mut cautions = Vec::new();
    let mut caution = |code, message: String| cautions.push(Caution { code, message: format!("`{host}`: {message}") });
    if !wide.is_empty() {
        wide.sort_unstable();
        wide.dedup();
        let needed = needed.join("`, `");
        caution(WIDE, format!("the account has `{}`; writing needs no more than `{needed}`", wide.join("`, `")));
    }
    if !one_way.is_empty() {
        caution(NO_WAY_BACK, format!("the account lacks {}: what it writes it cannot take back", one_way.join(", ")));
    }
    Ok(cautions)
}
