//! The queue as people ask for it: filters in words, a search behind masks, and whose hand a brief is in. Own file because desk, API,
//! command line and saved views take exactly these filters. INVARIANT: a search finds words only where the pilot's boundary shows them.

use super::Particulars;
use crate::brief::Band;
use crate::domain::form;
use crate::domain::id::BriefId;
use crate::policy::Principal;
use crate::screen::{Boundary, screen};
use crate::store::{
    MOST_SEARCHED, QueueFilter, QueueHolder, QueuePage, QueuePlace, QueueRow, Search, Store, StoreError,
};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// The states of briefs that wait.
pub const WAITING: [&str; 3] = ["open", "amending", "redrafting"];
/// The levels of risk.
pub const RISKS: [&str; 4] = ["low", "medium", "high", "critical"];
/// The bands of priority, the most urgent first.
pub const BANDS: [&str; 4] = ["urgent", "high", "normal", "low"];
/// The longest text that is searched for, in characters.
const MAX_TEXT: usize = 100;

/// A filter that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} (OP-4014)")]
pub struct NotAFilter {
    what: String,
}

/// Which briefs of the queue are wanted, in the words of addresses and saved views.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Of this pilot.
    pub pilot: Option<String>,
    /// In this state.
    pub state: Option<String>,
    /// Of this band of priority.
    pub band: Option<String>,
    /// Of this level of risk.
    pub risk: Option<String>,
    /// In whose hand: `me`, `nobody`, or a person's name.
    pub holder: Option<String>,
    /// With these words in the subject.
    pub text: Option<String>,
    /// Waiting for at least so long: a number with `m`, `h` or `d`.
    pub age: Option<String>,
}

impl Wanted {
    /// The names of the filters.
    pub const KEYS: [&'static str; 7] = ["pilot", "state", "band", "risk", "holder", "text", "age"];

    /// Reads filters; an empty one counts as absent.
    ///
    /// # Errors
    /// [`NotAFilter`] says which is wrong, and what would be right.
    pub fn read<'a>(find: impl Fn(&'static str) -> Option<&'a str>) -> Result<Self, NotAFilter> {
        let get = |name| find(name).map(str::trim).filter(|text: &&str| !text.is_empty()).map(str::to_owned);
        let word = |name, words: &[&str]| match get(name) {
            Some(word) if !words.contains(&word.as_str()) => {
                let shown: String = word.chars().take(40).collect();
                Err(NotAFilter { what: format!("`{shown}` is no {name}; use one of {}", words.join(", ")) })
            }
            word => Ok(word),
        };
        let wanted = Self {
            pilot: get("pilot"),
            state: word("state", &WAITING)?,
            band: word("band", &BANDS)?,
            risk: word("risk", &RISKS)?,
            holder: get("holder"),
            text: get("text"),
            age: get("age"),
        };
        if wanted.text.as_ref().is_some_and(|text| text.chars().count() > MAX_TEXT) {
            return Err(NotAFilter { what: format!("the text is longer than {MAX_TEXT} characters; search for less") });
        }
        wanted.least()?;
        Ok(wanted)
    }

    /// Reads the query string of a saved view.
    ///
    /// # Errors
    /// [`NotAFilter`], also for a filter that is not known or stands twice.
    pub fn parse(query: &str) -> Result<Self, NotAFilter> {
        let wrong = |what: &str| NotAFilter { what: what.to_owned() };
        let pairs = form::pairs(query).ok_or_else(|| wrong("the query is not properly percent-encoded UTF-8"))?;
        for (place, (name, _)) in pairs.iter().enumerate() {
            let shown: String = name.chars().take(40).collect();
            if !Self::KEYS.contains(&name.as_str()) {
                return Err(wrong(&format!("there is no filter `{shown}`; use {}", Self::KEYS.join(", "))));
            }
            if pairs.iter().take(place).any(|(other, _)| other == name) {
                return Err(wrong(&format!("the filter `{shown}` stands twice; give it once")));
            }
        }
        Self::read(|name| pairs.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str()))
    }

    /// The filters that are set, in their order.
    pub fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let values = [&self.pilot, &self.state, &self.band, &self.risk, &self.holder, &self.text, &self.age];
        Self::KEYS.into_iter().zip(values).filter_map(|(name, value)| Some((name, value.as_deref()?)))
    }

    /// The filters as a query string, for an address or a saved view.
    #[must_use]
    pub fn query(&self) -> String {
        form::query(self.pairs())
    }

    /// For how long it must have waited.
    fn least(&self) -> Result<Option<SignedDuration>, NotAFilter> {
        let Some(text) = &self.age else { return Ok(None) };
        let hours = |count: i64, unit: &str| match unit {
            "m" => Some(SignedDuration::from_mins(count)),
            "h" => Some(SignedDuration::from_hours(count)),
            "d" => Some(SignedDuration::from_hours(count * 24)),
            _ => None,
        };
        let split = text.len().checked_sub(1).filter(|at| text.is_char_boundary(*at)).map(|at| text.split_at(at));
        let read = split.and_then(|(count, unit)| {
            let count = count.parse::<i64>().ok().filter(|count| (0..=9999).contains(count))?;
            hours(count, unit)
        });
        let shown: String = text.chars().take(40).collect();
        let what = format!("`{shown}` is no length of time; write a number with `m`, `h` or `d`, such as `4h`");
        read.map(Some).ok_or(NotAFilter { what })
    }
}

/// A brief in the queue, as people may see it.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Where it stands.
    pub row: QueueRow,
    /// Its request's particulars with their masks; empty for a pilot that is no longer configured.
    pub particulars: Particulars,
    /// What people call it by: its subject, or else the beginning of its text, with masks.
    pub title: Option<String>,
}

/// The longest title made of a text, in characters.
const MAX_TITLE: usize = 80;

impl Waiting {
    fn of(row: &QueueRow, boundary: Option<&Boundary>) -> Self {
        let particulars = boundary.map(|boundary| Particulars::of(&row.request, boundary)).unwrap_or_default();
        let is_said = |text: &String| !text.trim().is_empty();
        let first = |boundary: &Boundary| {
            let masked = screen(&row.request.text, boundary).text;
            let line = masked.lines().map(str::trim).find(|line| !line.is_empty())?;
            let cut = if line.chars().count() > MAX_TITLE { "…" } else { "" };
            Some(line.chars().take(MAX_TITLE).collect::<String>() + cut)
        };
        let title = particulars.subject.clone().filter(is_said);
        let title = title.or_else(|| if row.request.subject.is_none() { first(boundary?) } else { None });
        Self { row: row.clone(), particulars, title }
    }
}

/// A page of the queue, as people may see it.
#[derive(Clone, Debug)]
pub struct Queue {
    /// The briefs.
    pub items: Vec<Waiting>,
    /// The page they were read with: counts, and where the next begins.
    pub page: QueuePage,
    /// At which moment.
    pub now: Timestamp,
}

/// Which part of the queue, for whom.
#[derive(Clone, Debug)]
pub struct Part<'a> {
    /// Whoever asks.
    pub principal: &'a Principal,
    /// The pilots they may see; `None`: all.
    pub pilots: Option<Vec<String>>,
    /// Behind this place.
    pub after: Option<QueuePlace>,
    /// How many at most.
    pub limit: u32,
    /// Now.
    pub now: Timestamp,
}

/// The queue, as far as `part` goes.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn queue(
    store: &Store,
    boundaries: &BTreeMap<String, Boundary>,
    wanted: &Wanted,
    part: Part<'_>,
) -> Result<Queue, StoreError> {
    let now = part.now;
    let page = listed(store, boundaries, wanted, part).await?;
    let items = page.items.iter().map(|row| Waiting::of(row, boundaries.get(&row.brief.pilot))).collect();
    Ok(Queue { items, page, now })
}

/// The same as it is kept, for whoever wants to know its order and shows none of it.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn listed(
    store: &Store,
    boundaries: &BTreeMap<String, Boundary>,
    wanted: &Wanted,
    part: Part<'_>,
) -> Result<QueuePage, StoreError> {
    let holder = match wanted.holder.as_deref() {
        None => QueueHolder::Any,
        Some("me") => QueueHolder::Person(part.principal.user.clone()),
        Some("nobody") => QueueHolder::Nobody,
        Some(name) => match store.person(name).await {
            Ok(person) => QueueHolder::Person(person.id.to_string()),
            // Nobody of that name holds anything; whether there is such a person is not told.
            Err(StoreError::NotFound { .. }) => QueueHolder::Person("?".into()),
            Err(error) => return Err(error),
        },
    };
    let filter = QueueFilter {
        pilots: part.pilots,
        state: wanted.state.clone(),
        lane: wanted.band.as_ref().and_then(|band| BANDS.iter().position(|known| known == band)).map(|lane| lane as u8),
        risk: wanted.risk.clone(),
        holder,
        me: part.principal.user.clone(),
        before: wanted.least().ok().flatten().map(|least| part.now.checked_sub(least).unwrap_or(Timestamp::MIN)),
        after: part.after,
        limit: part.limit,
        now: part.now,
    };
    let masked = |row: &QueueRow| {
        let boundary = boundaries.get(&row.brief.pilot);
        boundary.map(|boundary| Particulars::of(&row.request, boundary)).unwrap_or_default()
    };
    match wanted.text.as_deref().map(str::to_lowercase) {
        None => store.queue(&filter, None).await,
        Some(words) => {
            let has = |text: &str| text.to_lowercase().contains(&words);
            let named = |brief: &BriefId| brief.as_str() == words || brief.request().as_str() == words;
            // The words as they came are only asked to save masking what cannot match: a mask never adds letters that are found.
            let may = |brief: &BriefId, subject: Option<&str>| named(brief) || subject.is_some_and(has);
            let is = |row: &QueueRow| named(&row.brief.id) || masked(row).subject.as_deref().is_some_and(has);
            store.queue(&filter, Some(&Search { may: &may, is: &is })).await
        }
    }
}

/// The band of a lane.
#[must_use]
pub fn band(lane: u8) -> &'static str {
    BANDS.get(usize::from(lane)).copied().unwrap_or("low")
}

/// What people are told when a search left briefs out.
#[must_use]
pub fn unsearched(page: &QueuePage) -> Option<String> {
    (page.unsearched > 0).then(|| {
        format!("searched the first {MOST_SEARCHED} briefs; {} further ones were not: add a filter", page.unsearched)
    })
}

/// Lanes of the store and bands of briefs are the same; said here because neither room knows the other.
const _: () = assert!(Band::ALL.len() == BANDS.len());
