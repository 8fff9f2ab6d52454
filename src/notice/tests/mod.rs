//! Every letter is inert, whole and the same in text and HTML.

pub(crate) mod samples;

use super::report::{NONE, Rows, Week, report, svg};
use super::{Frame, How, Writes, page::Page, page_html, page_text};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use samples::at;
use std::collections::BTreeSet;

const EVIL: [&str; 8] = [
    "<script>alert(1)</script>",
    "<img src=\"https://evil.test/p.png\" onerror='x'>",
    "\"><a href=https://evil.test>click</a>",
    "</title></head><body onload=alert(1)>",
    "visit https://evil.test/x or www.evil.test now",
    "<style>*{display:none}</style><!-- ",
    "a\u{202e}b\u{7}\u{1b}[31m\r\nBcc: eve@evil.test",
    "&lt;b&gt; &amp; <b>",
];

/// Names of the tags in a document.
fn tags(html: &str) -> BTreeSet<String> {
    let names =
        html.split('<').skip(1).map(|rest| rest.split([' ', '>', '/']).find(|name| !name.is_empty()).unwrap_or(""));
    names.map(str::to_owned).collect()
}

#[test]
fn nothing_from_outside_becomes_markup() {
    let known: BTreeSet<String> = samples::all(None).iter().flat_map(|(_, notice)| tags(&notice.html)).collect();
    for evil in EVIL {
        for (name, notice) in samples::all(Some(evil)) {
            let strange: Vec<String> = tags(&notice.html).difference(&known).cloned().collect();
            assert!(strange.is_empty(), "{name}: {strange:?} from {evil}");
            for part in [&notice.html, &notice.text] {
                assert!(
                    !part.contains("https://evil") && !part.contains("www.evil"),
                    "{name}: a link to click in {part}"
                );
                assert!(
                    !part.chars().any(|c| c.is_control() && c != '\n') && !part.contains('\u{202e}'),
                    "{name}: {part:?}"
                );
            }
            assert!(!notice.subject.chars().any(char::is_control), "{name}: {:?}", notice.subject);
        }
    }
}

#[test]
fn nothing_is_fetched_and_only_our_link_is_there() {
    for (name, notice) in samples::all(None) {
        for word in ["src=", "url(", "@import", "<link", "<script", "<form", "<button", "<input", "<style", "class="] {
            assert!(!notice.html.contains(word), "{name}: {word}");
        }
        let links: Vec<&str> = notice.html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(
            links.len() <= 1 && links.iter().all(|link| link.starts_with("https://ops.example.test/")),
            "{name}: {links:?}"
        );
        assert!(notice.html.starts_with("<!doctype html>") && notice.html.ends_with("</html>\n"));
        assert!(notice.html.len() < 102_000, "{name}: mail programs cut what is longer");
        assert!(notice.text.lines().all(|line| line.chars().count() <= 110), "{name}: {}", notice.text);
    }
}

#[test]
fn a_brief_has_all_its_sections_the_request_the_changes_and_how_to_answer() {
    let letters = samples::all(None);
    let (_, brief) = &letters[0];
    for part in [&brief.text.to_lowercase(), &brief.html.to_lowercase()] {
        for words in [
            "summary",
            "recommended status",
            "priority",
            "risk",
            "missing information",
            "next actions",
            "price and payback",
            "roadmap",
            "please confirm",
            "what changed",
            "the request",
            "how to decide",
            "minor: what to change",
            "priority.score: 80",
            "neither does silence",
            "brf_01jd8w2k3me9vt5a revision 2",
            "doubled mail.eml",
            "head of operations",
        ] {
            assert!(part.contains(words), "{words} is not in {part}");
        }
    }
    assert!(!letters[1].1.text.to_lowercase().contains("what changed"), "a first revision has no earlier one");
    let zone = TimeZone::UTC;
    let frame = Frame { pilot: "p", tenant: "t", zone: &zone, because: "x" };
    let empty = super::Sections::default();
    let received = super::Received { from: "", at: at("2026-11-20T15:04:00Z"), source: "", text: "", attachments: &[] };
    let item = super::Item { brief: "b", request: "r", revision: 1, title: "" };
    let how = How { by_mail: false, page: Some("javascript:alert(1)"), ..How::ENGLISH };
    let new = super::NewBrief {
        item,
        sections: &empty,
        received,
        changes: &[],
        writes: Writes::None,
        again: None,
        made: "drafted by embedded",
        how,
    };
    let notice = super::new_brief(&frame, &new);
    assert!(notice.text.contains("Nothing is missing") && notice.text.contains("None is proposed"));
    assert!(notice.text.contains("switched off for you") && !notice.html.contains("javascript"));
}

#[test]
fn the_report_shows_no_figure_without_rows() {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let week = Week {
        pilot: "p",
        tenant: "t",
        from: at("2026-11-15T23:00:00Z"),
        until: at("2026-11-22T23:00:00Z"),
        zone: &zone,
        late: true,
        passed_over: false,
    };
    let nothing = report(&week, &Rows::default());
    assert!(
        nothing.explain().count() > 15 && nothing.explain().all(|(_, shown, rows)| shown == NONE && rows.is_empty())
    );
    let frame = Frame { pilot: "p", tenant: "t", zone: &zone, because: "x" };
    let letter = super::report::letter(&frame, &week, &nothing, None);
    assert!(letter.text.contains("comes late") && letter.text.contains(NONE));
    let full = report(&week, &samples::rows());
    assert!(full.explain().all(|(_, shown, rows)| rows.is_empty() == (shown == NONE)));
    let names: Vec<&str> = full.explain().map(|(name, ..)| name).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "names are how people ask for the rows");
    let figure = |name: &str| {
        full.explain().find(|(other, ..)| *other == name).map(|(_, shown, rows)| (shown.to_owned(), rows.len()))
    };
    assert_eq!(figure("All requests"), Some(("55".to_owned(), 55)));
    assert_eq!(figure("Tue 17 Nov"), Some(("14".to_owned(), 14)));
    assert_eq!(figure("Sun 22 Nov"), Some((NONE.to_owned(), 0)));
    assert_eq!(figure("Rejected"), Some(("9 % (4 of 46)".to_owned(), 46)));
    assert_eq!(figure("Automatic mail, never answered"), Some(("23".to_owned(), 23)));
    assert_eq!(figure("Put in quarantine"), Some(("2".to_owned(), 2)));
    assert_eq!(figure("Of all these taken in since"), Some(("4 % (1 of 27)".to_owned(), 27)));
    assert_eq!(figure("In quarantine and waiting for a person"), Some(("2".to_owned(), 2)));
    let why = full.groups.iter().find(|group| group.heading == "Set aside").unwrap();
    assert_eq!((why.about, why.words.len()), ("Why", 27));
    let read = figure("mailbox: last proven read");
    assert_eq!(read, Some(("Sun 22 Nov 2026, 23:58".to_owned(), 1)));
    assert_eq!(figure("shared-mailbox-of-sales: last proven read"), Some((NONE.to_owned(), 0)));
    let last = figure("mailbox: last reconciled").unwrap();
    assert_eq!(last, ("all 1191 accounted for, Sun 22 Nov 2026, 01:00".to_owned(), 1));
    let whole = figure("mailbox: reconciled this week with nothing missing").unwrap();
    assert_eq!(whole, ("86 % (6 of 7)".to_owned(), 7), "the one of the week before is not counted");
    assert_eq!(figure("Signed checkpoint").map(|(_, rows)| rows), Some(1));
    assert!(full.groups.iter().all(|group| group.heading != "Spent"), "nothing was spent");
    let paid = report(&week, &Rows { spent: vec![("cal_1".to_owned(), 1_230_000)], ..samples::rows() });
    assert!(paid.explain().any(|(name, shown, _)| (name, shown) == ("On models", "$1.23")));
    let letter = super::report::letter(&frame, &week, &full, None);
    let text = letter.text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        text.contains("auto-replied` (OP-2605) (15 times)") && letter.text.lines().all(|line| line.len() < 90),
        "{}",
        letter.text
    );
    assert!(letter.html.contains("“spam” (4 times)") && letter.html.contains("OP-2603"), "{}", letter.text);
    for group in &full.groups {
        let drawn = svg(group);
        assert_eq!(drawn.is_some(), group.bars);
        if let Some(drawn) = drawn {
            assert!(group.lines.iter().all(|line| drawn.contains(&line.name) && drawn.contains(line.figure.shown())));
            assert!(drawn.starts_with("<svg") && drawn.ends_with("</svg>\n"));
        }
    }
}

proptest! {
    /// Whatever the text: a document of known tags, and no character of it lost but those that do harm.
    #[test]
    fn any_text_stays_text(text in "(?s).{0,200}|[<>&\"'a-z:/.@ \n]{0,80}") {
        let mut page = Page::new(text.clone());
        page.heading(text.clone()).paragraph(text.clone()).quote(text.clone()).points(vec![(text.clone(), text.clone())]).small(text.clone());
        page.link(&text, Some(&text));
        let html = page_html::render(&text, &page);
        let allowed = ["!doctype", "html", "head", "meta", "title", "body", "div", "h1", "h2", "p", "blockquote", "ul", "li", "strong", "br", "a"];
        prop_assert!(tags(&html).iter().all(|tag| allowed.contains(&tag.as_str())), "{}", html);
        prop_assert!(!page_text::render(&page).chars().any(|c| c.is_control() && c != '\n'));
        let (_, title) = html.split_once("<title>").unwrap();
        let (title, _) = title.split_once("</title>").unwrap();
        let back = title.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&");
        let harmless = |c: &char| !c.is_control() && !c.is_whitespace() && !matches!(*c, '\u{200b}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}');
        prop_assert_eq!(back.chars().filter(harmless).collect::<String>(), text.chars().filter(harmless).collect::<String>());
    }
}
