//! The webhook source: whatever posts a form or an event to `/hooks/{source}`. It proves where a delivery comes from, reads its body
//! (JSON, form-encoded, multipart) and makes the fields of a request out of it. Own crate because nothing else sees headers of the
//! outside. INVARIANT: not one byte of a body is interpreted before its proof of origin has been checked over exactly those bytes.

mod body;
mod form;
mod identity;
mod json;
mod media;
mod multipart;
mod node;
mod options;
mod receive;
mod recognise;
mod refuse;
mod verify;

pub use options::{Format, Mapping, OneOrMore, Options, Scheme, Settings};
pub use receive::Webhook;
