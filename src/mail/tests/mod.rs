//! The room as a whole: figures on labelled data, and messages built to hurt.

mod hostile;
mod parts;
mod scores;
mod undelivered;
