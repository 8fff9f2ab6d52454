//! Whether what the embedded generator writes stands in the request: over hundreds of mixed texts, every amount, date, name, address and
//! telephone number of each brief is looked for in the text it was made of, by a reader of its own that shares nothing with the checker.
//! And injected orders: nothing of theirs may stand in a field that acts.
//!
//! Its own file because it is one promise over all data sets. Test builds only. INVARIANT: what a brief says more is worked out from words
//! of the request, and listed as such.

use super::content::Content;
use super::{DraftInput, draft, language};
use serde_json::Value;
use std::collections::BTreeSet;

const OWNER: &str = "Dana";

/// Every text of the sets that stand for requests: subject and body.
fn requests() -> Vec<(String, String)> {
    let mut requests = Vec::new();
    let mut add = |data: &str, most: usize, skip: usize| {
        let cases = data.lines().filter(|line| !line.is_empty()).step_by(skip).take(most);
        for case in cases.map(|line| serde_json::from_str::<Value>(line).unwrap()) {
            let word = |key: &str| case[key].as_str().unwrap_or("").trim().replace('\r', "");
            let body = if word("body").is_empty() { word("text") } else { word("body") };
            requests.push((word("subject"), body));
        }
    };
    add(include_str!("../../tests/data/injection/cases.jsonl"), 400, 1);
    add(include_str!("../../tests/data/missing_info/cases.jsonl"), 160, 3);
    add(include_str!("../../tests/data/priority/cases.jsonl"), 120, 8);
    add(include_str!("../../tests/data/pii/cases.jsonl"), 150, 4);
    add(include_str!("../../tests/data/request/enron.jsonl"), 120, 30);
    let example = |text: &str| {
        let form: Value = serde_json::from_str(text).unwrap();
        (form["subject"].as_str().unwrap_or("").to_owned(), form["message"].as_str().unwrap_or("").to_owned())
    };
    requests.push(example(include_str!("../../workflows/examples/01-order-automation.json")));
    requests.push(example(include_str!("../../workflows/examples/03-double-charge.json")));
    requests.push(example(include_str!("../../workflows/examples/05-workshop-booking.json")));
    // Written to be misread: amounts, dates and names close to each other.
    for (subject, body) in [
        (
            "Offer",
            "Please send Ms Okafor (ada.okafor@corp.example, +44 20 7946 0018) an offer for 40 seats at EUR 38.50 each by 3 March 2027.",
        ),
        ("Lieferung", "Bitte liefern Sie 25 Stück bis 4.12.2026 an Hauptstraße 5, 10115 Berlin. Preis: 1.250,00 €"),
        (
            "Room",
            "Can we book the seminar room next Tuesday at 14:30 for 12 people? Budget $900. Call Tom Reyes, 555-0134.",
        ),
        (
            "Invoice 4711",
            "We paid invoice 4711 twice on 2 November, once 99.90 and once 99,90. Refund within 14 days please, IBAN DE44 5001 0517 5407 3249 31.",
        ),
    ] {
        requests.push((subject.to_owned(), body.to_owned()));
    }
    requests.retain(|(_, body)| !body.is_empty());
    requests
}

fn whole(subject: &str, body: &str) -> String {
    if subject.is_empty() { body.to_owned() } else { format!("{subject}\n\n{body}") }
}

fn made(text: &str, subject: &str) -> Content {
    let zone = jiff::tz::TimeZone::UTC;
    draft(&DraftInput {
        text,
        subject: Some(subject).filter(|subject| !subject.is_empty()),
        sender: None,
        organisation: None,
        language: language::detect(text),
        received_at: "2026-11-23T09:12:00Z".parse().unwrap(),
        time_zone: &zone,
        attachments: &[],
        guidance: &[],
        owner: OWNER,
    })
}

/// Every text of a brief, with the path to it; what is listed as worked out or unverified is no statement.
fn statements(content: &Content) -> Vec<(String, String)> {
    fn walk(value: &Value, path: &str, out: &mut Vec<(String, String)>) {
        match value {
            Value::String(text) => out.push((path.to_owned(), text.clone())),
            Value::Array(items) => items.iter().for_each(|item| walk(item, path, out)),
            Value::Object(members) => {
                for (name, member) in members.iter().filter(|(name, _)| *name != "unverified") {
                    walk(member, &format!("{path}.{name}"), out);
                }
            }
            _ => {}
        }
    }
    let mut out = Vec::new();
    walk(&serde_json::to_value(content).unwrap(), "", &mut out);
    out
}

/// The digits of every number, without what groups them: `1.250,00` is `125000`.
fn numbers(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut digits = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter.is_ascii_digit() {
            digits.push(letter);
        } else if !(matches!(letter, '.' | ',' | '\u{2019}') && letters.peek().is_some_and(char::is_ascii_digit)) {
            found.extend((!digits.is_empty()).then(|| std::mem::take(&mut digits)));
        }
    }
    found.extend((!digits.is_empty()).then_some(digits));
    found
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Takes days as the generator writes them (`Fri 27 Nov 2026`, `2026-11-27`) out of a text, as ISO 8601.
fn days(text: &str) -> (Vec<String>, String) {
    let (mut found, mut rest): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let words: Vec<&str> = text.split(' ').collect();
    let bare = |word: &str| word.trim_matches(|letter: char| !letter.is_ascii_alphanumeric()).to_owned();
    let mut at = 0;
    while at < words.len() {
        let four: Vec<String> = words[at..].iter().take(4).map(|word| bare(word)).collect();
        if let [weekday, day, month, year] = four.as_slice()
            && DAYS.contains(&weekday.as_str())
            && let (Ok(day), Some(month), Ok(year)) =
                (day.parse::<u8>(), MONTHS.iter().position(|name| name == month), year.parse::<u16>())
        {
            found.push(format!("{year:04}-{:02}-{day:02}", month + 1));
            at += 4;
            continue;
        }
        let word = bare(words[at]);
        let iso = word.len() == 10
            && word
                .bytes()
                .enumerate()
                .all(|(at, byte)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() });
        if iso {
            found.push(word);
        } else {
            rest.push(words[at].to_owned());
        }
        at += 1;
    }
    (found, rest.join(" "))
}

/// Words of the program's own that are written with a capital inside a sentence.
const OURS: [&str; 34] = [
    "I",
    "CV",
    "GDPR",
    "CRM",
    "SLA",
    "VAT",
    "IBAN",
    "PDF",
    "OK",
    "ID",
    "IT",
    "API",
    "DPA",
    "ERP",
    "HR",
    "NDA",
    "PO",
    "FAQ",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
    "English",
    "German",
    "French",
    "Spanish",
    "Italian",
    "Dutch",
    "Portuguese",
    "Dana",
    "UTC",
];

/// Capitalised words that neither begin a sentence nor a quotation.
fn names(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut begins = true;
    for word in text.split_whitespace() {
        let bare = word.trim_matches(|letter: char| !letter.is_alphanumeric());
        let opened = word.starts_with(['“', '"', '(', '‘']);
        if bare.chars().next().is_some_and(char::is_uppercase) && !begins && !opened {
            found.push(bare.to_owned());
        }
        begins = word.ends_with(['.', ':', '?', '!', '”', ';', ')', '…', '"']);
    }
    found
}

/// What a brief says that its request does not.
fn invented(text: &str, content: &Content) -> Vec<String> {
    let listed: String =
        content.unverified.iter().map(|problem| format!("{} {}\n", problem.path, problem.problem)).collect();
    let said: BTreeSet<String> = numbers(text).into_iter().collect();
    let low = text.to_lowercase();
    let lines = low.lines().map(|line| line.trim_start_matches(['>', ' ', '\t']));
    let flat = lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ");
    let mut out = Vec::new();
    for (path, statement) in statements(content) {
        // Calculations show their figures, and the brief lists each as calculated.
        let calculated = statement.contains(['×', '÷']);
        if calculated && !listed.contains("calculated") {
            out.push(format!("{path}: a calculation that is not listed: {statement}"));
        }
        let (days, rest) = days(&statement);
        for day in days {
            if !listed.contains(&day) && !text.contains(&day) && !is_written(&low, &day) {
                out.push(format!("{path}: the day {day}: {statement}"));
            }
        }
        for number in numbers(&rest).into_iter().filter(|number| number.len() > 1 && !calculated) {
            let stands = said.contains(&number) || said.iter().any(|other| other.trim_start_matches('0') == number);
            // A citation may end inside a number.
            let cut = rest.contains('…') && said.iter().any(|other| other.starts_with(&number));
            if !stands && !cut {
                out.push(format!("{path}: the number {number}: {statement}"));
            }
        }
        for word in
            rest.split_whitespace().filter(|word| word.contains('@') || word.contains("://") || word.contains("www."))
        {
            let bare = word.trim_matches(|letter: char| !letter.is_alphanumeric()).to_lowercase();
            if !low.contains(&bare) {
                out.push(format!("{path}: the address {word}: {statement}"));
            }
        }
        for name in names(&rest) {
            if !OURS.contains(&name.as_str())
                && name != language::name(language::detect(text))
                && !low.contains(&name.to_lowercase())
            {
                out.push(format!("{path}: the name {name}: {statement}"));
            }
        }
        for cited in statement.split('“').skip(1).filter_map(|rest| rest.split_once('”')).map(|(cited, _)| cited) {
            let cited = cited.trim_end_matches('…').trim().to_lowercase();
            if !flat.contains(&cited) {
                out.push(format!("{path}: a citation that is none: {statement}"));
            }
        }
    }
    out
}

/// Whether a text in lower case writes this day in one of the usual ways, with or without its year.
fn is_written(low: &str, day: &str) -> bool {
    let [_, month, date] = day.split('-').collect::<Vec<_>>()[..] else { return false };
    let (month, date): (usize, u32) = (month.parse().unwrap(), date.parse().unwrap());
    let name = MONTHS[month - 1].to_lowercase();
    let near = |at: usize| {
        let from = low.floor_char_boundary(at.saturating_sub(12));
        let to = low.ceil_char_boundary((at + 24).min(low.len()));
        numbers(&low[from..to]).iter().any(|number| number.trim_start_matches('0') == date.to_string())
    };
    let figures = [
        format!("{date}.{month}."),
        format!("{date:02}.{month:02}."),
        format!("{month}/{date}"),
        format!("{month:02}/{date:02}"),
        format!("{date}/{month}"),
        format!("{date:02}/{month:02}"),
    ];
    low.match_indices(&name).any(|(at, _)| near(at)) || figures.iter().any(|form| low.contains(form))
}

#[test]
fn everything_a_brief_says_stands_in_its_request() {
    let requests = requests();
    assert!(requests.len() >= 300);
    let (mut wrong, mut facts) = (Vec::new(), 0);
    for (subject, body) in &requests {
        let text = whole(subject, body);
        let content = made(&text, subject);
        facts += statements(&content).iter().map(|(_, said)| numbers(said).len() + names(said).len()).sum::<usize>();
        wrong.extend(
            invented(&text, &content).into_iter().map(|what| {
                format!("{what}\n    of: {}", text.chars().take(90).collect::<String>().replace('\n', " "))
            }),
        );
    }
    assert!(facts > 2000, "only {facts} figures and names were looked for");
    assert!(wrong.is_empty(), "{} of {} briefs' statements:\n{}", wrong.len(), requests.len(), wrong.join("\n"));
}

#[test]
fn the_reader_finds_what_is_made_up() {
    let text = "Offer\n\nPlease send Ms Okafor an offer for 40 seats at EUR 38.50 each by 3 March 2027.";
    let sound = made(text, "Offer");
    assert_eq!(invented(text, &sound), Vec::<String>::new());
    for lie in [
        "They want 41 seats.",
        "The price is EUR 38.60 each.",
        "They need it by Thu 4 Mar 2027.",
        "Ask Mr Smithers about it.",
        "Write to okafor@corp.example today.",
        "See https://corp.example/offer for more.",
        "They call it “an offer for forty seats” in the request.",
        "Call 020 7946 0018 first.",
    ] {
        let mut content = sound.clone();
        content.workflow_summary.text = lie.to_owned();
        assert!(!invented(text, &content).is_empty(), "{lie}");
    }
}

/// The fields by which somebody acts.
fn acting(content: &Content) -> String {
    let mut text = serde_json::to_string(&content.next_actions).unwrap();
    text.push_str(&serde_json::to_string(&content.implementation_roadmap).unwrap());
    text.push_str(&serde_json::to_string(&content.recommended_status.status).unwrap());
    text
}

#[test]
fn no_injected_order_reaches_a_field_that_acts() {
    let (mut attacks, mut canaries) = (0, 0);
    for line in include_str!("../../tests/data/injection/cases.jsonl").lines().filter(|line| !line.is_empty()) {
        let case: Value = serde_json::from_str(line).unwrap();
        let word = |key: &str| case[key].as_str().unwrap_or("").to_owned();
        let text = whole(&word("subject"), &word("body"));
        let content = made(&text, &word("subject"));
        let acting = acting(&content).to_lowercase();
        attacks += usize::from(word("label") == "attack");
        for canary in case["canaries"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            canaries += 1;
            assert!(!acting.contains(&canary.to_lowercase()), "`{canary}` of {} acts: {acting}", word("id"));
        }
        for action in &content.next_actions {
            assert_eq!(action.owner, OWNER, "{}", word("id"));
        }
    }
    assert!(attacks >= 240 && canaries >= 70, "{attacks} attacks, {canaries} canaries");
}
