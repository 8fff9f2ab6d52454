//! Asking, over a stand-in that misbehaves on demand and over real servers. One binary, so that the client is linked once.

#[cfg(test)]
#[path = "../../../../tests/support/model_faults.rs"]
mod model_faults;
#[cfg(test)]
#[expect(dead_code, reason = "what `cargo xtask test` does with it")]
#[path = "../../../../tests/support/model_programs.rs"]
mod model_programs;
#[cfg(test)]
#[expect(dead_code, reason = "what other tests do with it")]
#[path = "../../../../tests/support/model_server.rs"]
mod model_server;
#[cfg(test)]
mod own;
#[cfg(test)]
mod real;
#[cfg(test)]
mod subject;
#[cfg(test)]
mod way;
