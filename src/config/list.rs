//! Every section and every key there is. Own file because it is the one place to add a key: reading it, its default, its suggestion, its
//! line in the schema and in the handbook follow. INVARIANT: a key that is not here does not exist.

mod generator;
mod house;
mod mail;
mod pilot;
mod sink;
mod source;

use super::keys::{Fallback, Key, Section, Shape};
use std::sync::LazyLock;

/// Every section, in the order people read them.
pub(super) const SECTIONS: &[Section] = &[
    section("", false, "At the top, before the first section"),
    section("store", false, "Where requests, briefs, decisions and receipts are kept"),
    section("web", false, "The API and the door for webhooks: one address for both"),
    section("provider", true, "A provider of single sign-on (OpenID Connect) that vouches for people at the desk"),
    section("engine", false, "How runs are worked on"),
    section("intake", false, "How requests come in"),
    section("intake.pull", false, "How sources are read that must be asked: folders, programs"),
    section("policies", false, "Who may do what"),
    section("receipts", false, "The signed log of everything that happened"),
    section("telemetry", false, "What the program says about itself"),
    section("mail", false, "Letters to reviewers, and deciding by answering them"),
    section("mail.dkim", false, "How letters are signed"),
    section("prices", false, "What tokens of known models cost"),
    section(
        "generator",
        true,
        "A generator that asks a model; the one within the program, `embedded`, is always there",
    ),
    section(
        "generator.price",
        false,
        "What a million of its tokens cost, where the table of prices does not say or is wrong",
    ),
    section(
        "generator.options",
        false,
        "The keys of the connector; the page of its kind under docs/generators/ lists them",
    ),
    section("tenant", true, "Limits of a client organisation over all its pilots"),
    section("pilot", true, "A pilot: whose requests, who decides, by which rules"),
    section("pilot.boundary", false, "The pilot's data boundary: what happens to each kind of data in a request"),
    section("pilot.limits", false, "How much its requests may use of models, by the clock of the pilot"),
    section(
        "pilot.model_boundary",
        false,
        "What of a request its models may see: as the pilot's boundary, or less; what is not allowed is masked for them",
    ),
    section(
        "pilot.automation",
        false,
        "What must be shown before actions that leave the house go on by themselves, at level 4; write it down before the pilot begins",
    ),
    section(
        "person",
        true,
        "Working time of a person: they are reminded within it; who has none here works Monday to Friday from 08:00 to 18:00",
    ),
    section("schedule", true, "A schedule: what is made at which times"),
    section("source", true, "A source: where requests come from"),
    section("source.options", false, "The keys of the connector; the page of its kind under docs/sources/ lists them"),
    section("sink", true, "A sink: where approved briefs are written to"),
    section("sink.options", false, "The keys of the connector; the page of its kind under docs/sinks/ lists them"),
    section("action", true, "An action: what of a pilot's approved briefs is written where"),
    section("action.values", false, "What the far side calls the bands of priority"),
    section("action.fields", false, "Further fields: the far side's name for each, and a text"),
    section("trigger", true, "A trigger: what stops the writing of a pilot by itself"),
];

const fn section(name: &'static str, many: bool, meaning: &'static str) -> Section {
    Section { name, many, meaning }
}

const fn key(
    section: &'static str,
    name: &'static str,
    shape: Shape,
    fallback: Fallback,
    meaning: &'static str,
) -> Key {
    Key { section, name, shape, fallback, meaning }
}

/// Every key, in the order people read them.
pub(super) static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| {
    [house::HOUSE, mail::MAIL, generator::GENERATORS, pilot::PILOTS, source::SOURCES, sink::SINKS].concat()
});
