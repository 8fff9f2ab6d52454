//! Who is asking: tokens, the people behind them, and managing both. Every face turns a token into a [`crate::policy::Principal`] here and nowhere
//! else. INVARIANT: a token's secret is shown once and kept only as a digest; what was revoked or has expired is nobody.

mod people;
mod sign_in;

pub use people::{Made, NewPerson, NewToken, first_person};
pub use sign_in::{Access, AccessError};
