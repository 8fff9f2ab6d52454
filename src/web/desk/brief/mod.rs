//! The page of a brief, on which the product stands: a person understands in half a minute what is asked and what would be done, edits it in
//! place, and decides, all by keyboard if they like. INVARIANT: nothing here decides; every act goes through the room that does it for every
//! other face, and names exactly what the person saw.
//!
//! ```text
//! sheet (one reading) ─► page: head · says (statements) · request (mark) · plan · diff · bar (decisions)
//! form ─► draft ─► edits upon a revision ─► review;  refused as moved on ─► lay ─► form again
//! ```

mod act;
mod bar;
mod diff;
mod differ;
mod draft;
mod edit;
mod file;
mod form;
mod head;
mod lay;
mod mark;
mod next;
mod page;
mod plan;
mod request;
mod says;
mod shape;
mod sheet;
mod standing;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(in crate::web) use bar::Leaving;

pub(super) use act::{approve_plan, claim, decide, reveal, target, way_back, writes};
pub(super) use edit::{save, show as edit};
pub(super) use file::{give, read};
pub(super) use form::label;
pub(super) use page::{compare, show, text};
pub(super) use standing::look;
