//! The imap source: a mailbox read over IMAP4rev1 (RFC 3501) or IMAP4rev2 (RFC 9051), woken by IDLE (RFC 2177), and polled all the same.
//! A message is known by its content, never by its flags; the cursor is UIDVALIDITY and UID per folder.
//!
//! INVARIANT: reading opens a folder read-only (`EXAMINE`, `BODY.PEEK`), so no poll can change a mailbox; only a settled commit flags or
//! moves, and only the messages of that commit. Every command has a deadline, and a session that failed, or whose future was dropped,
//! is never used again.

mod account;
mod fault;
mod folder;
mod gather;
mod identity;
mod listing;
mod login;
mod options;
mod place;
mod post;
mod reading;
mod session;
mod source;
mod token;
mod wire;

pub use identity::key_of;
pub use options::{After, Auth, Options, Settings, Tls, TokenOptions};

use opspilot_sdk::{BuildContext, Built, ConnectorError, Grounds, Lane, Problems, Spec};

/// The connector kind `imap`.
#[derive(Clone, Copy, Debug)]
pub struct Imap;

impl Spec for Imap {
    const KIND: &'static str = "imap";
    const LANE: Lane = Lane::Interactive;
    type Built = Built;
    type Options = Options;
    type Settings = Settings;

    fn validate(options: Options) -> Result<Settings, Problems> {
        options.validate()
    }

    fn grounds(settings: &Settings) -> Grounds {
        settings.grounds()
    }

    fn build(settings: Settings, context: BuildContext) -> Result<Built, ConnectorError> {
        let account = account::Account::open(settings, &context)?;
        Ok(Built::Pulled(Box::new(source::Mailbox::new(account, context.clock))))
    }
}
