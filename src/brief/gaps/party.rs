//! How many people, children, rooms.
//!
//! Its own file because a party is told in many ways: "for two", "my wife and I", "with the little one".
//! INVARIANT: a number counts only with a word that says of what.

use super::super::read::number;
use super::Read;

const PEOPLE: &[&str] = &["people", "persons", "person", "guests", "guest", "of", "pax", "ppl"];

/// Numbers that stand with a word for people: `5 people`, `table for 4`, `party of 8`, `we are six`.
fn counted(read: &Read<'_>, nouns: &[&str], for_counts: bool) -> bool {
    (0..read.tokens.len()).any(|i| {
        let Some((_, taken)) = number::at(&read.tokens, i) else { return false };
        if read.taken(i) {
            return false;
        }
        let noun = read.token(i + taken).is_some_and(|t| t.any(nouns))
            || (read.token(i + taken).is_some_and(|t| t.text.len() < 12)
                && read.token(i + taken + 1).is_some_and(|t| t.any(nouns) && !t.is("of")));
        let bare = read.token(i + taken).is_none_or(|t| {
            !t.any(&[
                "nights", "night", "days", "day", "weeks", "week", "hours", "minutes", "months", "rooms", "room",
                "kids", "children", "child", "or", "pm", "am",
            ])
        });
        let lead = for_counts
            && bare
            && read.before(i, 1).is_some_and(|t| t.any(&["for", "of"]))
            && read.before(i, 1).is_some_and(|t| {
                t.is("for") || read.before(i, 2).is_some_and(|p| p.any(&["party", "group", "table", "family", "total"]))
            });
        noun || lead
    })
}

/// "my wife and I", "me", "myself", "a couple".
fn told(read: &Read<'_>) -> bool {
    read.any(&[
        "wife",
        "husband",
        "myself",
        "girlfriend",
        "boyfriend",
        "partner",
        "spouse",
        "couple",
        "mum",
        "dad",
        "parents",
    ])
}

pub(super) fn people(read: &Read<'_>) -> bool {
    counted(read, PEOPLE, true) || (read.any(&["table", "dinner", "lunch", "restaurant", "dining"]) && told(read))
}

pub(super) fn adults(read: &Read<'_>) -> bool {
    counted(read, &["adults", "adult", "people", "persons", "person", "guests", "guest"], true)
        || told(read)
        || read.any(&["adult"])
        || read.any(&["families"])
}

pub(super) fn kids(read: &Read<'_>) -> bool {
    read.any(&[
        "kid",
        "kids",
        "child",
        "children",
        "son",
        "sons",
        "daughter",
        "daughters",
        "baby",
        "toddler",
        "toddlers",
        "infant",
        "babies",
        "little",
    ]) && !read.any(&["menu", "club", "pool", "playground", "allowed", "activities", "friendly", "area"])
}

pub(super) fn rooms(read: &Read<'_>) -> bool {
    (0..read.tokens.len()).any(|i| {
        let Some(token) = read.token(i) else { return false };
        if !token.any(&["room", "rooms", "suite", "suites", "double", "twin"]) {
            return false;
        }
        (1..=4).any(|back| {
            read.before(i, back).is_some_and(|t| {
                t.any(&[
                    "a", "an", "one", "two", "three", "four", "five", "single", "double", "another", "family", "my",
                ]) || (t.kind == super::super::read::words::Kind::Number && !read.taken(i - back))
            })
        }) && !read.token(i + 1).is_some_and(|t| t.any(&["service", "number", "key", "rate", "rates", "price"]))
    })
}
