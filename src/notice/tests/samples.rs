//! One of each letter, filled as a real week would fill it, and as somebody hostile would. For tests, and for looking at.

use super::super::report::{Aside, AsideKind, Compared, Decision, Read, Rows, Verdict, Week};
use super::super::*;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn said(text: &str, quotes: &[&str]) -> Said {
    Said { text: text.to_owned(), quotes: quotes.iter().map(|quote| (*quote).to_owned()).collect() }
}

pub(crate) const REQUEST: &str = "Hello,\n\nsince Monday our order confirmations reach customers twice, and some in English although they \
    ordered in German. We have about 400 orders a day. Could you look at it before the sale on 28 November? A fix would be worth up to \
    5,000 euro to us.\n\nOur shop runs at https://shop.example.test/admin?tab=mail, Jonas has the access.\n\nBest regards\nAna Müller\nHead of Operations";

pub(crate) fn sections() -> Sections {
    Sections {
        summary: said(
            "The shop of Müller & Söhne sends order confirmations twice since Monday, some in the wrong language. They ask for a repair before their sale on 28 November.",
            &["since Monday our order confirmations reach customers twice"],
        ),
        score: 78,
        band: "high".to_owned(),
        reasons: vec![
            said("A date is named and it is near.", &["before the sale on 28 November"]),
            said("Customers of the client notice the fault.", &["reach customers twice"]),
        ],
        risk: "medium".to_owned(),
        factors: vec![
            Factor {
                kind: "churn".to_owned(),
                said: said("The sale is important to the client.", &["before the sale on 28 November"]),
            },
            Factor { kind: "personal_data".to_owned(), said: said("Confirmations hold names and addresses.", &[]) },
        ],
        status: "respond_now".to_owned(),
        status_reason: "A near date and a fault that customers see: answer today, with the questions below.".to_owned(),
        missing: vec![
            Question {
                question: "Which mail system sends the confirmations?".to_owned(),
                why: "The fault may lie in the shop or behind it.".to_owned(),
            },
            Question {
                question: "May we look into the shop with Jonas?".to_owned(),
                why: "Nobody else was named who has access.".to_owned(),
            },
        ],
        actions: vec![
            Act {
                text: "Write to Ana Müller with the two questions and a time for a call".to_owned(),
                owner: "Dana".to_owned(),
                due: Some("2026-11-23".to_owned()),
                needs_approval: true,
            },
            Act {
                text: "Look at the queue of the mail system with Jonas".to_owned(),
                owner: "Dana".to_owned(),
                due: Some("2026-11-25".to_owned()),
                needs_approval: false,
            },
        ],
        pricing: Some(said(
            "The client names an upper bound of 5,000 euro for a repair.",
            &["worth up to 5,000 euro to us"],
        )),
        roadmap: vec![
            Phase {
                name: "Find the cause".to_owned(),
                steps: vec!["Compare two doubled mails".to_owned(), "Read the queue's log since Monday".to_owned()],
                exit: "the cause is named and shown to the client".to_owned(),
            },
            Phase {
                name: "Repair and watch".to_owned(),
                steps: vec!["Repair in the test shop".to_owned(), "Watch 400 orders".to_owned()],
                exit: "a day without a doubled mail".to_owned(),
            },
        ],
        unverified: vec![(
            "pricing_rationale".to_owned(),
            "number not in the request: `5000`, which says `5,000`".to_owned(),
        )],
    }
}

pub(crate) fn rows() -> Rows {
    let begin = at("2026-11-15T23:00:00Z");
    let id = |kind: &str, n: i64| format!("{kind}_{n:02}");
    let mut rows = Rows::default();
    let perday = [9, 14, 11, 7, 12, 2, 0];
    let mut n = 0;
    for (day, count) in perday.into_iter().enumerate() {
        for k in 0..count {
            let source = ["mailbox", "website", "mailbox", "partner_csv"][usize::try_from((n + k) % 4).unwrap()];
            rows.arrived.push((
                source.to_owned(),
                id("req", n),
                begin + SignedDuration::from_hours(24 * i64::try_from(day).unwrap() + 8 + k % 9),
            ));
            rows.to_draft.push((id("brf", n), SignedDuration::from_secs(2 + (n * 7) % 40)));
            let missing: &[&str] = match n % 5 {
                0 => &["budget", "deadline"],
                1 | 2 => &["contact"],
                _ => &[],
            };
            rows.drafted.push((id("brf", n), missing.iter().map(|name| (*name).to_owned()).collect()));
            n += 1;
        }
    }
    for k in 0..46 {
        rows.to_decision.push((id("dec", k), SignedDuration::from_mins(20 + (k * 37) % 900)));
        let (verdict, reason) = match k % 12 {
            3 => (Verdict::Minor, Some("the date is the client's, not ours")),
            7 => (
                Verdict::Major,
                Some("This is about the invoice of October, not about a new order; read the attachment."),
            ),
            9 => (Verdict::Reject, Some("spam")),
            _ => (Verdict::Approve, None),
        };
        rows.decisions.push(Decision {
            id: id("dec", k),
            verdict,
            edited: k % 6 == 0,
            reason: reason.map(str::to_owned),
        });
    }
    rows.waiting = (46..n).map(|k| (id("brf", k), SignedDuration::from_hours(k - 40))).collect();
    rows.aside = (0..27).map(aside).collect();
    rows.quarantined = vec![id("qrt", 7), id("qrt", 24)];
    let day = |k: u64| Compared {
        row: format!("receipt {}", 4000 + k * 100),
        at: begin + SignedDuration::from_hours(24 * i64::try_from(k).unwrap() - 23),
        held: 1100 + k * 13,
        open: u64::from(k == 3) * 2,
    };
    let mailbox = Read {
        name: "mailbox".to_owned(),
        proven: Some((at("2026-11-22T22:58:00Z"), "source mailbox".to_owned())),
        compared: (0..8).map(day).collect(),
    };
    let shared = Read { name: "shared-mailbox-of-sales".to_owned(), proven: None, compared: Vec::new() };
    rows.sources = vec![mailbox, shared];
    rows.checkpoint = Some((
        4711,
        "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9".to_owned(),
        at("2026-11-22T22:59:00Z"),
        id("rct", 4711),
    ));
    rows
}

fn aside(k: u64) -> Aside {
    let (kind, reason) = match k {
        0..=14 => (AsideKind::Machine, "an automatic answer: `Auto-Submitted: auto-replied` (OP-2605)"),
        15..=20 => (AsideKind::Machine, "a mailing list: `List-Id` (OP-2605)"),
        21..=22 => (AsideKind::Machine, "a report on delivery: `multipart/report` (OP-2605)"),
        23 => (AsideKind::Quarantined, "the message has more than 1000 parts (OP-2603)"),
        24 => (AsideKind::Quarantined, "the message is empty (OP-2601)"),
        _ => (AsideKind::Ignored, "it answers a letter of ours; what became of it is told by its brief (OP-2824)"),
    };
    Aside { id: format!("qrt_01jd8w2k3m{k:06}"), kind, reason: reason.to_owned(), taken_in: k == 23 }
}

/// All letters by name. With `evil`, every text from outside is that.
pub(crate) fn all(evil: Option<&str>) -> Vec<(&'static str, Notice)> {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let or = |text: &'static str| evil.map_or(text.to_owned(), str::to_owned);
    let (pilot, tenant, title) = (or("order-desk"), or("Müller & Söhne"), or("Order confirmations arrive twice"));
    let because = or("you are a reviewer of this pilot");
    let frame = Frame { pilot: &pilot, tenant: &tenant, zone: &zone, because: &because };
    let item = Item { brief: "brf_01jd8w2k3me9vt5a", request: "req_01jd8w2k3me9vt5a", revision: 2, title: &title };
    let mut sections = sections();
    let mut rows = rows();
    if let Some(evil) = evil {
        let text = evil.to_owned();
        sections.summary = said(evil, &[evil]);
        sections.reasons = vec![said(evil, &[evil])];
        sections.factors = vec![Factor { kind: text.clone(), said: said(evil, &[evil]) }];
        (sections.status, sections.status_reason, sections.band, sections.risk) =
            (text.clone(), text.clone(), text.clone(), text.clone());
        sections.missing = vec![Question { question: text.clone(), why: text.clone() }];
        sections.actions =
            vec![Act { text: text.clone(), owner: text.clone(), due: Some(text.clone()), needs_approval: true }];
        sections.pricing = Some(said(evil, &[evil]));
        sections.roadmap = vec![Phase { name: text.clone(), steps: vec![text.clone()], exit: text.clone() }];
        sections.unverified = vec![(text.clone(), text.clone())];
        rows.arrived.push((text.clone(), text.clone(), at("2026-11-17T10:00:00Z")));
        rows.drafted.push((text.clone(), vec![text.clone()]));
        rows.decisions.push(Decision {
            id: text.clone(),
            verdict: Verdict::Reject,
            edited: false,
            reason: Some(text.clone()),
        });
        rows.aside.push(Aside { reason: text.clone(), ..aside(1) });
        let proven = Some((at("2026-11-22T22:58:00Z"), text.clone()));
        rows.sources = vec![Read { name: text.clone(), proven, compared: Vec::new() }];
        rows.checkpoint = Some((1, text.clone(), at("2026-11-22T22:58:00Z"), text));
    }
    let request = or(REQUEST);
    let attachments = [or("doubled mail.eml"), or("screenshot 2026-11-20.png")];
    let from = or("Ana Müller <ana@client.test>");
    let received = Received {
        from: &from,
        at: at("2026-11-20T15:04:00Z"),
        source: "mailbox",
        text: &request,
        attachments: &attachments,
    };
    let changes = [
        Changed { path: or("priority.score"), before: or("64"), after: or("78") },
        Changed {
            path: or("next_actions[1].text"),
            before: or(""),
            after: or("Look at the queue of the mail system with Jonas"),
        },
    ];
    let outgoing = [Outgoing {
        sink: or("desk"),
        kind: or("note"),
        record: or("4711"),
        call: or(
            "POST https://desk.example/api/tickets/4711/notes\ncontent-type: application/json\n\n{\"text\":\"Checked by hand.\"}",
        ),
    }];
    let how = How { page: Some("https://ops.example.test/briefs/brf_01jd8w2k3me9vt5a"), ..How::ENGLISH };
    let new = NewBrief {
        item,
        sections: &sections,
        received: received.clone(),
        changes: &changes,
        writes: Writes::Shown(&outgoing),
        again: None,
        made: "drafted by embedded",
        how,
    };
    let asked = [or("Mike Chen")];
    let nudge = Nudge {
        item,
        sections: &sections,
        received,
        asked_at: at("2026-11-20T15:04:10Z"),
        waited: SignedDuration::from_mins(65 * 60 + 12),
        asked: &asked,
        asks: Asks::Decision,
        writes: Writes::Shown(&outgoing),
        how,
    };
    let comment = or("Good. Please call before you write.\nM.");
    let done = Decided {
        item,
        by: "Mike Chen",
        what: "approved",
        comment: Some(&comment),
        at: at("2026-11-23T08:12:00Z"),
        by_way_of: "by mail",
        digest: "sha256:b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9",
        next: "The two proposed actions may be carried out as they stand in the brief.",
    };
    let understood = or("Its first line was “Looks good to me”, and that is not one of the words that decide.");
    let written = or("Looks good to me, but call first");
    let waiting = [
        Waiting { item, band: "high", waited: SignedDuration::from_hours(65) },
        Waiting {
            item: Item { title: "Invoice of October is missing a page", ..item },
            band: "normal",
            waited: SignedDuration::from_hours(3),
        },
    ];
    let day = Digest {
        name: "Mike",
        at: at("2026-11-23T07:00:00Z"),
        waiting: &waiting,
        more: 0,
        can_leave: true,
        arrived: 12,
        decided: 9,
        aside: 1,
        page: how.page,
    };
    let week = Week {
        pilot: &pilot,
        tenant: &tenant,
        from: at("2026-11-15T23:00:00Z"),
        until: at("2026-11-22T23:00:00Z"),
        zone: &zone,
        late: false,
        passed_over: false,
    };
    let counted = report::report(&week, &rows);
    let (whose, then) = (or("pilot order-desk"), or("the next generator drafts"));
    let spent = |percent| Alarm {
        whose: &whose,
        period: "2026-11-23",
        used: or("$4.12"),
        limit: or("$5.00"),
        percent,
        then: &then,
    };
    let (sink, figure) = (or("desk"), or("3 of 5 writes failed or are uncertain, more than 50 %"));
    let stopped = Stop { sink: Some(&sink), trigger: &whose, figure: &figure, at: at("2026-11-23T08:12:00Z") };
    vec![
        ("brief", new_brief(&frame, &new)),
        (
            "first_brief",
            new_brief(&frame, &NewBrief { item: Item { revision: 1, ..item }, changes: &[], ..new.clone() }),
        ),
        ("reminder", reminder(&frame, &nudge)),
        ("escalation", escalation(&frame, &nudge)),
        ("decided", decided(&frame, &done)),
        ("unclear", unclear(&frame, &Unclear { item, understood: &understood, written: Some(&written), how })),
        ("refused", refused(&frame, &Refused { item, why: &[or("The reason: you may not decide here (OP-5003).")] })),
        ("late", late(&frame, &Late { item, settled: Some(done), current: None })),
        ("superseded", late(&frame, &Late { item: Item { revision: 1, ..item }, settled: None, current: Some(2) })),
        ("digest", digest(&frame, &day)),
        ("alarm", alarm(&frame, &spent(80))),
        ("end_of_budget", alarm(&frame, &spent(100))),
        ("paused", stop(&frame, &stopped)),
        ("report", report::letter(&frame, &week, &counted, how.page)),
    ]
}
