//! Writing into a stand-in of Salesforce: the sinks' suite, and what is Salesforce's own. One binary, so that the client is linked once.

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
