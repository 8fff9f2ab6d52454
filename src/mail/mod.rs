//! Reading one e-mail message: a pure room, bytes in, a message out.
//!
//! No clock, no I/O, no state; limits are handed in, because what is read here was sent by anybody.

mod html;
pub mod visible;
