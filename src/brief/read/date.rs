//! Dates and times of day in running text, explicit (`1 March`, `2026-12-01`) and relative
//! (`by Friday`, `in two weeks`, `end of the month`).
//!
//! Its own file because resolving a date is where a draft could invent one: a date is only ever
//! worked out from words that stand in the text and a day that is handed in.
//! INVARIANT: what could be read in two ways (`03/04/2026`) is not resolved.

use super::list::List;
use super::number;
use super::words::{Kind, Token};
use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan};

/// How a date is expressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Year, month and day.
    Full(Date),
    /// Month and day; the year is to be taken from the context.
    MonthDay(i8, i8),
    /// Day of a month that is not named (`the 22nd`).
    Day(i8),
    /// Two readings are possible.
    Ambiguous,
    /// A day of the week; `true` when "next" stands before it.
    Weekday(Weekday, bool),
    /// Days from today: today 0, tomorrow 1, `in 3 days` 3; negative in the past.
    Days(i32),
    /// Hours from now.
    Hours(i32),
    /// Months from today.
    Months(i32),
    /// Friday of this week (0) or of a later one.
    EndOfWeek(i32),
    /// Last day of this month (0) or of a later one.
    EndOfMonth(i32),
    /// Last day of the quarter.
    EndOfQuarter,
    /// Last day of the year.
    EndOfYear,
    /// Lies in the past (`last Tuesday`, `since Thursday`, `this morning`).
    Past,
    /// A whole month (`in March`), 1 to 12.
    Month(i8),
}

/// A date expression in the text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct When {
    /// First byte.
    pub(crate) start: usize,
    /// First byte after it.
    pub(crate) end: usize,
    /// How it is expressed.
    pub(crate) form: Form,
}

impl When {
    /// Whether the day had to be worked out from the day of receipt.
    pub(crate) fn is_relative(&self) -> bool {
        !matches!(self.form, Form::Full(_) | Form::MonthDay(..) | Form::Ambiguous | Form::Past)
    }

    /// The day meant, looking forward from `today`; `None` when it lies in the past, is ambiguous,
    /// or leaves the calendar.
    pub(crate) fn resolve(&self, today: Date) -> Option<Date> {
        match self.form {
            Form::Full(date) => Some(date),
            Form::MonthDay(month, day) => {
                let this = Date::new(today.year(), month, day).ok();
                match this {
                    // A day that passed lately is the past, not next year.
                    Some(date) if date >= today => Some(date),
                    Some(date) if add(date, 60.days())? >= today => None,
                    _ => Date::new(today.year().checked_add(1)?, month, day).ok(),
                }
            }
            Form::Day(day) => {
                let this = Date::new(today.year(), today.month(), day).ok().filter(|date| *date >= today);
                this.or_else(|| {
                    let next = add(today.first_of_month(), 1.month())?;
                    Date::new(next.year(), next.month(), day).ok()
                })
            }
            Form::Ambiguous | Form::Past => None,
            Form::Weekday(day, next) => {
                if next {
                    let monday = add(today, (7 - i64::from(today.weekday().to_monday_zero_offset())).days())?;
                    add(monday, i64::from(day.to_monday_zero_offset()).days())
                } else {
                    let ahead = (day.to_monday_zero_offset() - today.weekday().to_monday_zero_offset()).rem_euclid(7);
                    add(today, i64::from(ahead).days())
                }
            }
            Form::Days(days) if days >= 0 => add(today, i64::from(days).days()),
            Form::Hours(hours) if hours >= 0 => add(today, i64::from(hours.div_euclid(24)).days()),
            Form::Months(months) if months >= 0 => add(today, i64::from(months).months()),
            Form::Days(_) | Form::Hours(_) | Form::Months(_) => None,
            Form::EndOfWeek(weeks) => {
                let to_friday = 4 - i64::from(today.weekday().to_monday_zero_offset());
                add(today, (to_friday.max(0) + 7 * i64::from(weeks)).days())
            }
            Form::EndOfMonth(months) => {
                add(today.first_of_month(), i64::from(months).months()).map(Date::last_of_month)
            }
            Form::EndOfQuarter => {
                let month = (today.month() - 1) / 3 * 3 + 3;
                Date::new(today.year(), month, 1).ok().map(Date::last_of_month)
            }
            Form::EndOfYear => Date::new(today.year(), 12, 31).ok(),
            Form::Month(month) => {
                let year = if month >= today.month() { today.year() } else { today.year().checked_add(1)? };
                Date::new(year, month, 1).ok().map(Date::last_of_month)
            }
        }
    }
}

fn add(date: Date, span: Span) -> Option<Date> {
    date.checked_add(span).ok()
}

/// Every date expression, in order, not overlapping.
pub(crate) fn find(tokens: &[Token<'_>]) -> Vec<When> {
    let mut list = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        if let Some((form, taken)) = at(tokens, index) {
            let before = index.checked_sub(1).and_then(|i| tokens.get(i));
            let past = before.is_some_and(|t| t.any(&["since", "last"])) && !matches!(form, Form::Full(_));
            let form = if past { Form::Past } else { form };
            let last = index + taken - 1;
            if let (Some(first), Some(last)) = (tokens.get(index), tokens.get(last)) {
                list.push(When { start: first.start, end: last.end, form });
            }
            index += taken;
        } else {
            index += 1;
        }
    }
    list
}

/// A month name or its usual short form, 1 to 12.
pub(crate) fn month(token: &Token<'_>) -> Option<i8> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let length = token.text.len();
    if !(3..=9).contains(&length) || token.kind != Kind::Word {
        return None;
    }
    const HEADS: [&[u8; 3]; 12] =
        [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];
    let head = token.head();
    let (number, name) = (1..).zip(MONTHS).zip(HEADS).find(|(_, known)| **known == head)?.0;
    // "may" and "march" are also verbs: as months they are written with a capital.
    if token.any(&["may", "march", "mar"]) && !token.capital() {
        return None;
    }
    (token.is(name) || length == 3 || token.is("sept")).then_some(number)
}

fn weekday(token: &Token<'_>) -> Option<Weekday> {
    const DAYS: [(&str, &str, Weekday); 7] = [
        ("monday", "mon", Weekday::Monday),
        ("tuesday", "tue", Weekday::Tuesday),
        ("wednesday", "wed", Weekday::Wednesday),
        ("thursday", "thu", Weekday::Thursday),
        ("friday", "fri", Weekday::Friday),
        ("saturday", "sat", Weekday::Saturday),
        ("sunday", "sun", Weekday::Sunday),
    ];
    if token.kind != Kind::Word
        || !(3..=9).contains(&token.text.len())
        || !matches!(&token.head(), b"mon" | b"tue" | b"wed" | b"thu" | b"fri" | b"sat" | b"sun")
    {
        return None;
    }
    DAYS.iter()
        .find(|(long, short, _)| {
            token.is(long)
                || (token.is(short) && token.capital())
                || (*short == "thu" && token.any(&["thur", "thurs"]))
                || (*short == "tue" && token.is("tues"))
        })
        .map(|(_, _, day)| *day)
}

fn digits(token: &Token<'_>) -> Option<i32> {
    (token.kind == Kind::Number && token.text.len() <= 4).then(|| token.text.parse().ok()).flatten()
}

fn day_number(token: &Token<'_>) -> Option<i8> {
    digits(token).and_then(|n| i8::try_from(n).ok()).filter(|n| (1..=31).contains(n))
}

fn at(tokens: &[Token<'_>], index: usize) -> Option<(Form, usize)> {
    let get = |offset: usize| tokens.get(index + offset);
    let token = get(0)?;
    match token.kind {
        Kind::Number => numeric(tokens, index),
        Kind::Mark => None,
        Kind::Word if !opens(token) => None,
        Kind::Word => {
            if let Some(month) = month(token) {
                let dot = usize::from(get(1).is_some_and(|t| t.text == "." && t.start == token.end));
                let the = usize::from(get(1 + dot).is_some_and(|t| t.is("the")));
                if let Some(day) = get(1 + dot + the).and_then(day_number) {
                    let mut taken = 2 + dot + the;
                    taken += usize::from(get(taken).is_some_and(|t| t.any(&["st", "nd", "rd", "th"])));
                    let comma = usize::from(get(taken).is_some_and(|t| t.text == ","));
                    if let Some(year) = get(taken + comma).and_then(year) {
                        return Some((full(year, month, day)?, taken + comma + 1));
                    }
                    return Some((month_day(month, day)?, taken));
                }
                if let Some(year) = get(1 + dot).and_then(year) {
                    let last = Date::new(year, month, 1).ok()?.last_of_month();
                    return Some((Form::Full(last), 2 + dot));
                }
                let before = index.checked_sub(1).and_then(|i| tokens.get(i));
                let led = before.is_some_and(|t| {
                    t.any(&[
                        "in", "by", "before", "until", "end", "mid", "of", "early", "late", "during", "for", "this",
                        "next",
                    ])
                });
                return (led && token.capital()).then_some((Form::Month(month), 1));
            }
            if let Some(day) = weekday(token) {
                return Some((Form::Weekday(day, false), 1));
            }
            if token.any(&["today", "tonight"]) {
                return Some((Form::Days(0), 1));
            }
            if token.any(&["tomorrow", "tmrw"]) {
                return Some((Form::Days(1), 1));
            }
            if token.any(&["eod", "cob", "immediately"]) {
                return Some((Form::Days(0), 1));
            }
            if token.is("eow") {
                return Some((Form::EndOfWeek(0), 1));
            }
            if token.is("eom") {
                return Some((Form::EndOfMonth(0), 1));
            }
            if token.any(&["day"]) && get(1).is_some_and(|t| t.is("after")) && get(2).is_some_and(|t| t.is("tomorrow"))
            {
                return Some((Form::Days(2), 3));
            }
            if token.any(&["next", "this", "coming", "following"]) {
                let next = token.any(&["next", "following"]);
                let unit = get(1)?;
                if let Some(day) = weekday(unit) {
                    return Some((Form::Weekday(day, next), 2));
                }
                let far = i32::from(next);
                return match () {
                    () if unit.any(&["week"]) => Some((Form::EndOfWeek(far), 2)),
                    () if unit.any(&["month"]) => Some((Form::EndOfMonth(far), 2)),
                    () if unit.is("morning") && !next => Some((Form::Past, 2)),
                    () if unit.any(&["afternoon", "evening"]) && !next => Some((Form::Days(0), 2)),
                    () if unit.is("quarter") && !next => Some((Form::EndOfQuarter, 2)),
                    () if unit.is("year") && !next => Some((Form::EndOfYear, 2)),
                    () if unit.is("weekend") && !next => Some((Form::Weekday(Weekday::Saturday, false), 2)),
                    () => None,
                };
            }
            if token.is("end") && get(1).is_some_and(|t| t.is("of")) {
                let skip = usize::from(get(2).is_some_and(|t| t.any(&["the", "this", "next"])));
                let next = i32::from(get(2).is_some_and(|t| t.is("next")));
                let unit = get(2 + skip)?;
                let form = match () {
                    () if unit.any(&["day", "business", "today"]) => Form::Days(0),
                    () if unit.is("week") => Form::EndOfWeek(next),
                    () if unit.is("month") => Form::EndOfMonth(next),
                    () if unit.is("quarter") && next == 0 => Form::EndOfQuarter,
                    () if unit.is("year") && next == 0 => Form::EndOfYear,
                    () => {
                        let named = month(unit)?;
                        return match get(3 + skip).and_then(year) {
                            Some(year) => Some((Form::Full(Date::new(year, named, 1).ok()?.last_of_month()), 4 + skip)),
                            None => Some((Form::Month(named), 3 + skip)),
                        };
                    }
                };
                return Some((form, 3 + skip));
            }
            if token.any(&["in", "within"]) {
                let skip = usize::from(get(1).is_some_and(|t| t.any(&["the", "about"])))
                    + usize::from(
                        get(1).is_some_and(|t| t.is("the")) && get(2).is_some_and(|t| t.any(&["next", "coming"])),
                    );
                return ahead(tokens, index, 1 + skip);
            }
            None
        }
    }
}

/// Whether a date expression can begin with a word like this.
fn opens(token: &Token<'_>) -> bool {
    static HEADS: List = List::new(&[
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "mon", "tue", "wed", "thu",
        "fri", "sat", "sun", "tod", "ton", "tom", "tmr", "eod", "cob", "imm", "eow", "eom", "day", "nex", "thi", "com",
        "fol", "end", "in", "wit",
    ]);
    HEADS.has(token.text.get(..3).unwrap_or(token.text))
}

/// `in 3 days`, `within 48 hours`, `in two weeks`.
fn ahead(tokens: &[Token<'_>], index: usize, skip: usize) -> Option<(Form, usize)> {
    let article = tokens.get(index + skip).is_some_and(|t| t.any(&["a", "an"]));
    let (amount, taken) = if article { (100, 1) } else { number::at(tokens, index + skip)? };
    let amount = i32::try_from(amount / 100).ok().filter(|n| *n <= 1_000)?;
    let mut at = skip + taken;
    let business = tokens.get(index + at).is_some_and(|t| t.any(&["business", "working", "calendar"]));
    at += usize::from(business);
    let unit = tokens.get(index + at)?;
    let form = match () {
        () if unit.any(&["day", "days"]) => Form::Days(amount),
        () if unit.any(&["week", "weeks"]) => Form::Days(amount * 7),
        () if unit.any(&["hour", "hours", "hrs", "minutes", "mins"]) => {
            Form::Hours(if unit.any(&["minutes", "mins"]) { 0 } else { amount })
        }
        () if unit.any(&["month", "months"]) => Form::Months(amount),
        () => return None,
    };
    // Working days skip weekends, which depends on a calendar the request does not name.
    (!business || amount <= 1).then_some((form, at + 1))
}

fn numeric(tokens: &[Token<'_>], index: usize) -> Option<(Form, usize)> {
    let get = |offset: usize| tokens.get(index + offset);
    let token = get(0)?;
    // 1.12.2026 and 01.12. arrive as one number token.
    if token.text.contains('.') {
        let mut parts = token.text.split('.');
        let (a, b, c) = (parts.next()?, parts.next()?, parts.next());
        let (day, month) = (a.parse::<i8>().ok()?, b.parse::<i8>().ok()?);
        return match c {
            Some(year) if parts.next().is_none() && year.len() == 4 => Some((full(year.parse().ok()?, month, day)?, 1)),
            Some(year) if parts.next().is_none() && year.len() == 2 && !is_version(tokens, index) => {
                Some((full(2000 + year.parse::<i16>().ok()?, month, day)?, 1))
            }
            _ => None,
        };
    }
    if let (Some(sep), Some(second)) = (get(1), get(2)) {
        let glued = sep.start == token.end && second.start == sep.end;
        if glued && (sep.text == "-" || sep.text == "/") {
            let third = get(3)
                .filter(|t| t.text == sep.text && t.start == second.end)
                .and_then(|sep| get(4).filter(|t| t.start == sep.end));
            if let Some(third) = third {
                let (a, b, c) = (digits(token)?, digits(second)?, digits(third)?);
                if token.text.len() == 4 {
                    return Some((full(i16::try_from(a).ok()?, i8::try_from(b).ok()?, i8::try_from(c).ok()?)?, 5));
                }
                let year = if third.text.len() == 2 { 2000 + c } else { c };
                let (a, b, year) = (i8::try_from(a).ok()?, i8::try_from(b).ok()?, i16::try_from(year).ok()?);
                if a <= 12 && b <= 12 && a != b {
                    return Date::new(year, a, b).ok().map(|_| (Form::Ambiguous, 5));
                }
                let (month, day) = if a > 12 { (b, a) } else { (a, b) };
                return Some((full(year, month, day)?, 5));
            }
        }
    }
    let day = day_number(token)?;
    let mut taken = 1;
    let ordinal = get(1).is_some_and(|t| t.start == token.end && t.any(&["st", "nd", "rd", "th"]));
    taken += usize::from(ordinal);
    let mut named = taken;
    named += usize::from(get(named).is_some_and(|t| t.is("of") || t.text == "."));
    if let Some(month) = get(named).and_then(month) {
        let mut taken = named + 1;
        taken += usize::from(get(taken).is_some_and(|t| t.text == "." && get(taken + 1).and_then(year).is_some()));
        let comma = usize::from(get(taken).is_some_and(|t| t.text == ","));
        if let Some(year) = get(taken + comma).and_then(year) {
            return Some((full(year, month, day)?, taken + comma + 1));
        }
        return Some((month_day(month, day)?, taken));
    }
    ordinal.then_some((Form::Day(day), taken))
}

/// Whether three numbers with dots, the last of two digits, are rather those of a release (`4.1.94`) than a day
/// (`01.12.26`). Nobody counts releases with a nought in front; without one, and where day and month have not two digits
/// each, a word before has to speak for a day.
fn is_version(tokens: &[Token<'_>], index: usize) -> bool {
    let back = |offset: usize| index.checked_sub(offset).and_then(|i| tokens.get(i));
    let Some(token) = tokens.get(index) else { return true };
    let dates = |t: &Token<'_>| t.any(&["date", "dated", "due", "deadline", "by", "datum"]) || weekday(t).is_some();
    let said = back(1).is_some_and(|t| match t.text {
        ":" | "," => back(2).is_some_and(dates),
        _ => dates(t) || t.any(&["until", "till", "am", "bis", "vom", "zum", "den", "ab"]),
    });
    let parts = || token.text.split('.').take(2);
    let written = parts().any(|part| part.len() == 2 && part.starts_with('0')) || parts().all(|part| part.len() == 2);
    // Two digits are of this century, and of years that people write about.
    let near = token.text.rsplit('.').next().is_some_and(|year| ("16".."50").contains(&year));
    !(near && (written || said)) || is_in_name(tokens, index)
}

/// Whether a number is a part of a name: `log4j-1.2.17`, `v1.2.17`, `9.4.53.v20231009`, `4.1.94-SNAPSHOT`.
fn is_in_name(tokens: &[Token<'_>], index: usize) -> bool {
    let glued = |left: usize, right: usize| match (tokens.get(left), tokens.get(right)) {
        (Some(left), Some(right)) => left.end == right.start,
        _ => false,
    };
    let is = |at: usize, kind: Kind| tokens.get(at).is_some_and(|t| t.kind == kind);
    let joins = |at: usize| tokens.get(at).is_some_and(|t| matches!(t.text, "." | "-" | "_" | "/" | "=" | "@"));
    // A day may follow another day and a hyphen.
    let led = index > 0
        && glued(index - 1, index)
        && (is(index - 1, Kind::Word) || joins(index - 1) && !(index > 1 && is(index - 2, Kind::Number)));
    let goes_on = glued(index, index + 1)
        && (is(index + 1, Kind::Word) || joins(index + 1) && glued(index + 1, index + 2) && is(index + 2, Kind::Word));
    led || goes_on
}

fn year(token: &Token<'_>) -> Option<i16> {
    digits(token).filter(|n| token.text.len() == 4 && (1900..2200).contains(n)).and_then(|n| i16::try_from(n).ok())
}

fn full(year: i16, month: i8, day: i8) -> Option<Form> {
    Date::new(year, month, day).ok().map(Form::Full)
}

fn month_day(month: i8, day: i8) -> Option<Form> {
    // 2024 is a leap year, so that 29 February is a day.
    Date::new(2024, month, day).ok().map(|_| Form::MonthDay(month, day))
}

#[cfg(test)]
mod tests {
    use super::super::words;
    use super::*;
    use jiff::civil::date;

    fn days(text: &str) -> Vec<Form> {
        find(&words::tokens(text)).into_iter().map(|when| when.form).collect()
    }

    #[test]
    fn the_number_of_a_release_is_no_day() {
        for text in [
            "Upgrade netty to 4.1.94 due to CVE-2023-34462",
            "reload4j 1.2.22 is out",
            "since 3.3.10 it fails",
            "commons-1.12.26.jar",
            "io.netty:netty:4.1.50.Final",
            "jetty-9.4.20.v20190813",
            "v01.12.26",
            "the shot of 22.02.01.png",
            "3.3.5",
            "by 4.1.94",
            "fails on 3.12.26",
            "branch 10.11.12",
        ] {
            assert_eq!(days(text), [], "{text}");
        }
    }

    #[test]
    fn days_with_dots_are_read() {
        let day = Form::Full(date(2026, 12, 1));
        for text in [
            "1.12.2026",
            "01.12.2026",
            "01.12.26",
            "(01.12.26)",
            "by 1.12.26",
            "Date: 1.12.26",
            "bis 1.12.26.",
            "Am 01.12.26-",
        ] {
            assert_eq!(days(text), [day], "{text}");
        }
        assert_eq!(days("We arrive on 24.12.26."), [Form::Full(date(2026, 12, 24))]);
        assert_eq!(days("Tue, 1.12.26").last(), Some(&day));
        assert_eq!(days("vom 01.12.26-03.12.26").len(), 2);
    }
}
