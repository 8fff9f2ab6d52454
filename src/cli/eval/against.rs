//! `--against approved`: past requests drafted anew and held against what people approved. Own file because it reads the store and
//! compares with people, not with labels. INVARIANT: no effect but its own spend: nothing is stored, decided, sent or told.

use super::figures::{mean, share};
use super::{Eval, quality};
use crate::brief::Content;
use crate::brief::compare::{Likeness, SECTIONS, compare};
use crate::cli::drafter::{Drafted, Drafter, Maker, Stopped, stopped};
use crate::cli::failure::{Ended, Failure, Status};
use crate::cli::setup::Setup;
use crate::cli::table::Table;
use crate::cli::text;
use crate::daemon::House;
use crate::intake::Reading;
use crate::store::{BriefFilter, BriefRow, RevisionRow, StoreError};
use futures_util::StreamExt as _;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Briefs read at once.
const PAGE: u32 = 100;

/// A past request with its approved brief.
struct Past {
    brief: String,
    pilot: String,
    received_at: Timestamp,
    reading: Reading,
    /// What people approved.
    approved: Content,
    /// What the generator made of it then, the last time it did.
    original: Content,
}

/// One that was drafted anew.
struct Redrafted<'p> {
    past: &'p Past,
    drafted: Drafted,
    /// The new draft beside what was approved.
    new: Option<[Likeness; 8]>,
    /// The draft of then beside what was approved.
    old: [Likeness; 8],
}

pub(super) async fn run(eval: &Eval, setup: &Setup) -> Ended {
    setup
        .within(async |house| {
            let maker = eval.maker(house)?;
            let past = gather(house, eval.pilot.as_deref(), eval.limit).await?;
            if past.is_empty() {
                let message = "nothing was approved yet that could be drafted anew; name another pilot, or come back later (OP-7404)";
                return Err(Failure::failed(message));
            }
            let mut rules = BTreeMap::new();
            for one in &past {
                if !rules.contains_key(&one.pilot) {
                    rules.insert(one.pilot.clone(), Drafter::of(&house.settings, &one.pilot)?);
                }
            }
            let bar = setup.out.bar(past.len() as u64, "drafting");
            let (mut done, mut end) = (Vec::with_capacity(past.len()), None);
            let (maker_ref, rules_ref) = (&maker, &rules);
            let halt = std::cell::Cell::new(false);
            let halted = &halt;
            let mut drafts = futures_util::stream::iter(past.iter().enumerate())
                .map(|(place, one)| async move {
                    let rules = rules_ref.get(&one.pilot).ok_or_else(|| Stopped("its pilot is gone".to_owned()));
                    match rules {
                        _ if halted.get() => None,
                        Err(stop) => Some((one, Err(stop))),
                        Ok(rules) => Some((one, maker_ref.draft(rules, &one.reading, one.received_at, place).await)),
                    }
                })
                .buffered(maker.parallel());
            while let Some(outcome) = drafts.next().await {
                match outcome {
                    Some((past, Ok(drafted))) => {
                        let new = drafted.content.as_ref().ok().map(|content| compare(content, &past.approved));
                        let old = compare(&past.original, &past.approved);
                        done.push(Redrafted { past, drafted, new, old });
                        bar.inc(1);
                    }
                    Some((_, Err(stop))) => {
                        halt.set(true);
                        end.get_or_insert(stop);
                    }
                    None => {}
                }
            }
            drop(drafts);
            bar.finish_and_clear();
            report(eval, setup, &maker, &done)?;
            match end {
                Some(stop) => Err(stopped(&stop, done.len(), past.len())),
                None => Ok(Status::Done),
            }
        })
        .await
}

/// The last approved briefs, newest first, with their requests.
async fn gather(house: &House, pilot: Option<&str>, limit: u32) -> Result<Vec<Past>, Failure> {
    let mut filter = BriefFilter {
        pilot: pilot.map(str::to_owned),
        state: Some("approved".to_owned()),
        after: None,
        limit: PAGE.min(limit.max(1)),
    };
    let mut found = Vec::new();
    loop {
        let page = house.store.briefs(&filter).await?;
        for row in &page.items {
            // A pilot that is no longer configured has no boundary by which its requests could be shown.
            if house.settings.boundaries.contains_key(&row.pilot) {
                found.extend(past(house, row).await?);
            }
            if found.len() >= limit as usize {
                return Ok(found);
            }
        }
        match page.next {
            Some(next) => filter.after = Some(next),
            None => return Ok(found),
        }
    }
}

/// One of them; none where its request was erased.
async fn past(house: &House, row: &BriefRow) -> Result<Option<Past>, Failure> {
    let revisions = match house.store.revisions(&row.id).await {
        Err(StoreError::Erased { .. }) => return Ok(None),
        revisions => revisions?,
    };
    let stands = revisions.iter().find(|revision| revision.number == row.revision);
    let drafted = RevisionRow::draft_of(&revisions, row.revision);
    let (Some(stands), Some(drafted)) = (stands, drafted) else { return Ok(None) };
    let request = house.store.request(&row.id.request()).await?.request;
    if request.text.trim().is_empty() {
        return Ok(None);
    }
    Ok(Some(Past {
        brief: row.id.to_string(),
        pilot: row.pilot.clone(),
        received_at: request.received_at,
        approved: Content::from_json(&stands.content)?,
        original: Content::from_json(&drafted.content)?,
        reading: Reading {
            sender_name: request.sender_name,
            organisation: request.organisation,
            subject: request.subject,
            text: request.text,
            attachments: usize::try_from(request.attachments).unwrap_or(0),
        },
    }))
}

fn report(eval: &Eval, setup: &Setup, maker: &Maker, done: &[Redrafted<'_>]) -> Result<(), Failure> {
    let at = |section: usize, side: &dyn Fn(&Redrafted<'_>) -> Option<f64>| {
        let shares: Vec<f64> = done.iter().filter_map(side).collect();
        let equal = shares.iter().filter(|share| **share == 1.0).count();
        (mean(&shares), share(equal, shares.len()), SECTIONS.get(section).copied().unwrap_or(""))
    };
    let new = |section: usize| move |one: &Redrafted<'_>| one.new.as_ref()?.get(section).map(|likeness| likeness.share);
    let old = |section: usize| {
        move |one: &Redrafted<'_>| one.new.as_ref().and_then(|_| one.old.get(section)).map(|likeness| likeness.share)
    };
    let drafts: Vec<_> = done.iter().map(|one| (None, &one.drafted)).collect();
    let lines = quality::lines(&drafts, &[]);
    if setup.out.json {
        let sections: Vec<Value> = (0..SECTIONS.len())
            .map(|section| {
                let (alike, equal, name) = at(section, &new(section));
                let (alike_then, equal_then, _) = at(section, &old(section));
                json!({ "section": name, "alike": alike, "equal": equal, "alike_then": alike_then, "equal_then": equal_then })
            })
            .collect();
        let items: Option<Vec<Value>> = eval.items.then(|| done.iter().map(item).collect());
        return setup.out.json(&json!({
            "against": "approved", "generator": eval.generator, "prompt_hash": maker.prompt_hash(), "items": done.len(),
            "drafted": done.iter().filter(|one| one.new.is_some()).count(), "sections": sections,
            "figures": quality::to_json(&lines), "briefs": items,
        }));
    }
    if eval.items {
        for one in done {
            setup.out.text(&setup.out.bold(&format!("{} ({})", one.past.brief, one.past.pilot)))?;
            match (&one.new, &one.drafted.content) {
                (Some(new), _) => {
                    for likeness in new.iter().filter(|likeness| likeness.share < 1.0) {
                        let (percent, differs) = (likeness.share * 100.0, text::one_line(&likeness.differs));
                        setup.out.text(&format!("  {:<24} {percent:>3.0} % alike: {differs}", likeness.section))?;
                    }
                }
                (None, Err(code)) => setup.out.text(&format!("  no brief ({code})"))?,
                (None, Ok(_)) => {}
            }
        }
        setup.out.text("\n")?;
    }
    setup.out.text(&format!(
        "{} drafted anew by `{}`, beside what people approved; nothing was stored\n",
        text::count(done.len(), "request"),
        eval.generator
    ))?;
    let mut table = Table::new(&["section", "alike now", "95 %", "equal now", "alike then", "equal then"]);
    for section in 0..SECTIONS.len() {
        let (alike, equal, name) = at(section, &new(section));
        let (alike_then, equal_then, _) = at(section, &old(section));
        let percent = |figure: Option<super::figures::Figure>| {
            figure.map_or_else(|| "-".to_owned(), |figure| format!("{:.1} %", figure.value * 100.0))
        };
        let span =
            alike.map_or_else(String::new, |alike| format!("{:.1} to {:.1}", alike.low * 100.0, alike.high * 100.0));
        table.row([name.to_owned(), percent(alike), span, percent(equal), percent(alike_then), percent(equal_then)]);
    }
    setup.out.table(&table)?;
    setup.out.text("\n")?;
    super::show_lines(setup, &lines)
}

fn item(one: &Redrafted<'_>) -> Value {
    let likeness = |list: &[Likeness; 8]| -> Value {
        list.iter()
            .map(|likeness| {
                (likeness.section.to_owned(), json!({ "alike": likeness.share, "differs": likeness.differs }))
            })
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    json!({
        "brief": one.past.brief, "pilot": one.past.pilot, "refused": one.drafted.content.as_ref().err(),
        "now": one.new.as_ref().map(likeness), "then": likeness(&one.old), "generator": one.drafted.generator,
    })
}
