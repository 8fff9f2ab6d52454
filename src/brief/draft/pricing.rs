//! Where a price or a payback comes from, with the arithmetic shown.
//!
//! Its own file because every figure in it is either in the request or the result of a written-out
//! calculation over figures that are.
//! INVARIANT: no rate, price or share is assumed; where a figure is missing, the text says which.

use super::super::content::{Quote, Statement};
use super::super::lexicon::RequestKind;
use super::super::read::money::{self, Money, Per};
use super::super::read::number::show;
use super::super::read::words::Token;
use super::cite;
use super::facts::Facts;
use super::labour::{self, Count, Labour, Often, Whose};
use super::quantity::{Quantity, Unit};

/// The rationale, when the request names figures that allow one.
pub(super) fn rationale(facts: &Facts<'_>) -> Option<Statement> {
    let frame = frame(facts);
    let today = frame.and_then(|frame| cost_today(facts, frame.amount.currency));
    let mut work = Work { facts, frame, today, text: String::new(), quotes: Vec::new() };
    let found = work.seats() || work.labour() || work.volume() || work.difference();
    let saved = work.saving();
    work.budget(found || saved);
    (!work.text.is_empty()).then(|| Statement { text: work.text.trim().into(), quotes: work.quotes })
}

/// What the work may cost once.
#[derive(Clone, Copy)]
struct Frame {
    amount: Money,
    /// A budget; else a price.
    budget: bool,
}

/// The budget, or the price where one is on the table.
fn frame(facts: &Facts<'_>) -> Option<Frame> {
    let once = || facts.money.iter().filter(|money| money.per.is_none());
    once().next()?;
    let word = |words: &[&str]| facts.tokens.iter().find(|token| token.any(words)).map(|token| token.start);
    let budget = word(&["budget", "budgeted"]).and_then(|at| {
        let near = |money: &&Money| money.start.abs_diff(at) < 60;
        once().filter(near).min_by_key(|money| money.start.abs_diff(at))
    });
    let asks =
        matches!(facts.kind, RequestKind::Lead | RequestKind::Question | RequestKind::Change | RequestKind::Other);
    let price = || {
        let at = word(&["price", "priced", "quoted", "fee"]).filter(|_| asks)?;
        once().find(|money| {
            money.start > at && money.start - at < 40 && facts.sentence_of(money.start) == facts.sentence_of(at)
        })
    };
    let (amount, budget) = budget.map(|money| (money, true)).or_else(|| Some((price()?, false)))?;
    Some(Frame { amount: *amount, budget })
}

/// What the request says that the present way costs in a period: "it costs us 1,050 EUR a week", "we lose $400 a month". What the rent
/// costs, or whatever else is paid for, is none of it.
fn cost_today(facts: &Facts<'_>, currency: &str) -> Option<Money> {
    let work = |token: &Token<'_>| {
        token.any(&["it", "this", "that", "which", "they", "work", "process", "task", "delays", "errors", "mistakes"])
            || token.text.ends_with("ing")
    };
    let tells = |money: &&Money| {
        let sentence = facts.sentence_of(money.start);
        let at = |byte: usize| facts.tokens.partition_point(|token| token.start < byte);
        let (first, end) = (at(money.start), at(money.end));
        let before = facts.tokens.get(first.saturating_sub(7)..first).unwrap_or(&[]);
        let before: Vec<&Token<'_>> =
            before.iter().filter(|token| facts.sentence_of(token.start) == sentence).collect();
        let costs = before.windows(3).any(|three| {
            matches!(three, [what, verb, whom] if verb.any(&["cost", "costs"]) && whom.any(&["us", "me"]) && work(what))
        });
        let loses = before.iter().any(|token| token.any(&["costing", "lose", "losing", "waste", "wasting"]));
        let spends = before.iter().any(|token| token.any(&["spend", "spending"]))
            && matches!(facts.tokens.get(end..end + 2), Some([on, what]) if on.is("on") && work(what));
        costs || loses || spends
    };
    let period = |money: &&Money| !matches!(money.per, None | Some(Per::Hour | Per::Piece)) && money.amount > 0;
    facts.money.iter().filter(|money| money.currency == currency).filter(period).find(tells).copied()
}

struct Work<'f, 'a> {
    facts: &'f Facts<'a>,
    frame: Option<Frame>,
    /// What the present way costs in a period, by the request's own word, in the currency of the frame.
    today: Option<Money>,
    text: String,
    quotes: Vec<Quote>,
}

impl Work<'_, '_> {
    fn say(&mut self, text: &str) {
        self.text.push(' ');
        self.text.push_str(text);
    }

    fn cite_money(&mut self, money: &Money) -> String {
        self.quotes.extend(self.facts.quote(money.start, money.end));
        cite(self.facts.words(money.start, money.end), 60)
    }

    fn cite_count(&mut self, count: &Count) -> String {
        self.quotes.extend(self.facts.quote(count.start, count.end));
        cite(self.facts.words(count.start, count.end), 60)
    }

    fn cite_quantity(&mut self, quantity: &Quantity) -> String {
        self.quotes.extend(self.facts.quote(quantity.start, quantity.end));
        cite(self.facts.words(quantity.start, quantity.end), 60)
    }

    /// Pieces times the price of one.
    fn seats(&mut self) -> bool {
        let price = self.facts.money.iter().find(|m| m.per == Some(Per::Piece)).copied();
        let Some(price) = price else { return false };
        let count = self
            .facts
            .quantities
            .iter()
            .filter(|q| matches!(q.unit, Unit::Seats | Unit::Items | Unit::People) && q.amount > 100 && !q.each);
        // The count that stands nearest to the price is the one it is meant for.
        let count = count.min_by_key(|q| q.start.abs_diff(price.start)).copied();
        let Some(count) = count else { return false };
        let Some(total) = times(count.amount, price.amount) else { return false };
        let (a, b) = (self.cite_quantity(&count), self.cite_money(&price));
        self.say(&format!(
            "{a} at {b}: {} × {} = {}{}.",
            show(count.amount),
            show(price.amount),
            money::show(total, price.currency),
            period(count.per.or(price.every))
        ));
        true
    }

    /// People, hours and the price of one hour.
    fn labour(&mut self) -> bool {
        let Some(work) = labour::find(self.facts) else { return false };
        let many = match work.whose {
            Whose::Each(people) => Some((people.amount, self.cite_count(&people))),
            Whose::Things(things) => Some((things.amount, self.cite_quantity(&things))),
            _ => None,
        };
        let mut figures: Vec<i64> = many.iter().map(|(amount, _)| *amount).collect();
        figures.extend([work.time.amount, work.rate.amount]);
        let minutes = work.time.unit == Unit::Minutes;
        let Some(total) = product(&figures, if minutes { 60 } else { 1 }) else { return false };
        let (time, rate) = (self.cite_quantity(&work.time), self.cite_money(&work.rate));
        let shown: Vec<String> = figures.iter().map(|figure| show(*figure)).collect();
        let sum = format!(
            "{}{} = {}{}",
            shown.join(" × "),
            if minutes { " ÷ 60" } else { "" },
            money::show(total, work.rate.currency),
            match work.often {
                Often::Unsaid => String::new(),
                Often::Per(per) => period(Some(per)),
                Often::Time => " each time".into(),
            }
        );
        match work.whose {
            Whose::Range => {
                self.say(&format!("{time} at {rate}: one of the figures is a range, so no single sum follows."));
                return true;
            }
            Whose::One => self.say(&format!("{time} at {rate}: {sum}.")),
            Whose::Each(_) | Whose::Things(_) => {
                let many = many.map(|(_, words)| words).unwrap_or_default();
                self.say(&format!("{many} with {time} at {rate}: {sum}."));
            }
            Whose::EachOfSome => self.say(&format!(
                "{time} at {rate}: {sum} for each person; how many people there are is not in the request."
            )),
            Whose::Together(people) => {
                let people = self.cite_count(&people);
                self.say(&format!("{time} of {people} together at {rate}: {sum}."));
            }
            Whose::Unclear(people) => {
                let people = self.cite_count(&people);
                self.say(&format!("{time} at {rate}: {sum}. The request does not say whether this is the time of {people} together or of each of them; it is read as the time of all together."));
            }
        }
        self.days(&work, total);
        true
    }

    /// What the work of a day comes to in a week, where the request says how many days that has; and the payback.
    fn days(&mut self, work: &Labour, total: i64) {
        let Often::Per(per) = work.often else { return };
        let week = work.days.and_then(|days| Some((days, times(total, days.amount)?)));
        let Some((days, weekly)) = week else { return self.payback(total, Some(per), work.rate.currency) };
        let words = self.cite_count(&days);
        self.say(&format!(
            "At {words}: {} × {} = {}{}.",
            show(total),
            show(days.amount),
            money::show(weekly, work.rate.currency),
            period(Some(Per::Week))
        ));
        self.payback(weekly, Some(Per::Week), work.rate.currency);
    }

    /// A volume times the minutes each takes.
    fn volume(&mut self) -> bool {
        // "30 minutes a day" are not those of each thing.
        let each = self.facts.quantities.iter().find(|q| q.unit == Unit::Minutes && q.per.is_none()).copied();
        let volume = self.facts.quantities.iter().find(|q| q.unit == Unit::Items && q.amount >= 500).copied();
        let (Some(each), Some(volume)) = (each, volume) else { return false };
        let Some(minutes) = times(volume.amount, each.amount) else { return false };
        let hours = minutes / 60;
        let (a, b) = (self.cite_quantity(&volume), self.cite_quantity(&each));
        self.say(&format!(
            "{a} at {b}: {} × {} = {} minutes; {} ÷ 60 = {} hours{} that the work takes today.",
            show(volume.amount),
            show(each.amount),
            show(minutes),
            show(minutes),
            show(hours),
            period(volume.per)
        ));
        let rate = self.facts.money.iter().find(|m| m.per == Some(Per::Hour)).copied();
        match rate.and_then(|rate| Some((rate, times(hours, rate.amount)?))) {
            Some((rate, cost)) => {
                let b = self.cite_money(&rate);
                self.say(&format!(
                    "At {b}: {} × {} = {}{}.",
                    show(hours),
                    show(rate.amount),
                    money::show(cost, rate.currency),
                    period(volume.per)
                ));
                self.payback(cost, volume.per, rate.currency);
            }
            None => self.say("What an hour costs is not in the request; with it, the payback follows."),
        }
        true
    }

    /// What was charged less what was expected.
    fn difference(&mut self) -> bool {
        let mut amounts = self.facts.money.iter();
        let (Some(a), Some(b)) = (amounts.next().copied(), amounts.next().copied()) else { return false };
        if amounts.next().is_some() || a.currency != b.currency || a.amount == b.amount {
            return false;
        }
        let wrong = [
            "instead of",
            "rather than",
            "should be",
            "should have been",
            "was quoted",
            "were quoted",
            "agreed",
            "but the invoice",
            "overcharged",
            "went up",
            "increased from",
            "rose from",
        ];
        let lower = self.facts.text.to_ascii_lowercase();
        if !wrong.iter().any(|mark| lower.contains(mark)) {
            return false;
        }
        let (high, low) = if a.amount > b.amount { (a, b) } else { (b, a) };
        let (one, two) = (self.cite_money(&high), self.cite_money(&low));
        self.say(&format!(
            "Between {one} and {two} there is a difference: {} − {} = {}{}.",
            show(high.amount),
            show(low.amount),
            money::show(high.amount - low.amount, high.currency),
            period(a.per.or(b.per))
        ));
        true
    }

    /// The budget.
    fn budget(&mut self, found: bool) {
        let Some(Frame { amount, budget: true }) = self.frame else { return };
        let words = self.cite_money(&amount);
        if found {
            self.say(&format!("The budget named is {words}."));
            return;
        }
        let rate = self.facts.money.iter().any(|money| money.per.is_some());
        let names = match (self.facts.quantities.is_empty(), rate) {
            (true, false) => "no quantity and no rate",
            (true, true) => "no quantity",
            (false, false) => "no rate",
            (false, true) => "no quantity that goes with its rate",
        };
        self.say(&format!("The request sets the frame itself: a budget of {words}. It names {names}, so scope has to be cut to the budget rather than priced from effort."));
    }

    /// What it takes to earn the budget or the price back out of what the request says that it costs today.
    fn saving(&mut self) -> bool {
        let Some(today) = self.today.take() else { return false };
        let words = self.cite_money(&today);
        self.say(&format!("What it costs today is in the request: {words}."));
        self.payback(today.amount, today.per, today.currency);
        true
    }

    fn payback(&mut self, saving: i64, per: Option<Per>, currency: &str) {
        // The request's own word on what it costs goes before what was worked out.
        let (Some(per), Some(frame), None) = (per, self.frame, self.today) else { return };
        if saving <= 0 || frame.amount.currency != currency {
            return;
        }
        let Some(ratio) = frame.amount.amount.checked_mul(100).map(|b| b / saving) else { return };
        let what = if frame.budget {
            "the budget".to_owned()
        } else {
            format!("the price of {}", self.cite_money(&frame.amount))
        };
        self.say(&format!(
            "If all of that cost went away, which is the upper bound of what can be saved, {what} would be earned back in {} ÷ {} = {} {}s.",
            show(frame.amount.amount),
            show(saving),
            show(ratio),
            per.word()
        ));
    }
}

/// The product of two figures in hundredths.
fn times(a: i64, b: i64) -> Option<i64> {
    a.checked_mul(b).map(|product| product / 100)
}

/// The product of figures in hundredths, divided, and cut to hundredths.
fn product(figures: &[i64], divisor: i128) -> Option<i64> {
    let mut product = 100_i128;
    let mut scale = divisor;
    for figure in figures {
        product = product.checked_mul(i128::from(*figure))?;
        scale = scale.checked_mul(100)?;
    }
    i64::try_from(product / scale).ok()
}

fn period(per: Option<Per>) -> String {
    per.map(|per| format!(" a {}", per.word())).unwrap_or_default()
}
