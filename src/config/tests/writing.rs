//! Sinks, actions, triggers and a pilot's terms: what is read, what is refused, and that nothing is opened by leaving something out.

use super::{PILOT, bad, brief, good};
use crate::brief::Band;
use crate::config::keys::{self, Shape};
use crate::config::{Settings, show};
use crate::domain::writeback::{Terms, Watched};
use crate::plan::{Each, Recipient, RecordFrom, Rule};
use opspilot_sdk::ActionKind;

const SINK: &str = "[[sink]]\nname='crm'\nkind='redmine'\n";

/// An action of the one pilot through the one sink; its table begins at line 8, its own keys at line 11.
fn with(action: &str) -> String {
    format!("{PILOT}{SINK}[[action]]\npilot='a'\nsink='crm'\n{action}")
}

fn rule(action: &str) -> Rule {
    good(&with(action)).rules.remove(0)
}

/// A trigger of the one pilot; its table begins at line 8, its own keys at line 10.
fn trigger(keys: &str) -> String {
    format!("{PILOT}{SINK}[[trigger]]\npilot='a'\n{keys}")
}

fn round(settings: &Settings) {
    let shown = show(settings);
    assert_eq!(show(&good(&shown)), shown, "what is shown says the same when it is read");
}

#[test]
fn nothing_is_open_unless_it_is_written() {
    let pilot = &good(PILOT).pilots[0];
    assert_eq!(pilot.terms, Terms::manual());
    assert_eq!((pilot.undo_window.as_secs(), pilot.triggers.len()), (30, 0));
}

#[test]
fn the_words_are_those_of_the_rooms() {
    let words = |section, name| match keys::get(section, name).unwrap().shape {
        Shape::Choice(words) => words.to_vec(),
        _ => Vec::new(),
    };
    assert_eq!(words("action", "kind"), ActionKind::ALL.map(ActionKind::as_str));
    let mut watched = words("trigger", "watch");
    watched.sort_unstable();
    let mut all = Watched::ALL.map(Watched::as_str);
    all.sort_unstable();
    assert_eq!(watched, all);
    assert!(Band::ALL.iter().all(|band| keys::get("action.values", band.as_str()).is_some()));
}

#[test]
fn a_pilot_runs_from_its_first_to_its_last_day_on_its_own_wall() {
    let text = format!(
        "{PILOT}level=4\nstarts='2026-12-01'\nends='2026-12-31'\nflag_by_two=true\nundo_window_secs=0\ntime_zone='Europe/Berlin'\n\
         [pilot.automation]\nkinds=['message']\nmin_reviewed=200\nmin_approval_percent=90\nmax_edit_percent=20\nmax_incidents=0\nmin_catch_percent=80\n"
    );
    let settings = good(&text);
    let pilot = &settings.pilots[0];
    let (from, until) = pilot.terms.window;
    assert_eq!(from.unwrap().to_string(), "2026-11-30T23:00:00Z");
    assert_eq!(until.unwrap().to_string(), "2026-12-31T23:00:00Z", "the last day is a day of the pilot");
    assert_eq!((pilot.terms.level, pilot.terms.two_people, pilot.undo_window.as_secs()), (4, true, 0));
    let automation = pilot.terms.automation.as_ref().unwrap();
    assert_eq!(automation.kinds, [ActionKind::Message]);
    let figures = [automation.min_reviewed, automation.min_approval, automation.max_edit];
    assert_eq!((figures, automation.max_incidents, automation.min_catch), ([200, 90, 20], 0, 80));
    round(&settings);
}

#[test]
fn a_sink_has_its_limits_and_its_options() {
    let settings =
        good(&format!("{PILOT}{SINK}requests_per_minute=30\noptions={{base_url='https://x', token='hunter2'}}\n"));
    let sink = &settings.sinks[0];
    assert_eq!((sink.name.as_str(), sink.kind.as_str()), ("crm", "redmine"));
    assert_eq!((sink.requests_per_minute, sink.parallel), (Some(30), 4));
    assert!(!show(&settings).contains("hunter2"), "{}", show(&settings));
    round(&settings);
}

#[test]
fn an_action_becomes_a_rule() {
    let note = rule("kind='note'\n");
    assert_eq!((note.kind, note.each, note.record.clone()), (ActionKind::Note, Each::Brief, RecordFrom::None));
    assert!(note.bands.is_empty() && note.to.is_none() && !note.text.speaks_of("action"));
    let task = rule("kind='task'\nrecord='subject'\nrecord_before='[#'\nrecord_behind=']'\nbands=['urgent']\n");
    assert_eq!((task.each, task.bands.as_slice()), (Each::NextAction, [Band::Urgent].as_slice()));
    assert_eq!(task.record, RecordFrom::Subject { before: "[#".into(), behind: "]".into() });
    assert!(task.title.speaks_of("action"));
    let asked = rule("kind='note'\neach='missing_information'\nrecord_id='4711'\n");
    assert!(asked.title.speaks_of("missing") && asked.record == RecordFrom::Fixed("4711".into()));
    let priority =
        rule("kind='priority'\nrecord='by_hand'\n[action.values]\nhigh='High'\n[action.fields]\ntracker_id='3'\n");
    assert_eq!((priority.values[&Band::High].as_str(), priority.fields["tracker_id"].as_str()), ("High", "3"));
    let event = rule("kind='event'\nto_address='ann@example.org'\nat='14:30'\nminutes=45\n");
    assert_eq!(event.to, Some(Recipient::Fixed("ann@example.org".into())));
    assert_eq!((event.hour.0.to_string().as_str(), event.hour.1.as_mins()), ("14:30:00", 45));
    let message = rule(
        "kind='message'\nto='sender'\nrecord='external_id'\ntitle='Re: {request.subject}'\ntext='We {{hear}} you.'\n",
    );
    assert_eq!((message.to, message.record), (Some(Recipient::Sender), RecordFrom::ExternalId));
}

#[test]
fn what_is_shown_of_actions_can_be_read_again() {
    for action in [
        "kind='note'\n",
        "kind='task'\nrecord='subject'\nrecord_before='[#'\nrecord_behind=']'\nbands=['urgent','low']\n",
        "kind='note'\neach='missing_information'\nrecord_id='4711'\ntext='{{not a name}} {missing.why}'\n",
        "kind='priority'\nrecord='by_hand'\n[action.values]\nhigh='High'\n[action.fields]\ntracker_id='3'\n",
        "kind='event'\nto_address='ann@example.org'\nat='14:30'\nminutes=45\n",
    ] {
        round(&good(&with(action)));
    }
}

#[test]
fn what_no_plan_could_carry_out_is_refused() {
    let cases: &[(&str, &str, &str, usize)] = &[
        ("OP-1005", "", "action[0].kind", 8),
        ("OP-1006", "kind='notes'\n", "action[0].kind", 11),
        ("OP-1006", "kind='note'\ntext='{workflow_sumary}'\n", "action[0].text", 12),
        ("OP-1006", "kind='note'\ntitle='{'\n", "action[0].title", 12),
        ("OP-1015", "kind='note'\ntext='{action.text}'\n", "action[0].text", 12),
        ("OP-1015", "kind='task'\ntext='{missing.why}'\n", "action[0].text", 12),
        ("OP-1015", "kind='task'\neach='missing_information'\ntitle='{action.text}'\n", "action[0].title", 13),
        ("OP-1005", "kind='priority'\n", "action[0].values", 8),
        ("OP-1015", "kind='priority'\neach='next_action'\nvalues={low='Low'}\n", "action[0].each", 12),
        ("OP-1006", "kind='priority'\nvalues={low=' '}\n", "action[0].values.low", 12),
        ("OP-1003", "kind='priority'\nvalues={lo='Low'}\nrecord_id='1'\n", "action[0].values.lo", 12),
        ("OP-1015", "kind='note'\nvalues={low='Low'}\n", "action[0].values", 12),
        ("OP-1006", "kind='note'\nbands=['urgnt']\n", "action[0].bands", 12),
        ("OP-1006", "kind='note'\nbands=[]\n", "action[0].bands", 12),
        ("OP-1015", "kind='note'\nrecord='none'\nrecord_id='1'\n", "action[0].record", 12),
        ("OP-1006", "kind='note'\nrecord_id='../1'\n", "action[0].record_id", 12),
        ("OP-1006", "kind='note'\nrecord_id='deals/1/2'\n", "action[0].record_id", 12),
        ("OP-1006", "kind='note'\nrecord_id='deals/'\n", "action[0].record_id", 12),
        ("OP-1005", "kind='note'\nrecord='subject'\nrecord_before='#'\n", "action[0].record_behind", 8),
        (
            "OP-1006",
            "kind='note'\nrecord='subject'\nrecord_before='#'\nrecord_behind=''\n",
            "action[0].record_behind",
            14,
        ),
        ("OP-1015", "kind='note'\nrecord_before='#'\n", "action[0].record_before", 12),
        ("OP-1004", "kind='note'\nfields=3\n", "action[0].fields", 12),
        ("OP-1004", "kind='note'\nfields={a=3}\n", "action[0].fields.a", 12),
        ("OP-1005", "kind='event'\n", "action[0].to", 8),
        ("OP-1015", "kind='event'\nto='sender'\neach='brief'\n", "action[0].each", 13),
        ("OP-1006", "kind='event'\nto='sender'\nat='9'\n", "action[0].at", 13),
        ("OP-1005", "kind='message'\nto='sender'\ntitle='x'\n", "action[0].text", 8),
        ("OP-1005", "kind='message'\ntitle='x'\ntext='x'\n", "action[0].to", 8),
        ("OP-1006", "kind='message'\nto_address='a@b, c@d.e'\ntitle='x'\ntext='x'\n", "action[0].to_address", 12),
        (
            "OP-1015",
            "kind='message'\nto='sender'\nto_address='a@b.c'\ntitle='x'\ntext='x'\n",
            "action[0].to_address",
            13,
        ),
        ("OP-1006", "kind='message'\nto='requestor'\ntitle='x'\ntext='x'\n", "action[0].to", 12),
        ("OP-1015", "kind='note'\nto='sender'\n", "action[0].to", 12),
        ("OP-1015", "kind='task'\nminutes=30\n", "action[0].minutes", 12),
    ];
    for (code, action, key, line) in cases {
        let problems = bad(&with(action));
        assert_eq!(brief(&problems), [(*code, *key, *line)], "{action}");
        assert!(!problems[0].help.is_empty(), "a remedy is missing: {}", problems[0]);
    }
    let help = |action: &str| bad(&with(action))[0].help.clone();
    assert!(help("kind='note'\ntext='{workflow_sumary}'\n").contains("`{workflow_summary}`"));
    assert!(help("kind='note'\nbands=['urgnt']\n").contains("`urgent`"));
}

#[test]
fn a_sink_carries_what_its_actions_ask_for() {
    let text = |options: &str, action: &str| {
        with(action).replace("kind='redmine'\n", &format!("kind='redmine'\noptions={options}\n"))
    };
    let told = |options: &str, action: &str| bad(&text(options, action)).remove(0);
    let problem = told("{only='note'}", "kind='task'\n");
    assert_eq!(brief(std::slice::from_ref(&problem)), [("OP-1015", "action[0].kind", 12)]);
    assert!(problem.message.contains("carries `note`, and not `task`"), "{problem}");
    let problem = told("{records='deals/1'}", "kind='note'\n");
    assert_eq!(brief(std::slice::from_ref(&problem)), [("OP-1015", "action[0].record", 9)]);
    assert!(problem.message.contains("such as `deals/1`"), "{problem}");
    good(&text("{only='note', records='1'}", "kind='note'\nrecord='by_hand'\n"));
}

#[test]
fn sinks_triggers_and_terms_are_judged_likewise() {
    let pilot = |keys: &str| format!("{PILOT}{keys}");
    let whole = "kinds=['event']\nmin_reviewed=1\nmin_approval_percent=1\nmax_edit_percent=1\nmax_incidents=1\nmin_catch_percent=1\n";
    let automation = |from: &str, to: &str| format!("{PILOT}[pilot.automation]\n{}", whole.replace(from, to));
    let cases: &[(&str, String, &str, usize)] = &[
        ("OP-1009", format!("{PILOT}[[sink]]\nname='crm'\nkind='redmin'\n"), "sink[0].kind", 7),
        ("OP-1010", format!("{PILOT}{SINK}options={{bogus=1}}\n"), "sink[0].options.bogus", 8),
        ("OP-1003", format!("{PILOT}{SINK}base_url='https://x'\n"), "sink[0].base_url", 8),
        ("OP-1006", format!("{PILOT}{SINK}parallel=0\n"), "sink[0].parallel", 8),
        ("OP-1007", format!("{PILOT}{SINK}{SINK}"), "sink[1].name", 9),
        ("OP-1008", with("kind='note'\n").replace("sink='crm'", "sink='crn'"), "action[0].sink", 10),
        ("OP-1008", with("kind='note'\n").replace("pilot='a'", "pilot='b'"), "action[0].pilot", 9),
        ("OP-1006", pilot("level=5\n"), "pilot[0].level", 5),
        ("OP-1006", pilot("starts='soon'\n"), "pilot[0].starts", 5),
        ("OP-1015", pilot("starts='2026-12-02'\nends='2026-12-01'\n"), "pilot[0].ends", 6),
        ("OP-1005", automation("min_reviewed=1\n", ""), "pilot[0].automation.min_reviewed", 5),
        ("OP-1006", automation("['event']", "['note']"), "pilot[0].automation.kinds", 6),
        ("OP-1006", automation("['event']", "['mesage']"), "pilot[0].automation.kinds", 6),
        ("OP-1006", automation("['event']", "[]"), "pilot[0].automation.kinds", 6),
        ("OP-1007", automation("['event']", "['event','event']"), "pilot[0].automation.kinds", 6),
        ("OP-1006", trigger("name='t'\nwatch='errors'\nabove=1\n"), "trigger[0].watch", 11),
        ("OP-1005", trigger("name='t'\nwatch='uncertain'\n"), "trigger[0].above", 8),
        ("OP-1005", trigger("name='t'\nwatch='cost'\n"), "trigger[0].above_usd", 8),
        ("OP-1015", trigger("name='t'\nwatch='cost'\nabove=5\n"), "trigger[0].above", 12),
        ("OP-1015", trigger("name='t'\nwatch='latency'\nabove_usd='5'\n"), "trigger[0].above_usd", 12),
        ("OP-1015", trigger("name='t'\nwatch='uncertain'\nabove=0\nat_least=3\n"), "trigger[0].at_least", 13),
        ("OP-1006", trigger("name='t'\nwatch='error_rate'\nabove=100\n"), "trigger[0].above", 12),
        ("OP-1008", trigger("name='t'\nwatch='uncertain'\nabove=0\nsink='desk'\n"), "trigger[0].sink", 13),
        (
            "OP-1008",
            trigger("name='t'\nwatch='uncertain'\nabove=0\n").replace("pilot='a'", "pilot='b'"),
            "trigger[0].pilot",
            9,
        ),
    ];
    for (code, text, key, line) in cases {
        let problems = bad(text);
        assert_eq!(brief(&problems), [(*code, *key, *line)], "{text}");
        assert!(!problems[0].help.is_empty(), "a remedy is missing: {}", problems[0]);
    }
}

#[test]
fn a_trigger_is_of_its_pilot() {
    let of = |keys: &str| {
        let settings = good(&trigger(keys));
        round(&settings);
        settings.pilots[0].triggers[0].clone()
    };
    let rate = of("name='t'\nwatch='error_rate'\nabove=20\nsink='crm'\n");
    assert_eq!((rate.watched, rate.above, rate.at_least, rate.over.as_hours()), (Watched::ErrorRate, 20, 10, 24));
    assert_eq!(rate.sink.as_deref(), Some("crm"));
    let uncertain = of("name='t'\nwatch='uncertain'\nabove=0\nover_hours=1\n");
    assert_eq!((uncertain.above, uncertain.at_least, uncertain.over.as_hours(), uncertain.sink), (0, 1, 1, None));
    let cost = of("name='t'\nwatch='cost'\nabove_usd='2.50'\n");
    assert_eq!((cost.watched, cost.above, cost.at_least), (Watched::Cost, 2_500_000, 1));
}

#[test]
fn an_action_beyond_the_level_of_its_pilot_is_noted_and_stops_nothing() {
    let notes = |level: &str, action: &str| {
        let text = with(action).replace("reviewers = ['ada']\n", &format!("reviewers = ['ada']\n{level}"));
        good(&text).notes
    };
    assert!(notes("", "kind='note'\n")[0].contains("below level 3"));
    assert_eq!(notes("level=3\n", "kind='note'\n"), Vec::<String>::new());
    let event = "kind='event'\nto='sender'\n";
    assert!(notes("level=3\n", event)[0].contains("below level 4"));
    assert!(notes("level=4\n", event)[0].contains("[pilot.automation]"));
    let open = "level=4\nautomation={kinds=['event'],min_reviewed=1,min_approval_percent=1,max_edit_percent=1,max_incidents=1,min_catch_percent=1}\n";
    assert_eq!(notes(open, event), Vec::<String>::new());
}
