//! The frame around every screen, and the few pieces that all of them use: texts of people, moments, marks. Own file because what looks
//! alike must be alike. INVARIANT: text from outside is escaped, and its characters that cannot be seen are.

use super::assets;
use super::feedback;
use super::shown::{Said, Screen};
use super::visit;
use crate::access::Session;
use crate::domain::pilot::Pilot;
use crate::policy::{Action, Principal, Resource};
use crate::web::App;
use crate::web::call::permit;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{DOCTYPE, Markup, html};
use std::sync::Arc;

/// Entries of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::web) enum Here {
    /// What waits.
    Queue,
    /// What a pilot came to.
    Figures,
    /// How the house stands.
    Operations,
    /// Handing a request in by hand.
    Paste,
    /// Whether review is real; for owners.
    Attention,
    /// Who is let in.
    People,
}

impl Here {
    const ALL: [Self; 6] = [Self::Queue, Self::Paste, Self::Figures, Self::Operations, Self::Attention, Self::People];

    fn entry(self) -> (&'static str, &'static str) {
        match self {
            Self::Queue => ("/", "Queue"),
            Self::Figures => ("/figures", "Figures"),
            Self::Operations => ("/operations", "Operations"),
            Self::Paste => ("/paste", "Paste"),
            Self::Attention => ("/attention", "Attention"),
            Self::People => ("/people", "People"),
        }
    }

    /// Whether it would let somebody in; what would not is left out.
    fn is_open(self, app: &App, person: &Principal) -> bool {
        let may = |action, resource: &Resource| permit(app, person, action, resource).is_ok();
        let anywhere = |action| {
            let somewhere = |pilot: &Pilot| may(action, &Resource::pilot(&pilot.name, &pilot.tenant));
            app.web.pilots.iter().any(somewhere)
        };
        match self {
            Self::Queue => true,
            Self::Figures => anywhere(Action::ReportRead),
            Self::Paste => anywhere(Action::RequestSubmit),
            Self::Attention => anywhere(Action::AttentionRead),
            Self::Operations => may(Action::MetricsRead, &Resource::system()),
            Self::People => may(Action::UserManage, &Resource::system()),
        }
    }
}

/// Where somebody stands.
pub(super) struct Place {
    app: App,
    person: Arc<Principal>,
    key: Markup,
    path: String,
    keys: bool,
}

impl Place {
    pub(super) fn new(app: &App, person: &Arc<Principal>, session: &Session, path: &str, keys: bool) -> Self {
        Self { app: app.clone(), person: Arc::clone(person), key: visit::key(session), path: path.to_owned(), keys }
    }

    /// Where that is.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// The key by which a form counts there.
    pub(super) fn key(&self) -> &Markup {
        &self.key
    }

    /// The entries that would let them in; asked for by whole pages alone.
    fn open(&self) -> impl Iterator<Item = Here> {
        Here::ALL.into_iter().filter(|here| here.is_open(&self.app, &self.person))
    }
}

/// How htmx behaves here: no code from texts, no styles of its own, and refusals are shown where the answer would stand.
const HTMX: &str = r#"{"allowEval":false,"includeIndicatorStyles":false,"historyCacheSize":0,"selfRequestsOnly":true,"responseHandling":[{"code":"204","swap":false},{"code":"...","swap":true}]}"#;

/// What the title of a window may weigh, in bytes of markup; no marks can stand in it.
const HEAVIEST_TITLE: usize = 200;

fn frame(title: &str, body: &Markup, keys: bool) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" data-no-keys[!keys] {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="htmx-config" content=(HTMX);
                title { (label(title, HEAVIEST_TITLE)) " · OpsPilot" }
                link rel="icon" type="image/svg+xml" href=(assets::address("icon.svg"));
                link rel="stylesheet" href=(assets::address("desk.css"));
                script src=(assets::address("htmx.js")) defer {}
                script src=(assets::address("desk.js")) defer {}
            }
            body { (body) }
        }
    }
}

/// A page of somebody signed in, or, without a place, of anybody.
pub(super) fn page(screen: &Screen, place: Option<&Place>, said: Option<Said>) -> Markup {
    let Some(place) = place else {
        let body = html! { @if let Some(said) = said { p.said role="status" { (said.text()) } } (screen.body) };
        return bare(&screen.title, &body);
    };
    let body = html! {
        a.skip href="#main" { "Skip to the content" }
        header.top {
            a.brand href="/" { "OpsPilot" }
            nav aria-label="Main" {
                ul {
                    @for entry in place.open() {
                        @let (path, label) = entry.entry();
                        li { a href=(path) aria-current=[(screen.here == Some(entry)).then_some("page")] { (label) } }
                    }
                }
            }
            form.person method="post" action="/sign-out" {
                (place.key)
                a href="/account" { (plain(&place.person.name)) }
                button.link { "Sign out" }
            }
        }
        main id="main" tabindex="-1" data-path=(place.path) {
            p.said id="said" role="status" { @if let Some(said) = said { (said.text()) } }
            h1 { (plain(&screen.title)) }
            (screen.body)
        }
        footer.bottom {
            (feedback::form(&place.key, &place.path))
            p.quiet.no-print {
                a href="/feedback" { "Feedback" }
                " " button.link.keys type="button" data-help hidden { "Keys of this page" }
            }
        }
    };
    frame(&screen.title, &body, place.keys)
}

/// A page without navigation.
pub(super) fn bare(title: &str, body: &Markup) -> Markup {
    let body = html! {
        main.narrow id="main" {
            p.brand { "OpsPilot" }
            h1 { (title) }
            (body)
        }
    };
    frame(title, &body, true)
}

/// Text from outside: escaped, and with every character that hides or turns others made visible, by its number (Unicode TR36, TR9).
pub(in crate::web) fn plain(text: &str) -> Markup {
    if !text.contains(is_hidden) {
        return html! { (text) };
    }
    let mut rest = text;
    let mut parts: Vec<Markup> = Vec::new();
    while let Some(at) = rest.find(is_hidden) {
        let (before, from) = rest.split_at(at);
        let letter = from.chars().next().unwrap_or_default();
        // A run of one is one mark: nobody learns more from sixty of them.
        let after = from.trim_start_matches(letter);
        let run = (from.len() - after.len()) / letter.len_utf8();
        let mark = format!("U+{:04X}", u32::from(letter));
        parts.push(html! { (before) span.hidden-character { (mark) @if run > 1 { " ×" (run) } } });
        rest = after;
    }
    html! { @for part in &parts { (part) } (rest) }
}

/// Characters that a reader cannot see and that change what is read: controls, formatting, fillers, tags.
pub(in crate::web) fn is_hidden(letter: char) -> bool {
    (letter.is_control() && !matches!(letter, '\n' | '\t' | '\r'))
        || matches!(letter,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// What a character that is shown as a mark weighs, in bytes of markup.
const MARK_WEIGHT: usize = 48;

/// What a character weighs as markup, in bytes.
pub(super) fn weight(letter: char) -> usize {
    match letter {
        '<' | '>' | '&' | '"' => 6,
        '\n' => 1,
        letter if is_hidden(letter) => MARK_WEIGHT,
        letter => letter.len_utf8(),
    }
}

/// The beginning of a text, as much as may weigh `room` bytes of markup: lists stay light whatever stands in them.
pub(in crate::web) fn cut(text: &str, room: usize) -> String {
    let (mut left, mut before) = (room, None);
    for (at, letter) in text.char_indices() {
        // The rest of a run is in its mark already.
        let weighs = if before == Some(letter) && is_hidden(letter) { 0 } else { weight(letter) };
        before = Some(letter);
        match left.checked_sub(weighs) {
            Some(less) => left = less,
            None => return format!("{}…", text.get(..at).unwrap_or_default().trim_end()),
        }
    }
    text.to_owned()
}

/// The same where no marks can stand, as in the name of a button: without what cannot be seen.
pub(in crate::web) fn label(text: &str, room: usize) -> String {
    let seen: String = text.chars().filter(|letter| !is_hidden(*letter)).collect();
    cut(&seen, room)
}

/// A message with its code, once: most messages end with theirs.
pub(in crate::web) fn coded(message: &str, code: &str) -> Markup {
    let message = message.trim_end().trim_end_matches(&format!("({code})")).trim_end();
    html! { (plain(message)) " " small { (plain(code)) } }
}

/// So many of something, in words: `1 write`, `2 writes`.
pub(in crate::web) fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// A moment, as people in a time zone write it, with the zone.
pub(in crate::web) fn moment(at: Timestamp, zone: &TimeZone) -> Markup {
    let local = at.to_zoned(zone.clone());
    html! { time datetime=(at) { (local.strftime("%-d %b %Y, %H:%M %Z")) } }
}

/// A moment today, to the second: where seconds count.
pub(in crate::web) fn instant(at: Timestamp, zone: &TimeZone) -> Markup {
    let local = at.to_zoned(zone.clone());
    html! { time datetime=(at) { (local.strftime("%H:%M:%S %Z")) } }
}

/// How long ago or ahead something is, in one unit.
pub(in crate::web) fn span(from: Timestamp, to: Timestamp) -> String {
    let seconds = to.duration_since(from).as_secs().abs();
    match seconds {
        0..90 => format!("{seconds} s"),
        90..5_400 => format!("{} min", seconds / 60),
        5_400..129_600 => format!("{} h", seconds / 3_600),
        _ => count(usize::try_from(seconds / 86_400).unwrap_or(0), "day"),
    }
}

#[cfg(test)]
mod tests {
    use super::{count, cut, label, plain, span};
    use jiff::Timestamp;

    #[test]
    fn a_run_of_what_is_not_seen_is_one_mark_and_lists_stay_light() {
        let hostile = format!("in{}voice", "\u{200b}".repeat(60));
        let shown = plain(&hostile).into_string();
        assert_eq!(shown, "in<span class=\"hidden-character\">U+200B ×60</span>voice");
        assert_eq!(cut(&hostile, 100), hostile, "a run weighs as one");
        let mixed = "\u{200b}\u{200c}".repeat(60);
        for room in [0, 40, 100, 1_000] {
            let shown = plain(&cut(&mixed, room)).into_string();
            assert!(shown.len() <= room + "…".len(), "{room}: {} bytes", shown.len());
        }
        assert_eq!((cut("short", 5), cut("longer <b>", 8)), ("short".to_owned(), "longer…".to_owned()));
        assert_eq!(label(&hostile, 20), "invoice");
    }

    #[test]
    fn one_is_one() {
        assert_eq!([count(0, "write"), count(1, "write"), count(2, "write")], ["0 writes", "1 write", "2 writes"]);
        let at = |secs| Timestamp::from_second(secs).unwrap();
        assert_eq!([span(at(0), at(130_000)), span(at(0), at(180_000))], ["1 day", "2 days"]);
    }

    #[test]
    fn what_hides_or_turns_is_seen() {
        assert_eq!(plain("a <b> & c\nd").into_string(), "a &lt;b&gt; &amp; c\nd");
        let turned = plain("in\u{202e}voice\u{200b}.pdf\u{1b}").into_string();
        assert!(turned.contains("in<span class=\"hidden-character\">U+202E</span>voice"), "{turned}");
        assert!(turned.contains("U+200B") && turned.contains("U+001B"), "{turned}");
        assert!(!turned.contains('\u{202e}') && !turned.contains('\u{200b}') && !turned.contains('\u{1b}'));
    }
}
