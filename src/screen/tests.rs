//! Tests of the room as a whole: quality on labelled texts, ordinary business texts, hostile input.

mod business;
mod forms;
mod masking;
mod numbers;
mod pages;
mod quality;
mod whole;

use super::{Boundary, BoundaryOptions};

/// A boundary that masks every kind.
fn mask_all() -> Boundary {
    let text = "redact = ['secret','credential','card','iban','national_id','email','ip_address','url_domain','date_of_birth','phone','health','instruction']";
    Boundary::from_options(&toml::from_str(text).unwrap(), "boundary").unwrap()
}

/// A bundled boundary.
fn preset(name: &str) -> Boundary {
    let options = BoundaryOptions { preset: Some(name.to_owned()), ..BoundaryOptions::default() };
    Boundary::from_options(&options, "boundary").unwrap()
}

/// Failing examples go to the test output alone; a test writes nothing into the tree.
fn config() -> proptest::test_runner::Config {
    proptest::test_runner::Config { failure_persistence: None, ..proptest::test_runner::Config::default() }
}
