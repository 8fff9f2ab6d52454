//! Compares a content with the request and lists what the request does not bear out.
//!
//! Its own file because it judges every draft alike: our rules, a model's answer, a reviewer's edit.
//! INVARIANT: it only reports; it never changes or hides anything. The same content and text give
//! the same list.

use super::content::{Content, Problem, Quote};
use super::read::contact::{self, Contact};
use super::read::date::{self, Form, When};
use super::read::number;
use super::read::words::{self, Kind, Token};
use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::fmt::Arguments;

/// Most problems listed; a content with more is wrong as a whole.
const MOST: usize = 60;

/// What `text`, the request, does not bear out in `content`.
#[must_use]
pub fn check(content: &Content, text: &str) -> Vec<Problem> {
    check_with(content, text, &[])
}

/// Like [`check`], with words known from elsewhere: subject, sender, organisation, the reviewer's
/// own words.
#[must_use]
pub fn check_with(content: &Content, text: &str, known: &[&str]) -> Vec<Problem> {
    let tokens = words::tokens(text);
    let dates = date::find(&tokens);
    check_read(content, &Reading { text, tokens: &tokens, dates: &dates }, known)
}

/// A request's text as the readers see it.
pub(super) struct Reading<'a> {
    pub(super) text: &'a str,
    /// All of its tokens.
    pub(super) tokens: &'a [Token<'a>],
    /// All dates in them.
    pub(super) dates: &'a [When],
}

/// Like [`check_with`], for a request that has been read already.
pub(super) fn check_read(content: &Content, request: &Reading<'_>, known: &[&str]) -> Vec<Problem> {
    let text = request.text;
    let source = Source::read(request, known);
    let mut found = Found { source: &source, text, list: Vec::new() };
    found.statement(format_args!("workflow_summary"), &content.workflow_summary.text, &content.workflow_summary.quotes);
    for (i, reason) in content.priority.reasons.iter().enumerate() {
        found.statement(format_args!("priority.reasons[{i}]"), &reason.text, &reason.quotes);
    }
    if content.priority.band != content.priority.score.band() {
        found.note(
            format_args!("priority.band"),
            format!(
                "the band is `{}`, the score of {} stands for `{}`",
                content.priority.band,
                content.priority.score.get(),
                content.priority.score.band()
            ),
        );
    }
    for (i, factor) in content.risk.factors.iter().enumerate() {
        found.statement(format_args!("risk.factors[{i}]"), &factor.text, &factor.quotes);
    }
    found.words(format_args!("recommended_status.reason"), &content.recommended_status.reason);
    for (i, missing) in content.missing_information.iter().enumerate() {
        found.words(format_args!("missing_information[{i}].question"), &missing.question);
        found.words(format_args!("missing_information[{i}].why"), &missing.why);
    }
    for (i, action) in content.next_actions.iter().enumerate() {
        found.words(format_args!("next_actions[{i}].text"), &action.text);
        if let Some(due) = action.due
            && source.full_dates.binary_search(&due).is_err()
        {
            let problem = match source.origin(due) {
                Some(words) => format!("date worked out from `{words}`: `{due}`"),
                None => format!("date not in the request: `{due}`"),
            };
            found.note(format_args!("next_actions[{i}].due"), problem);
        }
    }
    if let Some(pricing) = &content.pricing_rationale {
        found.statement(format_args!("pricing_rationale"), &pricing.text, &pricing.quotes);
    }
    for (i, phase) in content.implementation_roadmap.iter().enumerate() {
        found.words(format_args!("implementation_roadmap[{i}].phase"), &phase.phase);
        for (j, step) in phase.steps.iter().enumerate() {
            found.words(format_args!("implementation_roadmap[{i}].steps[{j}]"), step);
        }
        found.words(format_args!("implementation_roadmap[{i}].exit"), &phase.exit);
    }
    found.list
}

/// Everything the request holds, for looking up.
struct Source<'a> {
    text: &'a str,
    tokens: &'a [Token<'a>],
    known: &'a [&'a str],
    // These are sorted. Words and written numbers stand here as hashes.
    words: Vec<u64>,
    numbers: OnceCell<Vec<i64>>,
    full_dates: Vec<jiff::civil::Date>,
    month_days: Vec<(i8, i8)>,
    relative: Vec<(&'a str, Form)>,
    folded: OnceCell<(String, String)>,
}

impl<'a> Source<'a> {
    fn read(request: &Reading<'a>, known: &'a [&'a str]) -> Self {
        let text = request.text;
        let mut source = Source {
            text,
            tokens: request.tokens,
            known,
            words: Vec::with_capacity(text.len() / 5),
            numbers: OnceCell::new(),
            full_dates: Vec::new(),
            month_days: Vec::new(),
            relative: Vec::new(),
            folded: OnceCell::new(),
        };
        source.add(request.tokens);
        for when in request.dates {
            source.add_date(when);
            if when.is_relative() || matches!(when.form, Form::MonthDay(..)) {
                source.relative.extend(text.get(when.start..when.end).map(|words| (words, when.form)));
            }
        }
        for extra in known {
            let tokens = words::tokens(extra);
            source.add(&tokens);
            for when in date::find(&tokens) {
                source.add_date(&when);
            }
        }
        source.words.sort_unstable();
        source.full_dates.sort_unstable();
        source.month_days.sort_unstable();
        source
    }

    fn add(&mut self, tokens: &[Token<'_>]) {
        self.words.extend(tokens.iter().filter(|token| token.kind != Kind::Mark).map(|token| fold(token.text)));
    }

    /// The values of its numbers; read only when a figure is looked up that is not written there as it stands.
    fn numbers(&self) -> &[i64] {
        self.numbers.get_or_init(|| {
            let mut numbers = Vec::new();
            read_numbers(self.tokens, &mut numbers);
            for extra in self.known {
                read_numbers(&words::tokens(extra), &mut numbers);
            }
            numbers.sort_unstable();
            numbers
        })
    }

    /// Whether the source holds this word, whatever its case.
    fn holds(&self, word: &str) -> bool {
        self.words.binary_search(&fold(word)).is_ok()
    }

    /// The source in lower case, and its digits alone; made only when an address is looked up.
    fn folded(&self) -> &(String, String) {
        self.folded.get_or_init(|| {
            let mut lower = self.text.to_lowercase();
            for extra in self.known {
                lower.push('\n');
                lower.push_str(&extra.to_lowercase());
            }
            let digits = lower.chars().filter(char::is_ascii_digit).collect();
            (lower, digits)
        })
    }

    fn add_date(&mut self, when: &When) {
        match when.form {
            Form::Full(date) => {
                self.full_dates.push(date);
                self.month_days.push((date.month(), date.day()));
            }
            Form::MonthDay(month, day) => {
                self.month_days.push((month, day));
            }
            _ => {}
        }
    }

    /// The words of the request that a worked-out date may come from: the first that can mean it.
    fn origin(&self, date: jiff::civil::Date) -> Option<&'a str> {
        let fits = |form: &Form| match form {
            Form::MonthDay(month, day) => (date.month(), date.day()) == (*month, *day),
            Form::Day(day) => date.day() == *day,
            Form::Weekday(day, _) => date.weekday() == *day,
            Form::EndOfWeek(_) => matches!(
                date.weekday(),
                jiff::civil::Weekday::Friday | jiff::civil::Weekday::Saturday | jiff::civil::Weekday::Sunday
            ),
            Form::EndOfMonth(_) | Form::EndOfQuarter | Form::EndOfYear => date == date.last_of_month(),
            Form::Month(month) => date.month() == *month,
            Form::Days(days) => *days >= 0,
            Form::Hours(hours) => *hours >= 0,
            Form::Months(months) => *months >= 0,
            Form::Full(_) | Form::Ambiguous | Form::Past => false,
        };
        let vague = |form: &Form| matches!(form, Form::Days(_) | Form::Hours(_) | Form::Months(_));
        let exact = self.relative.iter().find(|(_, form)| !vague(form) && fits(form));
        exact.or_else(|| self.relative.iter().find(|(_, form)| fits(form))).map(|(words, _)| *words)
    }
}

fn read_numbers(tokens: &[Token<'_>], numbers: &mut Vec<i64>) {
    for (index, token) in tokens.iter().enumerate() {
        if token.kind == Kind::Number {
            numbers.extend(number::parse(token.text));
            if token.text.contains(['.', ',']) {
                numbers.extend(token.text.split(['.', ',']).filter_map(number::parse));
            }
        }
        numbers.extend(number::at(tokens, index).map(|(value, _)| value));
    }
}

/// A word's hash, whatever its case. Two words with one hash would hide a name; at 64 bits that does
/// not happen by chance, and nothing is decided by it alone.
fn fold(word: &str) -> u64 {
    if word.is_ascii() { words::hash("", word) } else { words::hash("", &word.to_lowercase()) }
}

/// Whether a text can hold no number, no date with one, and no name: no digit, and no capital letter
/// except where it begins.
fn is_plain(words: &str) -> bool {
    words.is_ascii() && !words.bytes().skip(1).any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

struct Found<'s, 'a> {
    source: &'s Source<'a>,
    text: &'a str,
    list: Vec<Problem>,
}

impl Found<'_, '_> {
    fn note(&mut self, path: Arguments<'_>, problem: String) {
        if self.list.len() < MOST && !self.list.iter().any(|known| known.problem == problem) {
            self.list.push(Problem { path: path.to_string(), problem });
        }
    }

    fn statement(&mut self, path: Arguments<'_>, words: &str, quotes: &[Quote]) {
        for (i, quote) in quotes.iter().enumerate() {
            if quote.of(self.text).is_none() {
                self.note(
                    format_args!("{path}.quotes[{i}]"),
                    "the quote lies outside the request or cuts a character".into(),
                );
            }
        }
        if quotes.is_empty() && !words.trim().is_empty() && !tells_of_absence(words) {
            let mut end = words.len().min(60);
            while !words.is_char_boundary(end) {
                end -= 1;
            }
            let cut = if end < words.len() { "…" } else { "" };
            let first = words.get(..end).unwrap_or("");
            self.note(path, format!("no words of the request are quoted for it: `{first}{cut}`"));
        }
        self.words(path, words);
    }

    fn words(&mut self, path: Arguments<'_>, words: &str) {
        let contacts = contact::find(words);
        for contact in &contacts {
            self.contact(path, words, contact);
        }
        if is_plain(words) {
            return;
        }
        let mut tokens = words::tokens(words);
        tokens.retain(|t| !contacts.iter().any(|c| t.start >= c.start && t.end <= c.end));
        let dates = date::find(&tokens);
        for when in &dates {
            self.date(path, words, when);
        }
        tokens.retain(|t| !dates.iter().any(|d| t.start >= d.start && t.end <= d.end));
        self.numbers(path, words, &tokens);
        self.names(path, &tokens);
    }

    fn contact(&mut self, path: Arguments<'_>, words: &str, contact: &Contact) {
        let Some(found) = words.get(contact.start..contact.end) else { return };
        let held = match contact.kind {
            contact::Kind::Phone => {
                let digits: String = found.chars().filter(char::is_ascii_digit).collect();
                self.source.folded().1.contains(&digits)
            }
            contact::Kind::Email | contact::Kind::Link => self.source.folded().0.contains(&found.to_lowercase()),
        };
        if !held {
            let what = match contact.kind {
                contact::Kind::Phone => "telephone number",
                contact::Kind::Email => "e-mail address",
                contact::Kind::Link => "link",
            };
            self.note(path, format!("{what} not in the request: `{found}`"));
        }
    }

    fn date(&mut self, path: Arguments<'_>, words: &str, when: &When) {
        let held = match when.form {
            Form::Full(date) => {
                self.source.full_dates.binary_search(&date).is_ok() || {
                    // Worked out: either the day and month are given without a year, or the words are relative.
                    let derived = self
                        .source
                        .month_days
                        .binary_search(&(date.month(), date.day()))
                        .is_ok()
                        .then_some("a date without a year")
                        .or_else(|| self.source.origin(date));
                    if let Some(origin) = derived {
                        self.note(path, format!("date worked out from `{origin}`: `{date}`"));
                        return;
                    }
                    false
                }
            }
            Form::MonthDay(month, day) => self.source.month_days.binary_search(&(month, day)).is_ok(),
            // Relative words invent nothing a reader could take for a fact, unless nothing like them is said.
            _ => true,
        };
        if !held {
            let found = words.get(when.start..when.end).unwrap_or("");
            self.note(path, format!("date not in the request: `{found}`"));
        }
    }

    fn numbers(&mut self, path: Arguments<'_>, words: &str, tokens: &[Token<'_>]) {
        let mut proven = BTreeSet::new();
        for (index, token) in tokens.iter().enumerate() {
            if token.kind != Kind::Number || self.source.holds(token.text) {
                continue;
            }
            let Some(value) = number::parse(token.text) else {
                self.note(path, format!("number not in the request: `{}`", token.text));
                continue;
            };
            let scaled = number::at(tokens, index).map_or(value, |(scaled, _)| scaled);
            // Sixty minutes are an hour in every request.
            let minutes = token.text == "60" && index > 0 && tokens.get(index - 1).is_some_and(|t| t.text == "÷");
            if minutes
                || self.source.numbers().binary_search(&value).is_ok()
                || self.source.numbers().binary_search(&scaled).is_ok()
                || proven.contains(&value)
            {
                continue;
            }
            if let Some(sum) = calculation(words, token.start) {
                proven.insert(value);
                self.note(path, format!("calculated, not stated in the request: `{sum}`"));
            } else {
                self.note(path, format!("number not in the request: `{}`", token.text));
            }
        }
    }

    /// Capitalised words in the middle of a sentence, or two of them anywhere.
    fn names(&mut self, path: Arguments<'_>, tokens: &[Token<'_>]) {
        let mut index = 0;
        let mut opens = true;
        while let Some(token) = tokens.get(index) {
            if token.kind != Kind::Word || !token.capital() {
                opens = token.kind == Kind::Mark
                    && (opens || matches!(token.text, "." | "!" | "?" | ":" | "“" | "”" | "\"" | "…"));
                index += 1;
                continue;
            }
            let run = tokens
                .get(index..)
                .unwrap_or(&[])
                .iter()
                .take_while(|t| t.kind == Kind::Word && t.capital())
                .count()
                .max(1);
            let group = tokens.get(index..index + run).unwrap_or(&[]);
            let skip = usize::from(opens && run == 1);
            let unknown: Vec<&str> = group
                .iter()
                .skip(skip)
                .map(|t| t.text)
                .filter(|word| !self.source.holds(word) && !is_everyday(word))
                .collect();
            if let (Some(first), Some(last)) = (unknown.first(), unknown.last()) {
                let name = if first == last { (*first).to_owned() } else { format!("{first} {last}") };
                self.note(path, format!("name not in the request: `{name}`"));
            }
            opens = false;
            index += run;
        }
    }
}

/// Whether a statement may be about what the request does not say: nothing can be quoted for that, but it says "no" in some way.
fn tells_of_absence(words: &str) -> bool {
    const ABSENT: &[&str] = &[
        "no", "not", "none", "nothing", "nobody", "nor", "neither", "never", "without", "missing", "absent", "empty",
        "lacks", "lacking", "omits", "unknown", "unclear", "unstated", "unsaid", "cannot",
    ];
    let word = |token: &Token<'_>| token.any(ABSENT) || token.text.ends_with("n't") || token.text.ends_with("n’t");
    words::tokens(words).iter().any(word)
}

/// The calculation whose result starts at byte `at`, when it is written out and right:
/// `25 × 40 = 1,000`, `2 × 90 × 35 ÷ 60 = 105`.
fn calculation(words: &str, at: usize) -> Option<String> {
    // Between the equals sign and the result there may be a currency.
    let head = words.get(..at)?.trim_end_matches(|c: char| !c.is_ascii_digit() && c != '=');
    let head = head.strip_suffix('=')?;
    let start = head
        .rfind([':', ',', ';'])
        .filter(|i| head.get(i + 1..).is_some_and(|r| r.starts_with(' ')))
        .map_or(0, |i| i + 1);
    let sum = head.get(start..)?.trim();
    // Backwards: figure, sign, figure, as long as it goes on.
    let mut parts = sum.split_whitespace().rev();
    let mut chain = vec![parts.next()?];
    while let (Some(sign), Some(figure)) = (parts.next().filter(|sign| is_sign(sign)), parts.next()) {
        if chain.len() > 16 {
            return None;
        }
        chain.extend([sign, figure]);
    }
    chain.reverse();
    let rest = words.get(at..)?;
    let end = rest.find(|c: char| !(c.is_ascii_digit() || c == ',' || c == '.')).unwrap_or(rest.len());
    let written = rest.get(..end)?.trim_end_matches(['.', ',']);
    let right = chain.len() > 1 && evaluate(&chain)? == number::parse(written)?;
    right.then(|| format!("{} = {written}", chain.join(" ")))
}

fn is_sign(part: &str) -> bool {
    matches!(part, "×" | "x" | "*" | "÷" | "/" | "+" | "−" | "-")
}

/// What figures and signs in turn come to, in hundredths, cut to them; products before sums.
fn evaluate(chain: &[&str]) -> Option<i64> {
    let figure =
        |part: &&str| number::parse(part).filter(|_| part.contains(|c: char| c.is_ascii_digit())).map(i128::from);
    let mut parts = chain.iter();
    // The sum of what came before, and the product that goes on, as fractions of hundredths.
    let (mut sum, mut term) = ((0_i128, 1_i128), (figure(parts.next()?)?, 1_i128));
    while let (Some(sign), Some(value)) = (parts.next(), parts.next()) {
        let value = figure(value)?;
        match *sign {
            "×" | "x" | "*" => term = (term.0.checked_mul(value)?, term.1.checked_mul(100)?),
            "÷" | "/" => term = (term.0.checked_mul(100)?, term.1.checked_mul(value)?),
            sign => {
                sum = add(sum, term)?;
                term = (if matches!(sign, "+") { value } else { -value }, 1);
            }
        }
    }
    let (above, below) = add(sum, term)?;
    i64::try_from(above.checked_div(below)?).ok()
}

fn add(a: (i128, i128), b: (i128, i128)) -> Option<(i128, i128)> {
    let above = a.0.checked_mul(b.1)?.checked_add(b.0.checked_mul(a.1)?)?;
    Some((above, a.1.checked_mul(b.1)?))
}

/// Words that are written with a capital without being anybody's name.
fn is_everyday(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "I",
        "CRM",
        "ERP",
        "VAT",
        "CV",
        "GDPR",
        "SLA",
        "API",
        "IT",
        "PDF",
        "CSV",
        "HTML",
        "URL",
        "OK",
        "EU",
        "UK",
        "US",
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
        "Mon",
        "Tue",
        "Wed",
        "Thu",
        "Fri",
        "Sat",
        "Sun",
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
        "English",
        "German",
        "French",
        "Spanish",
        "Italian",
        "Dutch",
        "Portuguese",
        "Polish",
        "Swedish",
        "Danish",
        "Norwegian",
        "Finnish",
        "Czech",
        "Slovak",
        "Hungarian",
        "Romanian",
        "Turkish",
        "Russian",
        "Ukrainian",
        "Bulgarian",
        "Serbian",
        "Croatian",
        "Slovenian",
        "Greek",
        "Arabic",
        "Hebrew",
        "Persian",
        "Hindi",
        "Bengali",
        "Chinese",
        "Japanese",
        "Korean",
        "Thai",
        "Vietnamese",
        "Indonesian",
        "Catalan",
        "Estonian",
        "Lithuanian",
        "Latvian",
        "A",
        "EUR",
        "USD",
        "GBP",
        "CHF",
    ];
    WORDS.contains(&word)
}
