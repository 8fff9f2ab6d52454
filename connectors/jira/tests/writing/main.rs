//! Writing into a stand-in of Jira: the sinks' suite, and what is Jira's own; and into a mock made from its published document. One binary, so
//! that the client is linked once.

#[cfg(test)]
mod clients;
#[cfg(test)]
#[path = "../../../../tests/support/node_programs.rs"]
#[expect(dead_code, reason = "what `cargo xtask test` does with it")]
mod node_programs;
#[cfg(test)]
mod own;
#[cfg(test)]
mod promises;
#[cfg(test)]
mod published;
#[cfg(test)]
mod subject;
#[cfg(test)]
#[path = "../../../../tests/support/vendor_mishaps.rs"]
mod vendor_mishaps;
#[cfg(test)]
#[path = "../../../../tests/support/vendors.rs"]
mod vendors;
