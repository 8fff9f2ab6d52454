//! How much work a request counts: who does it, how long, how often.
//!
//! Its own file because a sum of hours is wrong by as many times as there are people or days it forgets.
//! INVARIANT: hours are multiplied by people only where the request says that they are those of each; a period is the one that is stated,
//! never one worked out.

use super::super::read::list::List;
use super::super::read::money::{Money, Per};
use super::super::read::number;
use super::super::read::words::{Kind, Token};
use super::facts::Facts;
use super::quantity::{Quantity, Unit, is_person, period};
use std::ops::Range;

/// A count in the request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Count {
    /// Hundredths.
    pub(super) amount: i64,
    /// First byte.
    pub(super) start: usize,
    /// First byte after it.
    pub(super) end: usize,
}

/// Whose hours they are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Whose {
    /// Of one person, or of nobody in particular.
    One,
    /// Of each of so many.
    Each(Count),
    /// Of each person; how many there are is not said.
    EachOfSome,
    /// Of so many together.
    Together(Count),
    /// Of so many: of each or together is not said.
    Unclear(Count),
    /// For each of so many things.
    Things(Quantity),
    /// One of the figures is a range: no sum follows.
    Range,
}

/// How often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Often {
    /// Not said.
    Unsaid,
    /// Once in each of these.
    Per(Per),
    /// Again and again, at a pace that is no plain period: "twice a week", "every other day".
    Time,
}

/// Work by the hour, with what an hour costs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Labour {
    pub(super) rate: Money,
    /// Hours or minutes.
    pub(super) time: Quantity,
    pub(super) whose: Whose,
    pub(super) often: Often,
    /// "5 days a week", where the hours are those of a day.
    pub(super) days: Option<Count>,
}

/// The work, when the request says how long it takes and what an hour costs.
pub(super) fn find(facts: &Facts<'_>) -> Option<Labour> {
    let rate = *facts.money.iter().find(|money| money.per == Some(Per::Hour))?;
    let time = time(facts)?;
    let sentence = facts.sentence_of(time.start)?;
    let words = Words { facts, range: span(facts, sentence), time };
    let often = words.often();
    let days = words.days().filter(|_| often == Often::Per(Per::Day));
    let ranged = is_range(facts, rate.start, rate.end) || is_range(facts, time.start, time.end);
    let (whose, ranged) = words.whose(sentence, ranged);
    // The things of which each takes so long are counted per period themselves.
    let often = match whose {
        Whose::Things(things) => things.per.map_or(often, Often::Per),
        _ => often,
    };
    let whose = if ranged { Whose::Range } else { whose };
    Some(Labour { rate, time, whose, often, days })
}

/// The time that is spent: hours, or minutes that are not those of each thing.
fn time(facts: &Facts<'_>) -> Option<Quantity> {
    let hours = facts.quantities.iter().find(|quantity| quantity.unit == Unit::Hours);
    let things = facts.quantities.iter().any(|quantity| quantity.unit == Unit::Items);
    let minutes = || {
        facts.quantities.iter().find(|quantity| quantity.unit == Unit::Minutes && (quantity.per.is_some() || !things))
    };
    hours.or_else(minutes).copied()
}

/// The tokens of a sentence.
fn span(facts: &Facts<'_>, sentence: usize) -> Range<usize> {
    let Some(s) = facts.sentences.get(sentence) else { return 0..0 };
    let at = |byte: usize| facts.tokens.partition_point(|token| token.start < byte);
    at(s.start)..at(s.end)
}

/// Whether the figure in these bytes is one end of a range: "2-3 people", "three to four hours".
fn is_range(facts: &Facts<'_>, start: usize, end: usize) -> bool {
    let at = |byte: usize| facts.tokens.partition_point(|token| token.start < byte);
    let figure = |index: usize| number::at(&facts.tokens, index).is_some();
    (at(start).saturating_sub(1)..at(end)).any(|index| {
        let (Some(joint), Some(before)) = (facts.tokens.get(index), index.checked_sub(1)) else { return false };
        let digits = facts.tokens.get(before).is_some_and(|token| token.kind == Kind::Number);
        let joins = joint.any(&["to", "or"]) || matches!(joint.text, "–" | "—") || (joint.text == "-" && digits);
        joins && figure(before) && figure(index + 1)
    })
}

/// The sentence that tells of the time.
struct Words<'f, 'a> {
    facts: &'f Facts<'a>,
    /// Its tokens.
    range: Range<usize>,
    time: Quantity,
}

impl<'a> Words<'_, 'a> {
    fn token(&self, index: usize) -> Option<&Token<'a>> {
        self.facts.tokens.get(index)
    }

    fn is(&self, index: usize, words: &[&str]) -> bool {
        self.token(index).is_some_and(|token| token.any(words))
    }

    /// Whether an amount of money holds this token: what that is per says nothing of the hours.
    fn paid(&self, index: usize) -> bool {
        self.token(index).is_some_and(|token| {
            self.facts.money.iter().any(|money| money.start <= token.start && token.start < money.end)
        })
    }

    /// Where the hours stand among the tokens.
    fn place(&self) -> Range<usize> {
        let at = |byte: usize| self.facts.tokens.partition_point(|token| token.start < byte);
        at(self.time.start)..at(self.time.end)
    }

    fn whose(&self, sentence: usize, ranged: bool) -> (Whose, bool) {
        let each = self.each();
        let own = self.people(self.range.clone(), true);
        // "Two colleagues retype 300 orders, 1 hour each" is an hour for each order; "… spend 1 hour each" is one for each colleague.
        let spent = own.is_some() && (1..4).any(|back| self.spends(back));
        let things = self.things().filter(|_| self.time.per.is_none() && self.time.each && !spent);
        if let Some(things) = things {
            return (Whose::Things(things), ranged || is_range(self.facts, things.start, things.end));
        }
        // "We have four clerks. Each of them spends …"
        let before = || sentence.checked_sub(1).and_then(|before| self.people(span(self.facts, before), false));
        let people = own.or_else(|| before().filter(|_| each));
        let ranged = ranged || people.is_some_and(|people| is_range(self.facts, people.start, people.end));
        let whose = match people {
            Some(people) if people.amount == 100 && !each => Whose::One,
            Some(people) if each => Whose::Each(people),
            Some(people) if self.together() => Whose::Together(people),
            Some(people) => Whose::Unclear(people),
            None if each => Whose::EachOfSome,
            None => Whose::One,
        };
        (whose, ranged)
    }

    /// Whether so many words before the hours somebody spends them.
    fn spends(&self, back: usize) -> bool {
        let before = self.place().start.checked_sub(back).filter(|at| *at >= self.range.start);
        before.and_then(|at| self.token(at)).is_some_and(|token| DOING.has(token.text))
    }

    /// Things counted before the hours in the same sentence.
    fn things(&self) -> Option<Quantity> {
        let first = self.token(self.range.start)?.start;
        let counted = |quantity: &&Quantity| {
            quantity.unit == Unit::Items && quantity.start >= first && quantity.start < self.time.start
        };
        self.facts.quantities.iter().rfind(counted).copied()
    }

    /// People counted among these tokens, those nearest before the hours first. `near` wants them close to the hours.
    fn people(&self, range: Range<usize>, near: bool) -> Option<Count> {
        let place = self.place();
        let mut best: Option<(usize, Count)> = None;
        for index in range {
            if self.paid(index) || place.contains(&index) {
                continue;
            }
            let Some((amount, taken)) = number::at(&self.facts.tokens, index) else { continue };
            let Some(last) = self.counted(index, taken).filter(|_| amount >= 100 && amount % 100 == 0) else {
                continue;
            };
            let gap = if last < place.start { place.start - last } else { 2 + index.saturating_sub(place.end) };
            if near && gap > 10 {
                continue;
            }
            if let (Some(first), Some(end)) = (self.token(index), self.token(last))
                && best.is_none_or(|(nearest, _)| gap <= nearest)
            {
                best = Some((gap, Count { amount, start: first.start, end: end.end }));
            }
        }
        best.map(|(_, people)| people)
    }

    /// The last token of a count of people that begins here: `two people`, `3 of us`, `a team of 4`.
    fn counted(&self, index: usize, taken: usize) -> Option<usize> {
        let mut at = index + taken;
        if self.is(at, &["of"]) {
            if self.is(at + 1, &["us", "them"]) {
                return Some(at + 1);
            }
            at += 1;
        }
        for next in at..at + 3 {
            let token = self.token(next).filter(|token| !token.new_line)?;
            if is_person(token) {
                return Some(next);
            }
            if !(token.kind == Kind::Word || token.text == "-") || number::at(&self.facts.tokens, next).is_some() {
                break;
            }
        }
        let team = index >= 2 && self.is(index - 1, &["of"]) && self.is(index - 2, &["team", "crew", "staff", "group"]);
        team.then(|| index + taken - 1)
    }

    /// Whether the hours are said to be those of each person.
    fn each(&self) -> bool {
        let place = self.place();
        if place.clone().any(|index| self.is(index, &["each", "apiece", "head"]) && !self.is(index + 1, PERIODS))
            || place.clone().any(|index| self.is(index, &["per", "a"]) && self.token(index + 1).is_some_and(is_person))
        {
            return true;
        }
        self.range.clone().filter(|index| !place.contains(index)).any(|index| {
            let Some(next) = self.token(index + 1) else { return false };
            if self.is(index, &["every"]) {
                return is_person(next) || (next.is("one") && self.is(index + 2, &["of"]));
            }
            if self.is(index, &["individually"]) {
                return true;
            }
            if !self.is(index, &["each"]) || next.any(PERIODS) {
                return false;
            }
            let of_people = next.is("of")
                && (index + 2..index + 6)
                    .any(|at| self.is(at, &["us", "them"]) || self.token(at).is_some_and(is_person));
            let behind = index.checked_sub(1).and_then(|at| self.token(at));
            let behind =
                behind.is_some_and(|token| is_person(token) || token.any(&["us", "we", "them", "they", "who"]));
            of_people || behind || is_person(next) || DOING.has(next.text)
        })
    }

    fn together(&self) -> bool {
        self.range.clone().any(|index| {
            self.is(index, &["together", "total", "altogether", "combined", "jointly"])
                || (self.is(index, &["in"]) && self.is(index + 1, &["all"]))
                || (self.is(index, &["between"]) && self.is(index + 1, &["them", "us"]))
        })
    }

    /// The period of the hours: the one behind them, else the one that the sentence names.
    fn often(&self) -> Often {
        if let Some(per) = self.time.per {
            return Often::Per(per);
        }
        let place = self.place();
        let (mut found, mut pace) = (None, false);
        for index in self.range.clone().filter(|index| !place.contains(index) && !self.paid(*index)) {
            let before = index.checked_sub(1);
            if self.is(index, &["every"]) {
                let other = self.is(index + 1, &["other", "second", "few"]);
                pace |=
                    other || number::at(&self.facts.tokens, index + 1).is_some_and(|_| !self.is(index + 1, &["one"]));
            }
            let led = self.is(index, &["per", "a", "an", "each", "every"])
                || self.is(index, &["daily", "weekly", "monthly", "yearly", "annually"]);
            if !led {
                continue;
            }
            // "Every working day" is every day on which there is work.
            let at = index + usize::from(self.is(index + 1, &["working", "business", "single"]));
            let (per, _) =
                if at == index { period(&self.facts.tokens, index) } else { period(&self.facts.tokens, at + 1) };
            let Some(per) = per else { continue };
            if before.is_some_and(|at| self.is(at, &["times", "twice", "thrice"])) {
                pace = true;
            } else if found.is_none() && !before.is_some_and(|at| self.is(at, &["days", "nights", "shifts"])) {
                found = Some(per);
            }
        }
        if pace { Often::Time } else { found.map_or(Often::Unsaid, Often::Per) }
    }

    /// `5 days a week` in the same sentence.
    fn days(&self) -> Option<Count> {
        self.range.clone().find_map(|index| {
            let (amount, taken) = number::at(&self.facts.tokens, index)?;
            let at = index + taken + usize::from(self.is(index + taken, &["working", "business"]));
            let weekly = self.is(at, &["days"]) && period(&self.facts.tokens, at + 1) == (Some(Per::Week), 2);
            let (first, last) = (self.token(index)?, self.token(at + 2)?);
            let week = weekly && amount % 100 == 0 && amount <= 700 && !is_range(self.facts, first.start, last.start);
            week.then_some(Count { amount, start: first.start, end: last.end })
        })
    }
}

/// Words behind "each" that make a period of it.
const PERIODS: &[&str] =
    &["day", "week", "month", "year", "hour", "morning", "evening", "night", "shift", "working", "business", "time"];

/// What people do with hours.
static DOING: List = List::new(&[
    "spend", "spends", "spending", "spent", "take", "takes", "taking", "need", "needs", "work", "works", "working",
    "lose", "loses", "put", "puts", "use", "uses", "waste", "wastes", "invest", "invests", "do", "does", "have", "has",
]);
