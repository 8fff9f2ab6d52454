//! Schedules, working time and reminders: judged offline with file, line and key; and no key leads from a time to a decision.

use super::{PILOT, bad, brief, good};
use crate::config::keys::{KEYS, Shape};
use crate::config::show;
use crate::rota::Kind;

#[test]
fn a_schedule_goes_by_the_clock_of_its_pilot() {
    let text = format!(
        "{PILOT}time_zone = 'Europe/Berlin'\n[[schedule]]\nname = 'w'\nkind = 'weekly_report'\npilot = 'a'\npattern = '0 9  * * MON'\n\
         [[schedule]]\nname = 'd'\nkind = 'weekly_report'\npilot = 'a'\npattern = '30 7 * * 1-5'\ntime_zone = 'Asia/Tokyo'\n"
    );
    let settings = good(&text);
    let zones: Vec<_> = settings.schedules.iter().map(|plan| plan.schedule.zone().iana_name().unwrap()).collect();
    assert_eq!(zones, ["Europe/Berlin", "Asia/Tokyo"]);
    assert_eq!(settings.schedules[0].kind, Kind::WeeklyReport);
    assert_eq!(settings.schedules[0].schedule.pattern(), "0 9 * * MON");
    assert!(show(&settings).contains("pattern = \"30 7 * * 1-5\""));
    assert!(settings.waits["a"].remind_after.is_none() && settings.waits["a"].escalate_to.is_empty());
}

#[test]
fn what_cannot_be_a_schedule_is_told_with_its_line() {
    let with = |rest: &str| {
        format!("{PILOT}[[schedule]]\nname = 'w'\nkind = 'weekly_report'\npilot = 'a'\npattern = '0 9 * * MON'\n{rest}")
    };
    let one = |from: &str, to: &str| {
        let problems = bad(&with("").replace(from, to));
        brief(&problems).into_iter().map(|(code, key, line)| (code, key.to_owned(), line)).collect::<Vec<_>>()
    };
    assert_eq!(one("0 9 * * MON", "0 25 * * MON"), [("OP-2901", "schedule[0].pattern".into(), 9)]);
    assert_eq!(one("0 9 * * MON", "0 9 30 2 *"), [("OP-2902", "schedule[0].pattern".into(), 9)]);
    assert_eq!(one("pilot = 'a'", "pilot = 'b'"), [("OP-1008", "schedule[0].pilot".into(), 8)]);
    assert_eq!(one("weekly_report", "yearly"), [("OP-1006", "schedule[0].kind".into(), 7)]);
    assert_eq!(one("pattern = '0 9 * * MON'\n", ""), [("OP-1005", "schedule[0].pattern".into(), 5)]);
    let again = with(
        "[[schedule]]\nname = 'w'\nkind = 'weekly_report'\npilot = 'a'\npattern = '0 9 * * *'\ntime_zone = 'Mars/Base'\n",
    );
    let problems = bad(&again);
    assert_eq!(
        brief(&problems),
        [("OP-1007", "schedule[1].name", 11), ("OP-1006", "schedule[1].time_zone", 15)],
        "{problems:?}"
    );
}

#[test]
fn people_have_working_time() {
    let text = format!(
        "{PILOT}time_zone = 'Europe/Berlin'\nremind_after_hours = 4\nremind_times = 2\nescalate_after_hours = 48\nescalate_to = ['grace']\n\
         [[person]]\nname = 'ada'\ntime_zone = 'America/New_York'\nworking_days = ['sat']\nquiet_from = '16:00'\nquiet_until = '10:30'\n"
    );
    let settings = good(&text);
    let waits = &settings.waits["a"];
    let saturday = "2026-11-21T11:00[America/New_York]".parse::<jiff::Zoned>().unwrap().timestamp();
    assert!(waits.hours_of("ada").is_working(saturday) && !waits.hours_of("grace").is_working(saturday));
    assert!(show(&settings).contains("escalate_after_hours = 48"));
    let wrong = bad(&format!("{PILOT}[[person]]\nname = 'ada'\nworking_days = ['noday']\nquiet_from = '25:00'\n"));
    let codes: Vec<_> = brief(&wrong).into_iter().map(|(code, key, _)| (code, key.to_owned())).collect();
    assert!(codes.contains(&("OP-1006", "person[0].working_days".into())), "{codes:?}");
    assert!(codes.contains(&("OP-1006", "person[0].quiet_from".into())), "{codes:?}");
    let alone = bad(&format!("{PILOT}escalate_after_hours = 48\n"));
    assert_eq!(brief(&alone), [("OP-1015", "pilot[0].escalate_after_hours", 5)]);
    let alone = bad(&format!("{PILOT}escalate_to = ['grace']\n"));
    assert_eq!(brief(&alone), [("OP-1015", "pilot[0].escalate_to", 5)]);
}

#[test]
fn people_are_away_from_a_first_day_through_a_last_one() {
    let person = "[[person]]\nname = 'ada'\ntime_zone = 'Asia/Tokyo'\naway_from = '2026-12-21'\naway_until = '2026-12-31'\ncover = 'bob'\n";
    let with = |from: &str, to: &str| format!("{PILOT}{}", person.replace(from, to));
    let settings = good(&with("", ""));
    let away = &settings.waits["a"].away["ada"];
    // On their own clock, nine hours before UTC.
    assert_eq!(
        (away.from.to_string().as_str(), away.until.to_string().as_str(), away.cover.as_str()),
        ("2026-12-20T15:00:00Z", "2026-12-31T15:00:00Z", "bob")
    );
    assert!(show(&settings).contains("away_until = \"2026-12-31\"") && show(&settings).contains("cover = \"bob\""));
    let one = |from: &str, to: &str| {
        let problems = bad(&with(from, to));
        brief(&problems).into_iter().map(|(code, key, _)| (code, key.to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(one("cover = 'bob'\n", ""), [("OP-1015", "person[0].away_from".into())]);
    assert_eq!(one("away_from = '2026-12-21'\n", ""), [("OP-1015", "person[0].away_until".into())]);
    assert_eq!(one("'2026-12-31'", "'2026-12-01'"), [("OP-1015", "person[0].away_until".into())]);
    assert_eq!(one("'2026-12-31'", "'31.12.2026'"), [("OP-1006", "person[0].away_until".into())]);
    assert_eq!(one("'bob'", "'ada'"), [("OP-1006", "person[0].cover".into())]);
    assert_eq!(one("'bob'", "'Bob B'"), [("OP-1006", "person[0].cover".into())]);
}

/// Silence is never consent: neither the name of a key nor a word it takes joins a time with a decision.
#[test]
fn no_key_maps_silence_to_a_decision() {
    const DECIDES: [&str; 8] = ["approv", "reject", "decide", "accept", "consent", "auto", "minor", "major"];
    let timed = |name: &str| {
        [
            "_secs", "_ms", "_minutes", "_hours", "_days", "after", "timeout", "expire", "until", "pattern", "remind",
            "escalate",
        ]
        .iter()
        .any(|word| name.contains(word))
    };
    for key in KEYS.iter() {
        let tells = |word: &&&str| key.name.contains(**word);
        assert!(!timed(key.name) || !DECIDES.iter().any(|word| tells(&word)), "{}.{}", key.section, key.name);
        // What a trigger watches can stop writing and nothing else.
        let stops = (key.section, key.name) == ("trigger", "watch");
        if let (Shape::Choice(words), false) = (key.shape, stops) {
            for word in words {
                assert!(!DECIDES.iter().any(|decides| word.contains(decides)), "{}.{} = {word}", key.section, key.name);
            }
        }
    }
    // The keys that a person could hope for do not exist, in any section about times or reviews.
    for key in ["approve_after_hours", "auto_approve", "on_timeout", "default_decision", "approve_on_silence"] {
        let told = bad(&format!("{PILOT}{key} = 1\n"));
        assert!(told.iter().any(|problem| problem.code == "OP-1003"), "{key}: {told:?}");
    }
    // What a schedule can make: letters.
    assert_eq!(Kind::ALL.map(Kind::as_str), ["weekly_report", "digest"]);
}
