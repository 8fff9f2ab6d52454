//! Counted things: `25 seats`, `300 orders a week`, `5 minutes each`.
//!
//! Its own file because a number says something only with what it counts, for whom and how often.
//! INVARIANT: a quantity is no amount of money, and its period is the one that stands behind it.

use super::super::read::list::List;
use super::super::read::money::{Money, Per};
use super::super::read::number;
use super::super::read::words::{Kind, Token};

/// What a quantity counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Hours of work.
    Hours,
    /// Minutes of work.
    Minutes,
    /// People in the organisation or the party.
    People,
    /// Seats, users, licences.
    Seats,
    /// Things handled: orders, invoices, tickets …
    Items,
}

/// A counted thing, perhaps per period.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quantity {
    /// Hundredths.
    pub(super) amount: i64,
    /// What is counted.
    pub(super) unit: Unit,
    /// Day, week, month or year, when it is a rate.
    pub(super) per: Option<Per>,
    /// `each` or `per …`: it holds for one piece.
    pub(super) each: bool,
    /// First byte.
    pub(super) start: usize,
    /// First byte after it.
    pub(super) end: usize,
}

/// Every quantity, in order, not overlapping.
pub(super) fn find(tokens: &[Token<'_>], money: &[Money]) -> Vec<Quantity> {
    let mut list = Vec::new();
    let mut index = 0;
    while let Some(first) = tokens.get(index) {
        let paid = money
            .partition_point(|m| m.start <= first.start)
            .checked_sub(1)
            .and_then(|i| money.get(i))
            .is_some_and(|m| first.start < m.end);
        let Some((amount, taken)) = (!paid).then(|| number::at(tokens, index)).flatten() else {
            index += 1;
            continue;
        };
        let mut at = index + taken;
        let mut found = None;
        for _ in 0..3 {
            let Some(word) = tokens.get(at).filter(|token| token.kind == Kind::Word && !token.new_line) else { break };
            at += 1;
            if let Some(unit) = unit(word) {
                found = Some((unit, word));
                break;
            }
        }
        if let Some((unit, noun)) = found {
            let tail = tail(tokens, at);
            let each = tail.each
                || (tail.per.is_none()
                    && tokens.get(at).is_some_and(|t| t.any(&["per", "a", "an", "for"]))
                    && tokens.get(at + 1).is_some_and(|t| {
                        self::unit(t).is_some()
                            || t.any(&[
                                "order", "invoice", "ticket", "one", "each", "e", "email", "request", "document",
                            ])
                    }));
            at += tail.taken;
            let end = tokens.get(at.saturating_sub(1)).map_or(noun.end, |t| t.end);
            list.push(Quantity { amount, unit, per: tail.per, each, start: first.start, end });
            index = at;
        } else {
            index += taken;
        }
    }
    list
}

fn unit(token: &Token<'_>) -> Option<Unit> {
    let length = token.text.len();
    if !(3..=13).contains(&length) {
        return None;
    }
    match () {
        () if token.any(&["hours", "hour", "hrs"]) => Some(Unit::Hours),
        () if token.any(&["minutes", "minute", "mins", "min"]) => Some(Unit::Minutes),
        () if token.any(&[
            "people",
            "employees",
            "staff",
            "persons",
            "colleagues",
            "guests",
            "attendees",
            "participants",
            "adults",
            "delegates",
        ]) =>
        {
            Some(Unit::People)
        }
        () if token.any(&["seats", "users", "licences", "licenses", "accounts", "workstations", "laptops"]) => {
            Some(Unit::Seats)
        }
        () if token.any(&[
            "orders",
            "invoices",
            "tickets",
            "emails",
            "mails",
            "calls",
            "requests",
            "documents",
            "enquiries",
            "inquiries",
            "parcels",
            "shipments",
            "bookings",
            "records",
            "pages",
            "units",
            "pieces",
            "items",
            "boxes",
            "applications",
            "leads",
            "quotes",
            "claims",
            "forms",
            "reports",
            "tables",
            "rooms",
            "nights",
            "words",
            "photos",
            "products",
            "contracts",
            "payslips",
            "deliveries",
            "devices",
            "cases",
        ]) =>
        {
            Some(Unit::Items)
        }
        () => None,
    }
}

/// What stands behind a counted thing.
#[derive(Default)]
struct Tail {
    per: Option<Per>,
    each: bool,
    /// How many tokens it takes.
    taken: usize,
}

/// `a week`, `each`, `each per day`, `per person a month`.
fn tail(tokens: &[Token<'_>], index: usize) -> Tail {
    let mut tail = Tail::default();
    loop {
        let at = index + tail.taken;
        let (per, taken) = if tail.per.is_none() { period(tokens, at) } else { (None, 0) };
        if per.is_some() {
            tail.per = per;
            tail.taken += taken;
            continue;
        }
        let Some(token) = tokens.get(at).filter(|_| !tail.each) else { return tail };
        tail.taken += match () {
            () if token.any(&["each", "apiece"]) => 1,
            () if token.any(&["per", "a"]) && tokens.get(at + 1).is_some_and(is_person) => 2,
            () => return tail,
        };
        tail.each = true;
    }
}

/// Whether a word names people who work.
pub(super) fn is_person(token: &Token<'_>) -> bool {
    static PEOPLE: List = List::new(&[
        "people",
        "person",
        "persons",
        "head",
        "heads",
        "employee",
        "employees",
        "staff",
        "colleague",
        "colleagues",
        "clerk",
        "clerks",
        "assistant",
        "assistants",
        "worker",
        "workers",
        "member",
        "members",
        "technician",
        "technicians",
        "agent",
        "agents",
        "accountant",
        "accountants",
        "bookkeeper",
        "bookkeepers",
        "secretary",
        "secretaries",
        "operator",
        "operators",
        "admin",
        "admins",
        "administrator",
        "administrators",
        "engineer",
        "engineers",
        "developer",
        "developers",
        "consultant",
        "consultants",
        "nurse",
        "nurses",
        "driver",
        "drivers",
        "manager",
        "managers",
        "planner",
        "planners",
        "dispatcher",
        "dispatchers",
        "intern",
        "interns",
        "freelancer",
        "freelancers",
        "temp",
        "temps",
        "buyer",
        "buyers",
        "analyst",
        "analysts",
        "receptionist",
        "receptionists",
        "women",
        "men",
        "guys",
        "folks",
    ]);
    token.kind == Kind::Word && PEOPLE.has(token.text)
}

/// The period at a token, and how many tokens say so: `a day`, `weekly`.
pub(super) fn period(tokens: &[Token<'_>], index: usize) -> (Option<Per>, usize) {
    let Some(first) = tokens.get(index) else { return (None, 0) };
    let (unit, taken) = if first.any(&["per", "a", "each", "every", "an"]) || first.text == "/" {
        (tokens.get(index + 1), 2)
    } else {
        (Some(first), 1)
    };
    let per = unit.and_then(|unit| match () {
        () if unit.any(&["day", "daily"]) => Some(Per::Day),
        () if unit.any(&["week", "weekly"]) => Some(Per::Week),
        () if unit.any(&["month", "monthly"]) => Some(Per::Month),
        () if unit.any(&["year", "yearly", "annually"]) => Some(Per::Year),
        () => None,
    });
    match per {
        Some(per) => (Some(per), taken),
        None => (None, 0),
    }
}
