//! HTML written out as the lines a person sees: paragraphs, lists and tables as lines, quoting elements as `>` lines, hidden text left out.
//!
//! Its own walk, because what is asked of it is rare in libraries: time linear in the input at any depth of nesting, the marks of mail
//! programs around quoted mail, and nothing that a person could not see.

mod entity;
mod style;
mod token;
mod write;

pub(super) use write::{Wanted, write};
