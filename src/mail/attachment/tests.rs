//! Text out of files.
