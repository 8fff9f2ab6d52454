//! `opspilot token`: API tokens. INVARIANT: a token's secret is printed once, when it is made, on standard output or into a file that
//! nobody else can read.

use super::failure::{Ended, Failure, Status};
use super::setup::{self, CREDENTIALS, Setup};
use super::table::Table;
use super::{text, view};
use crate::access::NewToken;
use crate::daemon::House;
use crate::domain::id::TokenId;
use crate::policy::{Principal, TokenScope};
use clap::{Args, Subcommand};
use jiff::SignedDuration;
use serde_json::json;

/// Tokens.
#[derive(Subcommand)]
pub(crate) enum Token {
    /// Make a token; its secret is shown this once.
    New(New),
    /// List tokens, without their secrets.
    List {
        /// Everybody's.
        #[arg(long)]
        all: bool,
    },
    /// End a token.
    Revoke {
        /// The token, `tok_…`.
        id: TokenId,
    },
}

/// Make a token; its secret is shown this once.
#[derive(Args)]
pub(crate) struct New {
    /// For this person [default: you].
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// What it is for.
    #[arg(long, value_name = "TEXT", default_value = "command line")]
    name: String,
    /// What it may do: read, operate, review, decide, administer, or one action such as `review.approve`; may be given several times
    /// [default: all that its person may].
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<TokenScope>,
    /// After how many days it ends [default: never].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..=3650))]
    days: Option<i64>,
    /// Keep it as `credentials/USER.token` in the data folder instead of showing it.
    #[arg(long)]
    save: bool,
}

impl Token {
    pub(crate) async fn run(self, setup: &Setup) -> Ended {
        Box::pin(setup.within(async |house| {
            let principal = setup.principal(house).await?;
            match self {
                Self::New(new) => new.act(setup, house, &principal).await,
                Self::List { all } => list(setup, house, &principal, all).await,
                Self::Revoke { id } => {
                    house.access.revoke_token(&principal, &id).await?;
                    if setup.out.json {
                        return setup.out.json(&json!({ "token": id.as_str(), "done": "revoked" }));
                    }
                    setup.out.text(&format!("{id} is revoked"))
                }
            }
        }))
        .await?;
        Ok(Status::Done)
    }
}

impl New {
    async fn act(self, setup: &Setup, house: &House, principal: &Principal) -> Result<(), Failure> {
        let user = self.user.unwrap_or_else(|| principal.name.clone());
        let file = house.settings.data_dir.join(CREDENTIALS).join(format!("{user}.token"));
        if self.save && file.exists() {
            let message = format!(
                "`{}` is there already and is never written over; move it away first (OP-9105)",
                file.display()
            );
            return Err(Failure::failed(message));
        }
        let scopes = (!self.scope.is_empty()).then(|| self.scope.into_iter().collect());
        let expires_at = self.days.map(|days| house.clock.now() + SignedDuration::from_hours(24 * days));
        let made = house.access.add_token(principal, &user, NewToken { name: self.name, scopes, expires_at }).await?;
        if self.save {
            setup::private_folder(&house.settings.data_dir.join(CREDENTIALS))?;
            setup::private_file(&file, &format!("{}\n", made.secret))?;
            return setup.out.text(&format!("{} for {user} is kept in {}", made.id, file.display()));
        }
        if setup.out.json {
            return setup.out.json(&view::made(&made));
        }
        setup.out.say(&format!("{} for {user}; it is shown this once:", made.id));
        setup.out.text(&made.secret)
    }
}

async fn list(setup: &Setup, house: &House, principal: &Principal, all: bool) -> Result<(), Failure> {
    let tokens = house.access.tokens(principal, all).await?;
    if setup.out.json {
        return setup.out.json(&json!({ "items": tokens.iter().map(view::token).collect::<Vec<_>>() }));
    }
    let now = house.clock.now();
    let table = Table::new(&["token", "of", "for", "may", "made", "state"]);
    let mut table = table.gives(&[("for", 12), ("may", 12)]).spares(&["made", "may", "for"]);
    for token in &tokens {
        let person = house.store.person(token.person.as_str()).await?.name;
        let state = match (token.revoked_at, token.expires_at) {
            (Some(at), _) => format!("revoked {}", text::time(at)),
            (None, Some(end)) if end <= now => format!("ended {}", text::time(end)),
            (None, Some(end)) => format!("until {}", text::time(end)),
            (None, None) => "in force".to_owned(),
        };
        let may = token.scopes.clone().unwrap_or_else(|| "all".to_owned());
        table.row([token.id.to_string(), person, token.name.clone(), may, text::time(token.created_at), state]);
    }
    setup.out.table(&table)
}
