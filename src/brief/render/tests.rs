//! Rendering is inert: no tag, link, image or control sequence of a brief survives it.

use super::*;
use crate::brief::{Brief, Content, DraftInput, Generator, draft};
use proptest::prelude::*;

fn brief(text: &str, subject: &str) -> Brief {
    let zone = jiff::tz::TimeZone::UTC;
    let mut content: Content = draft(&DraftInput {
        text,
        subject: Some(subject),
        sender: Some("Eve <eve@evil.example>"),
        organisation: Some(subject),
        language: "en",
        received_at: jiff::Timestamp::UNIX_EPOCH,
        time_zone: &zone,
        attachments: &[],
        guidance: &[],
        owner: "Dana",
    });
    content.recommended_status.reason = subject.into();
    if let Some(action) = content.next_actions.first_mut() {
        action.text = subject.into();
        action.owner = subject.into();
    }
    Brief {
        brief: "brf_1".into(),
        request: "req_1".into(),
        revision: 1,
        generator: Generator::embedded(1),
        hand: None,
        content,
    }
}

const NASTY: &[&str] = &[
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![a](https://evil.example/p.png?q=1)",
    "[click](javascript:alert(1))",
    "[ref]: https://evil.example\n\n![x][ref]",
    "<https://evil.example>",
    "visit https://evil.example/x or www.evil.example now",
    "# heading\n- list\n> quote\n```code```",
    "\u{1b}[31mred\u{1b}]8;;https://evil.example\u{7}link\u{1b}]8;;\u{7}",
    "\"quoted\" & 'single' <b>bold</b>",
    "a\u{202e}cod.exe\u{200b}",
];

#[test]
fn whoever_made_the_revision_is_named_on_every_face() {
    let model = Generator { kind: "openai".into(), model: Some("some-model".into()), ..Generator::default() };
    let human = Generator { kind: "human".into(), ..Generator::default() };
    let ann = |drafted: Option<Generator>| Some(Hand { by: "Ann <b>\u{1b}[31m O'Hara".into(), drafted });
    for (generator, hand, told) in [
        (Generator::embedded(1), None, "drafted by embedded"),
        (model.clone(), None, "drafted by openai some-model"),
        (human.clone(), ann(Some(model)), "edited by Ann <b> [31m O'Hara (drafted by openai some-model)"),
        (human.clone(), ann(None), "edited by Ann <b> [31m O'Hara"),
        (human, None, "edited by hand"),
    ] {
        let brief = Brief { generator, hand, ..brief("Two seats, please.", "Seats") };
        let terminal = terminal(&brief, 500, false);
        assert!(terminal.trim_end().ends_with(&format!(" for req_1, {told}")), "{told}: {terminal}");
        let html = html(&brief, "");
        let escaped = told.replace('<', "&lt;").replace('>', "&gt;").replace('\'', "&#39;");
        assert!(html.contains(&format!(" · {escaped}</small></footer>")), "{told}: {html}");
        let markdown = markdown(&brief, "").replace('\\', "");
        assert_eq!(markdown.matches("drafted by").count(), told.matches("drafted by").count(), "{markdown}");
        let words = told.split(['<', '>', '[']).next().unwrap_or_default();
        assert!(markdown.contains(&format!(" · {words}")), "{told}: {markdown}");
    }
}

#[test]
fn html_holds_no_markup_of_the_brief() {
    for nasty in NASTY {
        let page = html(&brief(&format!("Could you help? {nasty}"), nasty), nasty);
        for tag in ["<script", "<img", "<a ", "<a>", "<b>", "href", "src=x ", "<https"] {
            assert!(
                !page.contains(tag) || (tag == "href" || tag == "src=x ") && page.contains("&lt;"),
                "{tag} in {page}"
            );
        }
        assert!(!page.contains('\u{1b}') && !page.contains('\u{202e}'));
    }
}

#[test]
fn markdown_holds_no_link_image_or_heading_of_the_brief() {
    for nasty in NASTY {
        let page = markdown(&brief(&format!("Could you help? {nasty}"), nasty), nasty);
        let live = page.replace("\\]", "").replace("\\[", "").replace("\\!", "");
        assert!(!live.contains("](") && !live.contains("![") && !live.contains("]:"), "{page}");
        assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
        assert!(!page.contains("https://") && !page.contains("www.evil") && !page.contains("@evil"), "{page}");
        assert!(!page.lines().any(|line| line == "# heading" || line.starts_with("[ref]:")), "{page}");
    }
}

#[test]
fn the_terminal_sees_no_control_characters_and_keeps_its_width() {
    for nasty in NASTY {
        let page = terminal(&brief(&format!("Could you help? {nasty}"), nasty), 60, false);
        assert!(page.chars().all(|c| c == '\n' || !c.is_control()), "{page:?}");
        assert!(page.lines().all(|line| line.chars().count() <= 60), "{page}");
    }
    let coloured = terminal(&brief("Our server is down, help!", "down"), 60, true);
    assert!(coloured.contains("\u{1b}[1m") && coloured.contains("\u{1b}[0m"));
}

proptest! {
    #[test]
    fn rendering_never_panics(text in ".{0,120}", subject in "\\PC{0,60}", width in 0usize..200) {
        let brief = brief(&text, &subject);
        let page = html(&brief, &text);
        prop_assert!(page.starts_with("<article") && page.ends_with("</article>\n"));
        prop_assert!(!markdown(&brief, &text).is_empty());
        prop_assert!(terminal(&brief, width, false).chars().all(|c| c == '\n' || !c.is_control()));
    }
}
