//! The webhook source.
