//! The house in order: tests that read the sources and pages of this project and nothing else. Own binary because they need no part of
//! the program and so run before it is built.

mod architecture;
mod errors;
mod sources;
