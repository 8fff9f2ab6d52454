//! What the request does not say and the work needs, by kind of request.
//!
//! Its own file because the check-lists are the experience in the product: what a good clerk asks.
//! INVARIANT: nothing is asked for that the request already says.

use super::super::content::Missing;
use super::super::lexicon::{RequestKind, Sense};
use super::super::read::contact;
use super::super::read::sentence::Part;
use super::super::read::words::Kind;
use super::DraftInput;
use super::facts::Facts;
use super::guidance::Wish;
use super::quantity::Unit;

/// What a kind of request needs to hold.
struct Need {
    field: &'static str,
    question: &'static str,
    why: &'static str,
    said: fn(&Facts<'_>, &DraftInput<'_>) -> bool,
}

/// The gaps, most important first, at most five.
pub(super) fn find(facts: &Facts<'_>, input: &DraftInput<'_>, wish: &Wish<'_>, readable: bool) -> Vec<Missing> {
    let mut list: Vec<Missing> = wish.questions();
    if readable && !facts.tokens.is_empty() {
        for need in needs(facts.kind).iter().filter(|need| !(need.said)(facts, input)) {
            let aside = need.field == "decision_maker" && list.len() >= 2;
            if !aside && list.len() < 5 && !list.iter().any(|m| m.field == need.field) {
                list.push(Missing { field: need.field.into(), question: need.question.into(), why: need.why.into() });
            }
        }
    }
    if facts.whens.iter().any(|when| when.form == super::super::read::date::Form::Ambiguous) {
        list.push(Missing {
            field: "date_format".into(),
            question: "Which comes first in the date you wrote, the day or the month?".into(),
            why: "The date can be read in two ways.".into(),
        });
    }
    if input.attachments.is_empty()
        && facts.has(|s| matches!(s, Sense::Enclosure))
        && readable
        && promises_enclosure(facts)
        && !list.iter().any(|m| m.field == "cv")
    {
        list.push(Missing {
            field: "attachment".into(),
            question: "Could you send the attachment again? It did not reach us.".into(),
            why: "The message mentions an attachment, but none came with it.".into(),
        });
    }
    list
}

/// How a field is named inside a sentence.
pub(super) fn label(field: &str) -> String {
    let known = match field {
        "budget" => "the budget",
        "deadline" => "the date it is needed",
        "volume" => "the volume",
        "current_systems" => "the systems in use",
        "decision_maker" => "who decides",
        "steps_to_reproduce" => "the steps that lead to it",
        "error_message" => "the exact error message",
        "since_when" => "when it began",
        "who_is_affected" => "who is affected",
        "reference" => "the reference number",
        "wanted_outcome" => "the outcome they want",
        "amount" => "the amount",
        "number_of_people" => "the number of people",
        "date" => "the day",
        "time" => "the time",
        "contact" => "a way to reach them",
        "effective_date" => "the day it should apply from",
        "reason" => "the reason",
        "cv" => "the CV",
        "position" => "the position",
        "available_from" => "the earliest start",
        "proof_of_identity" => "proof of identity",
        "what_is_wanted" => "what they want done",
        "exact_change" => "the exact change",
        "date_format" => "how the date is meant",
        "attachment" => "the missing attachment",
        other => return other.replace('_', " "),
    };
    known.into()
}

fn promises_enclosure(facts: &Facts<'_>) -> bool {
    facts.hits.iter().any(|hit| {
        matches!(hit.sense, Sense::Enclosure) && !facts.words(hit.start, hit.end).eq_ignore_ascii_case("screenshot")
    })
}

fn needs(kind: RequestKind) -> &'static [Need] {
    const BUDGET: Need = Need {
        field: "budget",
        question: "What budget have you set aside, even as a range?",
        why: "It decides which scope is realistic and avoids an offer that misses.",
        said: |f, _| f.money.iter().any(|m| m.per.is_none() && m.amount >= 10_000),
    };
    const DEADLINE: Need = Need {
        field: "deadline",
        question: "By when do you need this?",
        why: "Without a date the work cannot be placed among others.",
        said: |f, _| {
            f.deadline.is_some()
                || f.calm.is_some()
                || !f.whens.is_empty()
                || f.has(|s| matches!(s, Sense::Urgent(2..)))
        },
    };
    const VOLUME: Need = Need {
        field: "volume",
        question: "How many are we talking about: how many people, orders or documents, and how often?",
        why: "Effort and price follow from the volume.",
        said: |f, _| !f.quantities.is_empty(),
    };
    const SYSTEMS: Need = Need {
        field: "current_systems",
        question: "Which systems or tools do you use for this today?",
        why: "What has to be connected decides the effort more than anything else.",
        said: |f, _| {
            f.topics.iter().any(|t| {
                matches!(
                    *t,
                    "the CRM"
                        | "the ERP system"
                        | "accounting"
                        | "the spreadsheet work"
                        | "the e-mail system"
                        | "the website"
                        | "the app"
                        | "the phones"
                )
            }) || names_product(f)
        },
    };
    const DECIDER: Need = Need {
        field: "decision_maker",
        question: "Who besides you decides on this?",
        why: "The offer should speak to the people who sign it.",
        said: |f, _| has_word(f, &["ceo", "owner", "director", "founder", "head", "manager", "board", "partner"]),
    };
    const STEPS: Need = Need {
        field: "steps_to_reproduce",
        question: "What exactly did you do just before it happened?",
        why: "A fault that can be repeated can be fixed.",
        said: |f, _| has_word(f, &["when", "after", "whenever", "while", "since", "every"]),
    };
    const MESSAGE: Need = Need {
        field: "error_message",
        question: "What does the screen say, word for word? A screenshot is fine.",
        why: "The exact message usually names the cause.",
        said: |f, i| {
            !i.attachments.is_empty()
                || has_word(f, &["says", "message", "reads", "shows", "code", "saying"])
                || f.tokens.windows(2).any(|w| matches!(w, [a, b] if a.is("error") && b.kind == Kind::Number))
                || f.text.contains('"')
                || f.text.contains('“')
        },
    };
    const SINCE: Need = Need {
        field: "since_when",
        question: "Since when does it happen, and did anything change before that?",
        why: "It narrows the search to what changed.",
        said: |f, _| {
            !f.whens.is_empty()
                || has_word(f, &["since", "yesterday", "morning", "ago", "started", "hours", "weekend", "week"])
        },
    };
    const REACH: Need = Need {
        field: "who_is_affected",
        question: "Is it only you, or do others have it too?",
        why: "It decides how soon and by whom it is worked on.",
        said: |f, _| {
            f.has(|s| matches!(s, Sense::Impact))
                || f.quantities.iter().any(|q| matches!(q.unit, Unit::People | Unit::Seats))
                || has_word(f, &["everyone", "nobody", "only", "colleagues", "team", "users"])
        },
    };
    const REFERENCE: Need = Need {
        field: "reference",
        question: "What is the number of the order, invoice, booking or contract?",
        why: "It finds the case without searching by name.",
        said: |f, _| has_reference(f) || f.wants_copy(),
    };
    const OUTCOME: Need = Need {
        field: "wanted_outcome",
        question: "What would put this right for you: a repair, a replacement, money back, something else?",
        why: "A complaint closes when the wanted outcome is agreed.",
        said: |f, _| {
            f.topics.iter().any(|t| matches!(*t, "the refund" | "the credit note" | "the return" | "the repair"))
                || has_word(f, &["replacement", "refund", "compensation", "apology", "expect", "replace", "reimburse"])
        },
    };
    const AMOUNT: Need = Need {
        field: "amount",
        question: "Which amount is it about?",
        why: "The entry is found by number and amount.",
        said: |f, _| !f.money.is_empty() || f.wants_copy(),
    };
    const PARTY: Need = Need {
        field: "number_of_people",
        question: "For how many people?",
        why: "Space and price depend on it.",
        said: |f, _| f.quantities.iter().any(|q| q.unit == Unit::People) || has_number_for_people(f),
    };
    const WHEN: Need = Need {
        field: "date",
        question: "Which day would you like, and is there a second choice?",
        why: "Nothing can be booked without a day.",
        said: |f, _| f.whens.iter().any(|w| w.form != super::super::read::date::Form::Ambiguous),
    };
    const TIME: Need = Need {
        field: "time",
        question: "At what time?",
        why: "A day alone does not hold a slot.",
        said: |f, _| has_time(f),
    };
    const CONTACT: Need = Need {
        field: "contact",
        question: "How can we reach you: e-mail or telephone?",
        why: "The request came without an address to answer to.",
        said: |f, i| {
            i.sender.is_some_and(|s| s.contains('@'))
                || f.contacts.iter().any(|c| matches!(c.kind, contact::Kind::Email | contact::Kind::Phone))
        },
    };
    const FROM_WHEN: Need = Need {
        field: "effective_date",
        question: "From which day should it apply?",
        why: "The old state has to end and the new one begin on a set day.",
        said: |f, _| !f.whens.is_empty() || f.has(|s| matches!(s, Sense::Urgent(3))),
    };
    const WHY_LEAVE: Need = Need {
        field: "reason",
        question: "May we ask why, and is there anything that would change it?",
        why: "It is the last chance to put something right, and it helps either way.",
        said: |f, _| {
            has_word(
                f,
                &[
                    "because",
                    "since",
                    "reason",
                    "due",
                    "moving",
                    "switching",
                    "expensive",
                    "unhappy",
                    "disappointed",
                    "closing",
                    "price",
                    "prices",
                    "slow",
                    "competitor",
                ],
            )
        },
    };
    const CV: Need = Need {
        field: "cv",
        question: "Could you send your CV?",
        why: "The application cannot be judged without it.",
        said: |f, i| !i.attachments.is_empty() || f.contacts.iter().any(|c| c.kind == contact::Kind::Link),
    };
    const POSITION: Need = Need {
        field: "position",
        question: "Which position are you applying for?",
        why: "It decides who reads the application.",
        said: |f, _| has_word(f, &["position", "role", "job", "as", "internship", "apprenticeship", "vacancy"]),
    };
    const START: Need = Need {
        field: "available_from",
        question: "From when are you available, and what is your notice period?",
        why: "It decides whether the dates fit.",
        said: |f, _| !f.whens.is_empty() || has_word(f, &["available", "notice", "immediately", "start"]),
    };
    const IDENTITY: Need = Need {
        field: "proof_of_identity",
        question: "How may we check that the data is yours: a customer number, or the address on file?",
        why: "Personal data must only go to the person it is about.",
        said: |f, _| has_reference(f),
    };
    const WHAT: Need = Need {
        field: "what_is_wanted",
        question: "What would you like us to do?",
        why: "The message does not say.",
        said: |f, _| f.asks().next().is_some(),
    };
    const DETAIL: Need = Need {
        field: "exact_change",
        question: "What exactly is it now, and what should it be afterwards?",
        why: "A change is safe when both states are written down.",
        said: |f, _| {
            has_word(f, &["from", "instead", "to", "another", "new", "additional", "more"])
                && (!f.quantities.is_empty()
                    || !f.money.is_empty()
                    || !f.whens.is_empty()
                    || has_word(f, &["address", "instead"]))
        },
    };
    match kind {
        RequestKind::Lead => &[CONTACT, BUDGET, DEADLINE, VOLUME, SYSTEMS, DECIDER],
        RequestKind::Support => &[CONTACT, MESSAGE, SINCE, REACH, STEPS],
        RequestKind::Complaint => &[CONTACT, REFERENCE, OUTCOME],
        RequestKind::Booking => &[CONTACT, WHEN, TIME, PARTY],
        RequestKind::Invoice => &[CONTACT, REFERENCE, AMOUNT],
        RequestKind::Change => &[CONTACT, DETAIL, FROM_WHEN],
        RequestKind::Cancellation => &[CONTACT, REFERENCE, FROM_WHEN, WHY_LEAVE],
        RequestKind::Application => &[CONTACT, CV, POSITION, START],
        RequestKind::Privacy => &[CONTACT, IDENTITY],
        RequestKind::Question => &[CONTACT],
        RequestKind::Pitch | RequestKind::Notice => &[],
        RequestKind::Other => &[WHAT, CONTACT],
    }
}

fn has_word(facts: &Facts<'_>, words: &[&str]) -> bool {
    facts.tokens.iter().any(|token| token.kind == Kind::Word && token.any(words))
}

/// A clock time: `9:30`, `7 pm`, `noon`.
fn has_time(facts: &Facts<'_>) -> bool {
    facts.tokens.windows(3).any(|w| match w {
        [a, b, c] => {
            a.kind == Kind::Number
                && ((b.text == ":" && c.kind == Kind::Number && b.start == a.end)
                    || b.any(&["am", "pm", "uhr"])
                    || (b.any(&["a", "p"]) && c.text == "."))
        }
        _ => false,
    }) || facts.tokens.last().is_some_and(|t| t.any(&["am", "pm"]))
        || has_word(
            facts,
            &[
                "noon",
                "midday",
                "midnight",
                "o'clock",
                "o’clock",
                "pm",
                "am",
                "nights",
                "full-day",
                "full",
                "all-day",
                "half-day",
                "morning",
                "afternoon",
                "evening",
            ],
        )
}

/// `for 6`, `table for six`, `party of 8`.
fn has_number_for_people(facts: &Facts<'_>) -> bool {
    facts.tokens.iter().enumerate().any(|(i, t)| {
        t.any(&["for", "of", "us"])
            && super::super::read::number::at(&facts.tokens, i + 1).is_some_and(|(n, taken)| {
                n <= 100_000
                    && !facts.tokens.get(i + 1 + taken).is_some_and(|t| {
                        t.kind == Kind::Word
                            && t.any(&[
                                "night", "nights", "days", "day", "weeks", "week", "hours", "hour", "months", "pm",
                                "am",
                            ])
                    })
            })
    })
}

/// Something that looks like the number of a case: `INV-2041`, `#48213`, `order 10482`.
fn has_reference(facts: &Facts<'_>) -> bool {
    facts.tokens.windows(2).any(|w| match w {
        [a, b] => {
            b.kind == Kind::Number
                && b.text.len() >= 3
                && !b.text.contains([',', '.'])
                && (a.text == "#"
                    || (a.text == "-" && a.end == b.start)
                    || a.any(&[
                        "order",
                        "invoice",
                        "booking",
                        "ticket",
                        "no",
                        "number",
                        "nr",
                        "ref",
                        "reference",
                        "account",
                        "contract",
                        "customer",
                        "case",
                        "inv",
                        "policy",
                    ]))
        }
        _ => false,
    }) || facts.tokens.windows(3).any(|w| match w {
        [a, _, c] => {
            c.kind == Kind::Number
                && c.text.len() >= 3
                && !c.text.contains([',', '.'])
                && a.any(&[
                    "order",
                    "invoice",
                    "booking",
                    "ticket",
                    "number",
                    "account",
                    "contract",
                    "customer",
                    "case",
                    "reference",
                ])
        }
        _ => false,
    }) || facts.sentences.iter().any(|s| {
        s.part == Part::Field
            && s.text.split_once(':').is_some_and(|(label, v)| {
                label.to_ascii_lowercase().contains("number") && v.bytes().any(|b| b.is_ascii_digit())
            })
    })
}

/// A capitalised word in the middle of a sentence after "use", "with", "in", "from", "into".
fn names_product(facts: &Facts<'_>) -> bool {
    facts.tokens.windows(2).any(|w| matches!(w, [a, b] if a.any(&["use", "using", "with", "into", "on", "from"]) && b.kind == Kind::Word && b.capital() && b.text.len() > 2 && super::super::read::date::month(b).is_none() && !b.any(&["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"])))
}
