//! `opspilot user`: people and their roles. Each change asks the policy and leaves a receipt.

use super::failure::{Ended, Failure, Status};
use super::setup::Setup;
use super::table::Table;
use super::{text, view};
use crate::access::NewPerson;
use crate::daemon::House;
use crate::domain::id::InvitationId;
use crate::policy::{Principal, Role, Scope};
use clap::Subcommand;
use serde_json::json;
use std::io::{BufRead as _, Read as _};
use std::path::Path;

/// People.
#[derive(Subcommand)]
pub(crate) enum User {
    /// Add a person. They can do nothing until they have a role, and sign in with a token.
    Add {
        /// Name: lowercase letters, digits, `.`, `_`, `-`.
        name: String,
        /// E-mail address; given several times, letters go to the first, and answers count from each.
        #[arg(long, value_name = "ADDRESS")]
        email: Vec<String>,
        /// Role: owner, reviewer, operator or viewer; may be given several times.
        #[arg(long, value_name = "ROLE")]
        role: Vec<Role>,
        /// Where the roles hold: `all`, `tenant:NAME` or `pilot:NAME`.
        #[arg(long, value_name = "SCOPE", default_value = "all")]
        scope: Scope,
    },
    /// List people with their roles.
    List,
    /// Put other e-mail addresses in the place of a person's.
    Email {
        /// Name of the person.
        name: String,
        /// Addresses; letters go to the first, and answers count from each. None: no letters.
        #[arg(value_name = "ADDRESS")]
        emails: Vec<String>,
    },
    /// Shut a person out; what they did stays on record.
    Disable {
        /// Name of the person.
        name: String,
    },
    /// Let a person back in.
    Enable {
        /// Name of the person.
        name: String,
    },
    /// Turn the digests that a person gets by mail on or off.
    Digest {
        /// Name of the person.
        name: String,
        /// on or off.
        #[arg(value_name = "ON|OFF", action = clap::ArgAction::Set, value_parser = ["on", "off"])]
        wanted: String,
    },
    /// Print a link that lets a person sign in in a browser once, to set a password or a passkey. Hand it to nobody else.
    Link {
        /// Name of the person.
        name: String,
    },
    /// List links that were not used yet.
    Links,
    /// Take a link back.
    Unlink {
        /// The link, `inv_…`.
        id: InvitationId,
    },
    /// Set your own password for the desk, read from standard input; all your sessions end.
    Password,
    /// Take a person's password for the desk away; all their sessions end.
    ForgetPassword {
        /// Name of the person.
        name: String,
    },
    /// Give a person a role.
    Grant {
        /// Name of the person.
        name: String,
        /// owner, reviewer, operator or viewer.
        role: Role,
        /// Where it holds: `all`, `tenant:NAME` or `pilot:NAME`.
        #[arg(long, value_name = "SCOPE", default_value = "all")]
        scope: Scope,
    },
    /// Take a role from a person.
    Revoke {
        /// Name of the person.
        name: String,
        /// owner, reviewer, operator or viewer.
        role: Role,
        /// Where it held.
        #[arg(long, value_name = "SCOPE", default_value = "all")]
        scope: Scope,
    },
}

impl User {
    pub(crate) async fn run(self, setup: &Setup) -> Ended {
        Box::pin(setup.within(async |house| {
            let principal = setup.principal(house).await?;
            self.act(setup, house, &principal).await
        }))
        .await?;
        Ok(Status::Done)
    }

    async fn act(self, setup: &Setup, house: &House, principal: &Principal) -> Result<(), Failure> {
        let access = &house.access;
        match self {
            Self::Add { name, email, role, scope } => {
                let grants = role.into_iter().map(|role| (role, scope.clone())).collect();
                let id = access.add_person(principal, NewPerson { name: name.clone(), emails: email, grants }).await?;
                told(setup, &name, &format!("is added as {id}"))?;
                setup.out.say(&format!("give them a token: opspilot token new --user {name}"));
                Ok(())
            }
            Self::List => list(setup, house, principal).await,
            Self::Email { name, emails } => {
                let what = match emails.as_slice() {
                    [] => "gets no letters".to_owned(),
                    emails => format!("is at {}", emails.join(", ")),
                };
                access.address(principal, &name, emails).await?;
                told(setup, &name, &what)
            }
            Self::Disable { name } => {
                access.disable_person(principal, &name, true).await?;
                told(setup, &name, "is shut out")
            }
            Self::Enable { name } => {
                access.disable_person(principal, &name, false).await?;
                told(setup, &name, "is let back in")
            }
            Self::Digest { name, wanted } => {
                access.set_digest(principal, &name, wanted == "on").await?;
                let what = if wanted == "on" { "gets digests" } else { "gets no digests any more" };
                told(setup, &name, what)
            }
            Self::Link { name } => {
                let invited = access.invite(principal, &name).await?;
                let link = format!("{}/sign-in/link/{}", house.settings.web.base_url, invited.secret);
                if setup.out.json {
                    let (id, until) = (&invited.id, invited.until);
                    return setup.out.json(&json!({ "invitation": id, "user": name, "link": link, "until": until }));
                }
                setup
                    .out
                    .say(&format!("lets {name} in once, until {}; it is shown this once:", text::time(invited.until)));
                setup.out.text(&link)
            }
            Self::Links => links(setup, house, principal).await,
            Self::Unlink { id } => {
                access.end_invitation(principal, &id).await?;
                if setup.out.json {
                    return setup.out.json(&json!({ "invitation": id, "done": "taken back" }));
                }
                setup.out.text(&format!("{id} lets nobody in any more"))
            }
            Self::Password => {
                let mut line = String::new();
                let read = std::io::stdin().lock().take(4096).read_line(&mut line);
                read.map_err(|cause| Failure::unreadable(Path::new("-"), &cause))?;
                let password = line.trim_end_matches(['\r', '\n']);
                access.set_password_by_token(principal, password).await?;
                told(setup, &principal.name, "has a new password; all sessions have ended")
            }
            Self::ForgetPassword { name } => {
                access.remove_password(principal, &name).await?;
                told(setup, &name, "has no password any more; all sessions have ended")
            }
            Self::Grant { name, role, scope } => {
                access.grant(principal, &name, role, &scope, true).await?;
                told(setup, &name, &format!("is {role} in {scope}"))
            }
            Self::Revoke { name, role, scope } => {
                access.grant(principal, &name, role, &scope, false).await?;
                told(setup, &name, &format!("is no longer {role} in {scope}"))
            }
        }
    }
}

fn told(setup: &Setup, name: &str, what: &str) -> Result<(), Failure> {
    if setup.out.json {
        return setup.out.json(&json!({ "user": name, "done": what }));
    }
    setup.out.text(&format!("{name} {what}"))
}

async fn list(setup: &Setup, house: &House, principal: &Principal) -> Result<(), Failure> {
    let people = house.access.people(principal).await?;
    if setup.out.json {
        return setup.out.json(&json!({ "items": people.iter().map(view::person).collect::<Vec<_>>() }));
    }
    let table = Table::new(&["name", "roles", "email", "state", "added", "id"]);
    // Every command takes the name.
    let mut table = table.gives(&[("roles", 12), ("email", 12)]).spares(&["id", "added"]);
    for person in &people {
        let roles: Vec<String> = person.grants.iter().map(|(role, scope)| format!("{role} in {scope}")).collect();
        let state = match (person.disabled, person.digest) {
            (true, _) => "disabled",
            (false, true) => "active",
            (false, false) => "active, no digests",
        };
        let (email, added) = (person.emails.join(", "), text::time(person.added_at));
        table.row([person.name.clone(), roles.join(", "), email, state.to_owned(), added, person.id.to_string()]);
    }
    setup.out.table(&table)
}

async fn links(setup: &Setup, house: &House, principal: &Principal) -> Result<(), Failure> {
    let rows = house.access.invitations(principal).await?;
    if setup.out.json {
        let items: Vec<_> = rows
            .iter()
            .map(|row| json!({ "id": row.id, "user": row.person, "made_by": row.made_by, "made_at": row.at, "until": row.until }))
            .collect();
        return setup.out.json(&json!({ "items": items }));
    }
    let mut table = Table::new(&["link", "for", "made", "until"]);
    for row in &rows {
        let person = house.store.person(row.person.as_str()).await?.name;
        table.row([row.id.to_string(), person, text::time(row.at), text::time(row.until)]);
    }
    setup.out.table(&table)
}
