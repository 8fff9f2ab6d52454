//! The exec source.
