//! Who is asking: tokens, signed-in browsers, the people behind them, and managing all three. Every face turns a token or a session's secret
//! into a [`crate::policy::Principal`] here and nowhere else. INVARIANT: a secret is shown once and kept only as a digest; what was
//! revoked, has ended or expired is nobody.

mod door;
mod invitation;
mod keys;
mod limits;
pub mod passkey;
pub mod password;
mod people;
pub mod provider;
mod session;
mod sign_in;
mod single;

pub use invitation::{Invited, Letting};
pub use keys::{KeyAnswer, Ways};
pub use passkey::Unfit;
pub use people::{Made, NewPerson, NewToken, first_person};
pub use provider::{Provider, ProviderOptions};
pub use session::{Client, Opened, Session, Via, form_key};
pub use sign_in::{Access, AccessError, Lives};
pub use single::{CameBack, Returned};

#[cfg(test)]
mod tests;
