//! Dates, periods and times of day as people say them, and which of them begins or ends something.
//!
//! Its own file because "missing: the end date" needs more than finding a date: it needs its role.
//! INVARIANT: a moment covers whole tokens and belongs to one sort only.

use super::super::read::date;
use super::super::read::number;
use super::super::read::words::{Kind, Token};
use super::Read;

/// What a moment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// A day.
    Day,
    /// Days, weeks, months, years.
    Span,
    /// A time of day.
    Clock,
    /// Hours or minutes, a part of the day.
    Hours,
}

/// One moment: tokens `first .. first + count`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) first: usize,
    pub(super) count: usize,
    pub(super) sort: Sort,
}

const PARTS: &[&str] = &["morning", "afternoon", "evening", "night", "tonight", "overnight", "noon", "midday"];

/// All moments, in order, not overlapping.
pub(super) fn find(tokens: &[Token<'_>]) -> Vec<Moment> {
    let dates = date::find(tokens);
    let mut list = Vec::new();
    let mut index = 0;
    let mut next = 0;
    while let Some(token) = tokens.get(index) {
        while dates.get(next).is_some_and(|w| w.start < token.start) {
            next += 1;
        }
        let found = clock(tokens, index).or_else(|| span(tokens, index)).or_else(|| {
            let when = dates.get(next).filter(|w| w.start == token.start)?;
            let count = tokens.get(index..)?.iter().take_while(|t| t.end <= when.end).count();
            let sort = match when.form {
                date::Form::EndOfWeek(_)
                | date::Form::EndOfMonth(_)
                | date::Form::Months(_)
                | date::Form::EndOfQuarter
                | date::Form::EndOfYear => Sort::Span,
                date::Form::Hours(_) => Sort::Clock,
                date::Form::Month(_) => Sort::Span,
                _ => Sort::Day,
            };
            Some((sort, count.max(1)))
        });
        match found {
            Some((sort, count)) => {
                list.push(Moment { first: index, count, sort });
                index += count;
            }
            None => index += 1,
        }
    }
    list
}

fn small(token: &Token<'_>, most: i32) -> bool {
    token.kind == Kind::Number && token.text.len() <= 5 && token.text.parse::<i32>().is_ok_and(|n| n <= most)
}

/// Times of day.
fn clock(tokens: &[Token<'_>], index: usize) -> Option<(Sort, usize)> {
    let get = |offset: usize| tokens.get(index + offset);
    let token = get(0)?;
    let meridiem = |offset: usize| -> usize {
        match (get(offset), get(offset + 1), get(offset + 2), get(offset + 3)) {
            (Some(a), ..) if a.any(&["am", "pm"]) => 1,
            (Some(a), Some(dot), Some(m), last) if a.any(&["a", "p"]) && dot.text == "." && m.is("m") => {
                3 + usize::from(last.is_some_and(|t| t.text == "."))
            }
            (Some(a), ..) if a.any(&["o'clock", "o’clock", "oclock", "hours"]) && a.text.len() > 5 => {
                usize::from(!a.is("hours"))
            }
            (Some(a), ..) if a.any(&["morning", "afternoon", "evening", "night"]) => 1,
            (Some(i), Some(the), Some(part), _)
                if i.is("in") && the.is("the") && part.any(&["morning", "afternoon", "evening", "night"]) =>
            {
                3
            }
            (Some(at), Some(part), ..) if at.is("at") && part.is("night") => 2,
            _ => 0,
        }
    };
    if token.any(&["noon", "midnight", "midday", "now"]) {
        return (!token.is("now") || get(1).is_none() || tokens.len() < 8).then_some((Sort::Clock, 1));
    }
    if token.any(&["quarter", "half"])
        && get(1).is_some_and(|t| t.any(&["to", "past"]))
        && get(2).is_some_and(|t| t.kind == Kind::Number || number::at(tokens, index + 2).is_some())
    {
        return Some((Sort::Clock, 3 + meridiem(3)));
    }
    let hour = small(token, 24);
    if !hour && !small(token, 59) {
        return None;
    }
    // 9:30, 9.30, 10 05
    if let (Some(sep), Some(min)) = (get(1), get(2))
        && hour
        && sep.text == ":"
        && min.kind == Kind::Number
        && min.text.len() == 2
    {
        return Some((Sort::Clock, 3 + meridiem(3)));
    }
    // 20 past 7, 10 to 4
    if let (Some(word), Some(then)) = (get(1), get(2))
        && (word.any(&["past"]) || (word.is("to") && token.text.parse::<i32>().is_ok_and(|n| n % 5 == 0)))
        && small(then, 24)
        && !get(3).is_some_and(|t| {
            t.any(&[
                "days", "weeks", "nights", "people", "pounds", "euros", "dollars", "€", "£", "$", "st", "nd", "rd",
                "th",
            ])
        })
    {
        return Some((Sort::Clock, 3 + meridiem(3)));
    }
    if hour
        && let Some(min) = get(1)
        && min.kind == Kind::Number
        && min.text.len() == 2
        && small(min, 59)
    {
        return Some((Sort::Clock, 2 + meridiem(2)));
    }
    if hour {
        let extra = meridiem(1);
        if extra > 0 {
            return Some((Sort::Clock, 1 + extra));
        }
        let led = index
            .checked_sub(1)
            .and_then(|i| tokens.get(i))
            .is_some_and(|t| t.any(&["at", "till", "until", "around", "by", "after", "before"]));
        let ends = get(1).is_none_or(|t| {
            t.kind == Kind::Mark && !matches!(t.text, "€" | "£" | "$" | "%" | "/" | "-")
                || t.any(&[
                    "on", "for", "and", "today", "tomorrow", "to", "please", "instead", "with", "until", "till",
                    "tonight",
                ])
        });
        if led && ends {
            return Some((Sort::Clock, 1));
        }
    }
    // 15 minutes ago, in 8 hours is a moment
    if get(1).is_some_and(|t| t.any(&["minutes", "hours", "minute", "hour"])) && get(2).is_some_and(|t| t.is("ago")) {
        return Some((Sort::Clock, 3));
    }
    None
}

/// Periods: of days (`this month`, `last 3 days`, `2 weeks`) or of hours.
fn span(tokens: &[Token<'_>], index: usize) -> Option<(Sort, usize)> {
    const LONG: &[&str] = &[
        "day",
        "days",
        "week",
        "weeks",
        "month",
        "months",
        "year",
        "years",
        "quarter",
        "weekend",
        "weekends",
        "fortnight",
        "summer",
        "winter",
        "spring",
        "autumn",
    ];
    const SHORT: &[&str] = &["hour", "hours", "minute", "minutes", "mins", "hrs"];
    let get = |offset: usize| tokens.get(index + offset);
    let token = get(0)?;
    if token.kind == Kind::Word {
        if token.any(&[
            "monthly",
            "weekly",
            "yearly",
            "annually",
            "lately",
            "recently",
            "weekend",
            "fortnight",
            "summer",
            "winter",
        ]) {
            return Some((Sort::Span, 1));
        }
        if token.any(PARTS) {
            return Some((Sort::Hours, 1));
        }
        if token.is("yesterday") {
            return Some((Sort::Day, 1));
        }
        if token.any(&[
            "last", "this", "next", "past", "previous", "current", "each", "every", "coming", "few", "couple",
            "upcoming",
        ]) {
            let mut at = 1;
            at += usize::from(get(at).is_some_and(|t| t.any(&["few", "couple"])));
            at += usize::from(get(at).is_some_and(|t| t.is("of")));
            if let Some((_, taken)) = get(at)
                .filter(|t| t.kind == Kind::Number)
                .and_then(|_| number::at(tokens, index + at))
                .or_else(|| number::at(tokens, index + at))
            {
                at += taken;
            }
            let counted = at > 1;
            let unit = get(at)?;
            if unit.any(LONG) && get(at + 1).is_some_and(|t| t.is("ago")) {
                return Some((Sort::Day, at + 2));
            }
            if unit.any(SHORT) {
                return Some((Sort::Hours, at + 1));
            }
            if unit.any(LONG) {
                // "last week" alone may be a day in the past; it is a period all the same.
                return Some((Sort::Span, at + 1));
            }
            if unit.any(PARTS) && !counted {
                return Some((if token.is("last") { Sort::Day } else { Sort::Hours }, at + 1));
            }
            if date::month(unit).is_some() {
                return Some((Sort::Span, at + 1));
            }
            if token.any(&["last", "past", "previous"]) && weekday(unit) {
                return Some((Sort::Day, at + 1));
            }
            return None;
        }
        if let (true, Some(unit)) = (token.any(&["a", "an"]), get(1))
            && unit.any(&["week", "month", "year", "weekend", "fortnight"])
            && !index
                .checked_sub(1)
                .and_then(|i| tokens.get(i))
                .is_some_and(|t| t.any(&["times", "once", "twice", "in"]))
        {
            return Some((Sort::Span, 2));
        }
    }
    let (_, taken) = number::at(tokens, index)?;
    let unit = get(taken)?;
    let ago = get(taken + 1).is_some_and(|t| t.is("ago"));
    let led_in = index.checked_sub(1).and_then(|i| tokens.get(i)).is_some_and(|t| t.is("in"));
    if unit.any(LONG) || unit.any(&["night", "nights"]) {
        return Some(if ago {
            (Sort::Day, taken + 2)
        } else if led_in {
            (Sort::Day, taken + 1)
        } else {
            (Sort::Span, taken + 1)
        });
    }
    if unit.any(SHORT) {
        return Some(if ago {
            (Sort::Clock, taken + 2)
        } else if led_in {
            (Sort::Clock, taken + 1)
        } else {
            (Sort::Hours, taken + 1)
        });
    }
    None
}

fn weekday(token: &Token<'_>) -> bool {
    token.any(&["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"])
}

/// Words before the first day of a stretch.
const BEGINS: &[&str] =
    &["from", "since", "starting", "between", "after", "arriving", "arrive", "beginning", "start", "starts"];

/// The role of a day among the others.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Plain,
    From,
    To,
}

fn roles<'r>(read: &'r Read<'_>) -> Vec<(Role, &'r Moment)> {
    let days: Vec<usize> = read
        .moments
        .iter()
        .enumerate()
        .filter(|(_, m)| matches!(m.sort, Sort::Day) || (m.sort == Sort::Span && m.count == 1))
        .map(|(i, _)| i)
        .collect();
    let staying = read.any(&[
        "room",
        "rooms",
        "stay",
        "staying",
        "reservation",
        "reserve",
        "check",
        "arrive",
        "arriving",
        "arrival",
        "nights",
        "night",
        "hotel",
        "suite",
    ]) && !read.any(&[
        "restaurant",
        "table",
        "session",
        "appointment",
        "lost",
        "stolen",
        "dinner",
        "lunch",
        "spa",
        "gym",
        "massage",
        "pool",
        "meal",
        "breakfast",
        "dine",
        "eat",
        "statement",
    ]);
    let role = |(i, m): (usize, &'r Moment)| {
        let lead = |back: usize, words: &[&str]| read.before(m.first, back).is_some_and(|t| t.any(words));
        let skip = usize::from(lead(1, &["the", "this", "next", "on", "of"]))
            + usize::from(lead(1, &["the"]) && lead(2, &["on", "of"]));
        let led = |words: &[&str]| lead(1 + skip, words) || (skip > 0 && lead(1, words));
        let position = days.binary_search(&i).unwrap_or(0);
        let second = position > 0;
        let past = read
            .token(m.first + m.count - 1)
            .is_some_and(|t| t.any(&["ago", "yesterday", "today", "night", "morning"]))
            || read.token(m.first).is_some_and(|t| t.any(&["last"]));
        let alone = days.len() == 1;
        let role = if past || (alone && led(&["since", "by", "starting"]) && !staying) {
            Role::Plain
        } else if led(&[
            "until", "till", "to", "through", "thru", "leaving", "leave", "before", "ending", "til", "by", "ends",
        ]) || (second && led(&["and", "-", "–", "out", "checkout"]))
            || (lead(2, &["check"]) && lead(1, &["out"]))
            || led(&["out"])
        {
            Role::To
        } else if led(BEGINS)
            || (!second && days.len() > 1 && next_is_end(read, m))
            || (staying && !second && m.sort == Sort::Day)
        {
            Role::From
        } else {
            Role::Plain
        };
        (role, m)
    };
    read.moments.iter().enumerate().filter(|(i, _)| days.binary_search(i).is_ok()).map(role).collect()
}

/// Whether "to", "until", "till" or a dash follows within two tokens.
fn next_is_end(read: &Read<'_>, m: &Moment) -> bool {
    (0..3).any(|k| {
        read.token(m.first + m.count + k)
            .is_some_and(|t| t.any(&["to", "until", "till", "through"]) || matches!(t.text, "-" | "–"))
    })
}

pub(super) fn date(read: &Read<'_>) -> bool {
    roles(read).iter().any(|(role, m)| m.sort == Sort::Day && *role == Role::Plain)
}

pub(super) fn from(read: &Read<'_>) -> bool {
    roles(read).iter().any(|(role, _)| *role == Role::From)
}

pub(super) fn to(read: &Read<'_>) -> bool {
    roles(read).iter().any(|(role, _)| *role == Role::To)
}

pub(super) fn period(read: &Read<'_>) -> bool {
    read.moments.iter().any(|m| m.sort == Sort::Span)
}

pub(super) fn time(read: &Read<'_>) -> bool {
    read.moments.iter().any(|m| m.sort == Sort::Clock)
}

pub(super) fn hours(read: &Read<'_>) -> bool {
    read.moments.iter().any(|m| m.sort == Sort::Hours)
}
