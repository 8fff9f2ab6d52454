//! `opspilot session`: browsers that are signed in, and the end of one. Signing in itself is for browsers alone.

use super::failure::{Ended, Status};
use super::setup::Setup;
use super::table::Table;
use super::{text, view};
use crate::domain::id::SessionId;
use clap::Subcommand;
use serde_json::json;

/// Browsers that are signed in.
#[derive(Subcommand)]
pub(crate) enum Session {
    /// List sessions in force.
    List {
        /// Everybody's.
        #[arg(long)]
        all: bool,
    },
    /// End a session at once.
    Revoke {
        /// The session, `ses_…`.
        #[arg(required_unless_present = "user", conflicts_with = "user")]
        id: Option<SessionId>,
        /// All sessions of this person.
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
    },
}

impl Session {
    pub(crate) async fn run(self, setup: &Setup) -> Ended {
        Box::pin(setup.within(async |house| {
            let principal = setup.principal(house).await?;
            match self {
                Self::List { all } => {
                    let sessions = house.access.sessions(&principal, all).await?;
                    if setup.out.json {
                        let items: Vec<_> = sessions.iter().map(view::session).collect();
                        return setup.out.json(&json!({ "items": items }));
                    }
                    let table = Table::new(&["session", "of", "by", "from", "browser", "since", "last used", "until"]);
                    let mut table =
                        table.gives(&[("browser", 12)]).spares(&["since", "until", "browser", "by", "from"]);
                    for session in &sessions {
                        let person = house.store.person(session.person.as_str()).await?.name;
                        let agent: String = session.agent.chars().take(60).collect();
                        table.row([
                            session.id.to_string(),
                            person,
                            session.via.clone(),
                            session.address.clone(),
                            agent,
                            text::time(session.opened_at),
                            text::time(session.seen_at),
                            text::time(session.until),
                        ]);
                    }
                    setup.out.table(&table)
                }
                Self::Revoke { id: Some(id), .. } => {
                    house.access.end_session(&principal, &id).await?;
                    if setup.out.json {
                        return setup.out.json(&json!({ "session": id, "done": "ended" }));
                    }
                    setup.out.text(&format!("{id} has ended"))
                }
                Self::Revoke { user, .. } => {
                    let user = user.unwrap_or_default();
                    let ended = house.access.end_sessions_of(&principal, &user).await?;
                    if setup.out.json {
                        return setup.out.json(&json!({ "user": user, "ended": ended }));
                    }
                    setup.out.text(&format!("{ended} sessions of {user} have ended"))
                }
            }
        }))
        .await?;
        Ok(Status::Done)
    }
}
