//! Black-box tests: the shipped binary, started and spoken to as its users do, over ports, files and commands. One binary, so that the
//! program is linked once; what is promised and how long the forms are: `tests/README.md`.

#[cfg(test)]
mod again;
#[cfg(test)]
mod answers;
#[cfg(test)]
#[expect(dead_code, reason = "a person at a browser can do more than the tests so far")]
#[path = "../support/browser.rs"]
mod browser;
#[cfg(test)]
mod census;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod crash;
#[cfg(test)]
#[path = "../support/cyrus.rs"]
mod cyrus;
#[cfg(test)]
#[path = "../support/daemon.rs"]
mod daemon;
#[cfg(test)]
mod damage;
#[cfg(test)]
#[path = "../support/database.rs"]
mod database;
#[cfg(test)]
mod desk;
#[cfg(test)]
#[path = "../support/dns.rs"]
mod dns;
#[cfg(test)]
mod door;
#[cfg(test)]
#[expect(dead_code, reason = "what other tests do with a mail server")]
#[path = "../support/dovecot.rs"]
mod dovecot;
#[cfg(test)]
mod drops;
#[cfg(test)]
mod durable;
#[cfg(test)]
mod erase;
#[cfg(test)]
mod faces;
#[cfg(test)]
mod failpoints;
#[cfg(test)]
mod full;
#[cfg(test)]
mod guesses;
#[cfg(test)]
#[path = "../support/hook.rs"]
mod hook;
#[cfg(test)]
mod hostile;
#[cfg(test)]
#[path = "../support/http.rs"]
mod http;
#[cfg(test)]
mod interface;
#[cfg(test)]
#[path = "../support/leased.rs"]
mod leased;
#[cfg(test)]
mod letters;
#[cfg(test)]
mod links;
#[cfg(test)]
mod load;
#[cfg(test)]
mod loops;
#[cfg(test)]
mod mailbox;
#[cfg(test)]
mod masks;
#[cfg(test)]
#[expect(dead_code, reason = "what the tests of connectors and their setting up need besides")]
#[path = "../support/model_programs.rs"]
mod model_programs;
#[cfg(test)]
#[expect(dead_code, reason = "what the tests of connectors do with a vendor")]
#[path = "../support/model_server.rs"]
mod model_server;
#[cfg(test)]
mod models;
#[cfg(test)]
#[expect(dead_code, reason = "what the tests of connectors and their setting up need besides")]
#[path = "../support/node_programs.rs"]
mod node_programs;
#[cfg(test)]
#[path = "../support/notes.rs"]
mod notes;
#[cfg(test)]
#[path = "../support/letters.rs"]
mod post;
#[cfg(test)]
mod postroom;
#[cfg(test)]
#[path = "../support/proxy.rs"]
mod proxy;
#[cfg(test)]
mod record;
#[cfg(test)]
#[expect(dead_code, reason = "what other tests do with Redmine")]
#[path = "../support/redmine.rs"]
mod redmine;
#[cfg(test)]
#[path = "../support/request_tracker.rs"]
mod request_tracker;
#[cfg(test)]
mod rota;
#[cfg(test)]
mod rules;
#[cfg(test)]
#[expect(dead_code, reason = "what setting it up needs besides")]
#[path = "../support/schemathesis.rs"]
mod schemathesis;
#[cfg(test)]
#[expect(dead_code, reason = "what the tests of the carrier need besides")]
#[path = "../support/smtp.rs"]
mod smtp;
#[cfg(test)]
mod stop;
#[cfg(test)]
mod storm;
#[cfg(test)]
mod tickets;
#[cfg(test)]
mod trial;
#[cfg(test)]
mod turns;
#[cfg(test)]
mod two;
#[cfg(test)]
#[path = "../support/wait.rs"]
mod wait;
#[cfg(test)]
mod whole;
#[cfg(test)]
mod writes;
