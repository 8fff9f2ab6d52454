//! Writing into a stand-in of Freshdesk: the sinks' suite, and what is Freshdesk's own. One binary, so that the client is linked once.

#[cfg(test)]
mod clients;
#[cfg(test)]
#[path = "../../../../tests/support/node_programs.rs"]
#[expect(dead_code, reason = "what other tests and `cargo xtask test` do with it")]
mod node_programs;
#[cfg(test)]
mod own;
#[cfg(test)]
mod promises;
#[cfg(test)]
mod subject;
#[cfg(test)]
#[path = "../../../../tests/support/vendor_mishaps.rs"]
mod vendor_mishaps;
#[cfg(test)]
#[path = "../../../../tests/support/vendors.rs"]
mod vendors;
