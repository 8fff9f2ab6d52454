//! The same brief gives the same bytes, and nothing a generator writes chooses where they go.

use super::*;
use crate::brief::Band;
use opspilot_sdk::{BoxFuture, Call, Caution, ConnectorError, Delivered, ErrorKind, Look, Manner, Repeat, Undelivered};
use proptest::prelude::*;
use serde_json::Value;
use std::time::Duration;

struct Desk;

impl Sink for Desk {
    fn manner(&self) -> Manner {
        Manner {
            carries: &[ActionKind::Note, ActionKind::Task, ActionKind::Priority],
            repeat: Repeat::Looked,
            settles_in: Duration::ZERO,
            needs_record: true,
        }
    }

    fn preview(&self, action: &Action) -> Result<Planned, ConnectorError> {
        if action.value.as_deref() == Some("nonsense") {
            return Err(ConnectorError::new(ErrorKind::Rejected, "OP-7500", "there is no such priority"));
        }
        let call = Call {
            method: "POST".into(),
            target: format!("https://desk.example/records/{}", action.record),
            headers: BTreeMap::new(),
            body: json!([action.key, action.title, action.text, action.value, action.due]).to_string(),
        };
        Ok(Planned { call, expect: json!({ "text": action.text }) })
    }

    fn look<'a>(&'a self, _: &'a Write, _: Option<&'a str>) -> BoxFuture<'a, Result<Look, ConnectorError>> {
        panic!("planning looks at nothing")
    }

    fn deliver<'a>(&'a self, _: &'a Write, _: Option<&'a str>) -> BoxFuture<'a, Result<Delivered, Undelivered>> {
        panic!("planning sends nothing")
    }

    fn revert(&self, _: &Write, _: &str, _: Option<&Value>) -> Result<Planned, ConnectorError> {
        Err(ConnectorError::new(ErrorKind::Rejected, "OP-7500", "no way back"))
    }

    fn check(&self) -> BoxFuture<'_, Result<Vec<Caution>, ConnectorError>> {
        panic!("planning checks nothing")
    }
}

fn content(text: &str) -> Content {
    serde_json::from_value(json!({
        "workflow_summary": {"text": text, "quotes": []},
        "priority": {"score": 85, "band": "urgent", "reasons": [{"text": "the line stands still", "quotes": []}]},
        "risk": {"level": "high", "factors": []},
        "recommended_status": {"status": "respond_now", "reason": "somebody waits"},
        "missing_information": [{"field": "budget", "question": "How much may it cost?", "why": "to quote"}],
        "next_actions": [
            {"text": "call back", "owner": "Mike", "due": "2026-12-01", "needs_approval": true},
            {"text": text, "owner": "Ana", "due": null, "needs_approval": true}],
        "pricing_rationale": null,
        "implementation_roadmap": [],
    }))
    .unwrap()
}

fn rule(kind: ActionKind) -> Rule {
    Rule {
        pilot: "north".into(),
        sink: "desk".into(),
        kind,
        each: Each::Brief,
        bands: Vec::new(),
        record: RecordFrom::Subject { before: "[#".into(), behind: "]".into() },
        title: Template::parse("Brief: {workflow_summary}").unwrap(),
        text: Template::parse("{workflow_summary}\n{priority.reasons}").unwrap(),
        values: [(Band::Urgent, "Urgent".to_owned())].into(),
        to: None,
        hour: rule::usual_hour(),
        fields: BTreeMap::new(),
    }
}

fn planner(rules: Vec<Rule>) -> Planner {
    let desk: Arc<dyn Sink> = Arc::new(Desk);
    Planner::new(rules, [("desk".to_owned(), Ok(desk)), ("broken".to_owned(), Err("no key".to_owned()))].into())
}

fn plan(
    rules: Vec<Rule>,
    content: &Content,
    change: impl FnOnce(&mut Envelope, &mut BTreeMap<String, String>),
) -> Plan {
    plan_after(&BTreeSet::new(), rules, content, change)
}

/// The same, after these were taken back.
fn plan_after(
    spent: &BTreeSet<(String, String)>,
    rules: Vec<Rule>,
    content: &Content,
    change: impl FnOnce(&mut Envelope, &mut BTreeMap<String, String>),
) -> Plan {
    let brief = BriefId::parse("brf_01hzy3v9qke8v9b6j2m7c4x5td").unwrap();
    let (mut request, mut targets) =
        (Envelope { raw_subject: "Re: [#4711] pump".into(), ..Envelope::default() }, BTreeMap::new());
    change(&mut request, &mut targets);
    let subject = Subject {
        brief: &brief,
        digest: "rev",
        at: Timestamp::UNIX_EPOCH,
        content,
        request: &request,
        targets: &targets,
        zone: &TimeZone::UTC,
        spent,
    };
    planner(rules).plan("north", &subject)
}

#[test]
fn every_rule_gives_its_writes_or_says_why_not() {
    let rules = vec![
        rule(ActionKind::Note),
        Rule { each: Each::NextAction, title: Template::parse("{action.text}").unwrap(), ..rule(ActionKind::Task) },
        rule(ActionKind::Priority),
        Rule { values: BTreeMap::new(), ..rule(ActionKind::Priority) },
        Rule { values: [(Band::Urgent, "nonsense".to_owned())].into(), ..rule(ActionKind::Priority) },
        Rule { sink: "broken".into(), ..rule(ActionKind::Note) },
        Rule { sink: "nowhere".into(), ..rule(ActionKind::Note) },
        Rule { record: RecordFrom::ByHand, ..rule(ActionKind::Note) },
        Rule { bands: vec![Band::Low], ..rule(ActionKind::Note) },
    ];
    let plan = plan(rules, &content("a pump"), |_, _| {});
    let kinds: Vec<_> = plan.items.iter().map(|item| item.write.kind).collect();
    assert_eq!(kinds, [ActionKind::Note, ActionKind::Task, ActionKind::Task, ActionKind::Priority]);
    assert!(plan.items.iter().all(|item| item.write.record == "4711" && item.digest == item.write.call.digest()));
    let keys: std::collections::BTreeSet<_> = plan.items.iter().map(|item| &item.write.key).collect();
    assert_eq!(keys.len(), 4);
    let codes: Vec<_> = plan.left_out.iter().map(|left| left.code.as_str()).collect();
    assert_eq!(codes, ["OP-7623", "OP-7500", "OP-7620", "OP-7620", "OP-7622"]);
}

#[test]
fn an_action_keeps_its_name_while_rules_of_other_kinds_come_and_go() {
    let tasks = || Rule { each: Each::NextAction, ..rule(ActionKind::Task) };
    let keys = |rules: Vec<Rule>, kind: ActionKind| -> Vec<String> {
        let plan = plan(rules, &content("a pump"), |_, _| {});
        plan.items.iter().filter(|item| item.write.kind == kind).map(|item| item.write.key.clone()).collect()
    };
    let before = vec![rule(ActionKind::Note), tasks()];
    let after = || {
        vec![
            rule(ActionKind::Priority),
            tasks(),
            Rule { sink: "broken".into(), ..rule(ActionKind::Note) },
            rule(ActionKind::Note),
        ]
    };
    for kind in [ActionKind::Note, ActionKind::Task] {
        assert_eq!(keys(before.clone(), kind), keys(after(), kind));
    }
    let two = keys(vec![rule(ActionKind::Note), rule(ActionKind::Note)], ActionKind::Note);
    assert!(two.len() == 2 && two[0] != two[1] && keys(before, ActionKind::Note) == two[..1]);
}

#[test]
fn what_was_taken_back_is_written_again_under_another_name() {
    let rules = || vec![rule(ActionKind::Note), rule(ActionKind::Priority)];
    let mut spent = BTreeSet::new();
    let mut names = BTreeSet::new();
    let first = plan(rules(), &content("a pump"), |_, _| {});
    for _ in 0..4 {
        let now = plan_after(&spent, rules(), &content("a pump"), |_, _| {});
        assert!(names.insert(now.items[0].write.key.clone()), "never under a name that was used");
        assert_eq!(now.items[1], first.items[1], "what was not taken back keeps its name");
        assert_eq!(now.hash() == first.hash(), spent.is_empty(), "and it is approved anew");
        spent.insert(("desk".to_owned(), now.items[0].write.key.clone()));
    }
    let again = plan_after(&spent, rules(), &content("a pump"), |_, targets| {
        targets.insert("desk".into(), "99".into());
    });
    let told = changes(&first, &again);
    assert!(told.len() == 2 && told[0].contains("it has another mark") && told[0].contains("is `99`"), "{told:?}");
}

#[test]
fn a_person_names_the_record_and_text_from_outside_does_only_within_its_marks() {
    let note = || vec![rule(ActionKind::Note)];
    let record = |plan: &Plan| plan.items.first().map(|item| item.write.record.clone());
    let content = content("a pump");
    let named = plan(note(), &content, |_, targets| {
        targets.insert("desk".into(), "99".into());
    });
    assert_eq!(record(&named).as_deref(), Some("99"));
    for hostile in ["[#../admin]", "[#1?x=1]", "[#1/2]", "[#]", "4711", "[#%2e%2e]", "[#..]"] {
        let planned = plan(note(), &content, |request, _| request.raw_subject = hostile.into());
        assert_eq!((record(&planned), planned.left_out.len()), (None, 1), "{hostile}");
    }
}

#[test]
fn what_changed_is_said() {
    let old = plan(vec![rule(ActionKind::Note), rule(ActionKind::Priority)], &content("a pump"), |_, _| {});
    assert_eq!(changes(&old, &old), Vec::<String>::new());
    let other_text = plan(vec![rule(ActionKind::Note), rule(ActionKind::Priority)], &content("a pomp"), |_, _| {});
    assert!(changes(&old, &other_text).iter().any(|line| line.contains("body differs from byte")), "{old:?}");
    let other_record =
        plan(vec![rule(ActionKind::Note), rule(ActionKind::Priority)], &content("a pump"), |_, targets| {
            targets.insert("desk".into(), "99".into());
        });
    assert!(changes(&old, &other_record)[0].contains("the record was `4711` and is `99`"));
    let fewer = plan(vec![rule(ActionKind::Note)], &content("a pump"), |_, _| {});
    assert!(changes(&old, &fewer)[0].contains("no longer planned"));
    assert!(changes(&fewer, &old)[0].contains("in addition"));
}

#[test]
fn templates_know_their_names() {
    for name in template::NAMES {
        assert!(Template::parse(&format!("a {{{name}}} b")).is_ok());
    }
    assert_eq!(Template::parse("{nothing}"), Err(BadTemplate::Unknown("nothing".into())));
    assert_eq!(Template::parse("a {priority.band"), Err(BadTemplate::Open));
    assert!(Template::parse("{{}} }").is_ok());
}

proptest! {
    #[test]
    fn whatever_a_generator_writes_goes_where_the_rules_say(text in "(\\PC|[{}\\n\\[\\]#]|\\{request.id\\}|\\[#1\\]){0,80}") {
        let rules = || vec![rule(ActionKind::Note), Rule { each: Each::NextAction, ..rule(ActionKind::Task) }];
        let (harmless, hostile) = (content("x"), content(&text));
        let (one, other) = (plan(rules(), &harmless, |_, _| {}), plan(rules(), &hostile, |_, _| {}));
        prop_assert_eq!(one.items.len(), other.items.len());
        for (one, other) in one.items.iter().zip(&other.items) {
            prop_assert_eq!(&one.write.call.target, &other.write.call.target);
            prop_assert_eq!((&one.sink, &one.write.record, &one.write.key), (&other.sink, &other.write.record, &other.write.key));
        }
        // Nothing that was filled in is read for names again.
        if text.contains("{request.id}") {
            let kept = other.items[0].write.call.body.contains("{request.id}");
            prop_assert!(kept);
        }
        prop_assert_eq!(plan(rules(), &hostile, |_, _| {}).hash(), other.hash());
        let stored: Plan = serde_json::from_str(&serde_json::to_string(&other).unwrap()).unwrap();
        prop_assert_eq!(stored.hash(), other.hash());
    }
}

#[test]
fn a_rule_is_tried_before_there_is_any_brief() {
    let tried = |change: fn(&mut Rule), example: Option<&str>| {
        let mut rule = rule(ActionKind::Priority);
        change(&mut rule);
        rehearsed(&rule, &Desk, example)
    };
    assert_eq!(tried(|_| {}, Some("1")), None);
    assert_eq!(tried(|rule| rule.record = RecordFrom::Fixed("deals/4711".into()), None), None);
    let word = |rule: &mut Rule| drop(rule.values.insert(Band::Low, "nonsense".into()));
    assert!(tried(word, Some("1")).is_some_and(|why| why.contains("no such priority")));
    assert_eq!(tried(word, None), None, "without knowing what a record looks like nothing can be said");
    assert!(tried(|rule| rule.kind = ActionKind::Message, Some("1")).is_some_and(|why| why.contains("not `message`")));
    assert!(tried(|rule| rule.record = RecordFrom::None, Some("1")).is_some());
}
