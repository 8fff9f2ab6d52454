//! What a screen gives back, and what stands there when it refuses. Own file because here pages become answers, with the rules on what a
//! page may load. INVARIANT: nothing that somebody typed is lost by a session's end: a form that comes too late is carried on by the page that
//! says so, and a page that asks for a part of itself stays where it is.

use super::super::answer::{Answer, Frame};
use super::super::problem::Refused;
use super::cookie::{self, Cookie};
use super::layout::{self, Place};
use super::visit::{self, Form};
use crate::access::Session;
use crate::domain::review::Reason;
use axum::http::header;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use maud::{Markup, html};
use std::borrow::Cow;

/// Pages load from this desk alone and send to it alone; no script, style or picture stands within them (CSP level 3).
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What a screen gives back.
pub(in crate::web) enum Shown {
    /// A whole page.
    Page(Screen),
    /// A part of the page that is there.
    Part(Markup),
    /// On to another page of the desk; after a form, so that loading again repeats nothing.
    Go {
        /// Its path, with its query.
        to: String,
        /// What to tell there.
        said: Option<Said>,
    },
    /// A page that says no to what was just tried, with another status than that of a page.
    No {
        /// Why, as a status.
        status: StatusCode,
        /// After how many seconds it is worth trying again.
        retry_secs: Option<u64>,
        /// The page.
        screen: Screen,
    },
    /// The same, and a cookie for the browser.
    Baked(Box<Shown>, HeaderValue),
    /// The same under another status: a refusal that shows more than that.
    At(StatusCode, Box<Shown>),
    /// Anything else.
    Other(Answer),
}

/// A page.
pub(in crate::web) struct Screen {
    pub(in crate::web) title: String,
    /// Which entry of the navigation it belongs to.
    pub(in crate::web) here: Option<layout::Here>,
    pub(in crate::web) body: Markup,
}

macro_rules! said {
    ($($name:ident $word:literal $text:literal;)*) => {
        /// What a page tells of what was just done. It comes in a cookie that names it by a word and the page it is for, and is gone once it was
        /// told: no address can make a page claim that something was done.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(in crate::web) enum Said { $(#[doc = $text] $name),* }

        impl Said {
            fn word(self) -> &'static str {
                match self { $(Self::$name => $word),* }
            }

            fn of(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$name),)* _ => None }
            }

            pub(super) fn text(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }
    };
}

said! {
    Held "held" "Claimed: others see that you look at it.";
    LetGo "let-go" "You let it go.";
    Approved "approved" "Approved.";
    KeptBack "kept-back" "Approved. Not all that it would write can be sent now; the brief says what stands in the way.";
    Counted "counted" "Your approval counts. More are needed.";
    Amending "amending" "Marked for small changes. Make them here; then it waits for a decision again.";
    Redrafting "redrafting" "It is being drafted again, with your words.";
    Rejected "rejected" "Rejected.";
    Saved "saved" "Saved.";
    NothingToSave "nothing-to-save" "Nothing was changed, so nothing was saved.";
    Stopped "stopped" "Stopped. It will not be sent.";
    Again "again" "It is tried again; the gate is asked first.";
    Settled "settled" "Put on record.";
    Undoing "undoing" "It is being taken back.";
    TakenBack "taken-back" "Taken back: nothing of it is sent.";
    NothingWaits "nothing-waits" "Nothing was waiting any more; see below where each write stands.";
    Elsewhere "elsewhere" "Something changed meanwhile; see below where each write stands.";
    SignedOut "signed-out" "You are signed out.";
    CheckSeen "check-seen" "That was an attention check, and you saw it.";
    CheckMissed "check-missed" "That was an attention check, and it was approved with its fault.";
    FeedbackGiven "feedback-given" "Thank you. It is kept, and somebody will answer here.";
    AttentionOn "attention-on" "Attention checks are on.";
    AttentionOff "attention-off" "Attention checks are off. What is planted already stays before your reviewers.";
    KeysOn "keys-on" "Keys are on in this browser.";
    KeysOff "keys-off" "Keys are off in this browser.";
    Welcome "welcome" "You are in. The link is used up: set a password or add a passkey now.";
    PasswordSet "password-set" "Your password is set. All your other sessions have ended.";
    PasskeyAdded "passkey-added" "The passkey is added.";
    PasskeyNamed "passkey-named" "The passkey has its new name.";
    PasskeyRemoved "passkey-removed" "The passkey is removed.";
    Tied "tied" "You can sign in by single sign-on from now on.";
    Untied "untied" "The tie to single sign-on is removed.";
    SessionEnded "session-ended" "Ended.";
    LinkEnded "link-ended" "The link lets nobody in any more.";
    Disabled "disabled" "Disabled, and signed out everywhere.";
    Enabled "enabled" "Let back in; they need a new link, or sign in as before.";
    SomeClaimed "some-claimed" "You have claimed some. Others have claimed the rest, or they are dealt with.";
    SomeLetGo "some-let-go" "Some are free again. You had not claimed the others.";
    NoneChosen "none-chosen" "Nothing was chosen, so nothing was done.";
    ViewSaved "view-saved" "The view is saved.";
    ViewDropped "view-dropped" "The view is gone.";
}

/// Seconds within which the next page has to be asked for what it tells.
const TOLD_WITHIN: i64 = 60;

impl Said {
    /// What the page at `path` is to tell.
    pub(super) fn told(headers: &HeaderMap, base_url: &str, path: &str) -> Option<Self> {
        let kept = cookie::read(headers, base_url, Cookie::Said)?;
        let (word, to) = kept.split_once('.')?;
        Self::of(word).filter(|_| to == encode(path))
    }

    /// The cookie for the page at `to`.
    fn cookie(self, base_url: &str, to: &str) -> Option<HeaderValue> {
        let path = to.split(['?', '#']).next().unwrap_or_default();
        cookie::set(base_url, Cookie::Said, &format!("{}.{}", self.word(), encode(path)), TOLD_WITHIN)
    }
}

impl Shown {
    /// The answer to whoever stands at `place`.
    pub(super) fn answer(self, base_url: &str, place: Option<&Place>, said: Option<Said>) -> Answer {
        let told = |answer: Answer| match said.and_then(|_| cookie::set(base_url, Cookie::Said, "", 0)) {
            Some(gone) => answer.header(header::SET_COOKIE, gone),
            None => answer,
        };
        match self {
            Self::Page(screen) => told(page(StatusCode::OK, layout::page(&screen, place, said))),
            Self::Part(markup) => page(StatusCode::OK, markup),
            Self::Go { to, said } => match said.and_then(|said| said.cookie(base_url, &to)) {
                Some(cookie) => go(&to).header(header::SET_COOKIE, cookie),
                None => go(&to),
            },
            Self::No { status, retry_secs, screen } => {
                let answer = told(page(status, layout::page(&screen, place, said)));
                match retry_secs {
                    Some(seconds) => answer.header(header::RETRY_AFTER, HeaderValue::from(seconds)),
                    None => answer,
                }
            }
            Self::Baked(shown, cookie) => {
                let mut answer = shown.answer(base_url, place, said);
                answer.headers.insert(0, (header::SET_COOKIE, cookie));
                answer
            }
            Self::At(status, shown) => Answer { status, ..shown.answer(base_url, place, said) },
            Self::Other(answer) => answer,
        }
    }
}

fn page(status: StatusCode, markup: Markup) -> Answer {
    Answer::new(status, "text/html; charset=utf-8", markup.into_string())
        .header(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY))
        // With none at all a browser would not even tell this desk that a form is its own.
        .header(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"))
        .header(header::VARY, HeaderValue::from_static("hx-request, cookie"))
}

fn go(to: &str) -> Answer {
    let place = HeaderValue::try_from(to).unwrap_or_else(|_| HeaderValue::from_static("/"));
    Answer::new(StatusCode::SEE_OTHER, "text/plain; charset=utf-8", "").header(header::LOCATION, place)
}

/// To where people sign in, and to the page that was wanted afterwards.
pub(super) fn to_sign_in(uri: &Uri) -> Answer {
    let wanted = uri.path_and_query().map_or("/", |asked| asked.as_str());
    let wanted = page_of(uri.path()).unwrap_or(wanted);
    go(&if wanted == "/" { "/sign-in".to_owned() } else { format!("/sign-in?to={}", encode(wanted)) })
}

/// The page whose part has this address, where that is not a page by itself.
fn page_of(path: &str) -> Option<&str> {
    match path.strip_suffix("/standing") {
        Some(page) => Some(page),
        None => (path == "/events").then_some("/"),
    }
}

/// A part of a page is asked for by somebody whose session has ended. INVARIANT: the page stays, with all that was typed into it; the notice
/// stands in the place of the part and gives way to it when its person comes back signed in.
pub(super) fn part_without_session(uri: &Uri, target: Option<&str>) -> Answer {
    let address = uri.path_and_query().map_or("/", |asked| asked.as_str());
    let name = target.filter(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
    let notice = html! {
        div.notice.ended id=[name] role="status" hx-get=(address) hx-trigger="focus from:window" hx-target="this" hx-swap="outerHTML" {
            p {
                b { "Your session has ended." } " Nothing that you typed is lost: leave this page as it is, "
                a href="/sign-in" target="_blank" rel="noopener" { "sign in again in a new tab" } ", and come back."
            }
        }
    };
    page(StatusCode::UNAUTHORIZED, notice)
}

/// A text as a value in a query (RFC 3986, 2.1).
pub(in crate::web) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for digit in [byte >> 4, byte & 15] {
                out.push(char::from_digit(u32::from(digit), 16).unwrap_or('0').to_ascii_uppercase());
            }
        }
    }
    out
}

/// Fields whose content is never shown again: they are to be typed anew.
const SECRETS: [&str; 2] = ["password", "present"];
/// Fields that people fill in, and what they call them; those of an edited brief stand in its own table. All others are the page's, and are
/// sent again unseen.
const LABELS: [(&str, &str); 11] = [
    ("comment", "Your words"),
    ("reason", "Because"),
    ("text", "Text"),
    ("name", "Name"),
    ("email", "E-mail address"),
    ("role", "Role"),
    ("scope", "Scope"),
    ("percent", "Of a hundred"),
    ("record", "Record"),
    ("far_id", "Its number over there"),
    ("query", "Filters"),
];
/// Fields of a form that are shown at once; more stand behind a press.
const AT_ONCE: usize = 6;

/// What people call a field that they filled in.
fn label(path: &str, name: &str) -> Option<Cow<'static, str>> {
    if path.ends_with("/edit") {
        return super::brief::label(name).map(Cow::Owned);
    }
    LABELS.iter().find(|(known, _)| *known == name).map(|(_, label)| Cow::Borrowed(*label))
}

/// A form that did not count, with everything that was typed into it and a way to send it again: after signing in anew, or, with a
/// session, under its key. Nothing is done until the person presses that button.
pub(super) fn carried(status: StatusCode, path: &str, form: &Form, session: Option<&Session>) -> Answer {
    let why = match session {
        None => "Your session has ended. Nothing was done, and nothing that you typed is lost.",
        Some(_) => "This page was made for an earlier session. Nothing was done, and nothing that you typed is lost.",
    };
    let is_typed =
        |name: &str, value: &str| !SECRETS.contains(&name) && !value.trim().is_empty() && label(path, name).is_some();
    let typed = form.fields().iter().filter(|(name, value)| is_typed(name, value)).count();
    // In the order in which they came: an entry of a list is known by its place.
    let fields = html! {
        @for (name, value) in form.fields() {
            @if SECRETS.contains(&name.as_str()) {
                label.field { span { (name) } input type="password" name=(name) required; }
            } @else if !is_typed(name, value) {
                input type="hidden" name=(name) value=(value);
            } @else {
                label.field {
                    span { (label(path, name).unwrap_or_default()) }
                    @if name == "reason" && let Ok(reason) = Reason::parse(value) {
                        (reason.told()) input type="hidden" name=(name) value=(value);
                    } @else if value.contains('\n') || value.len() > 60 {
                        // A parser takes the first end of a line away (HTML, 13.2.6.4.7).
                        textarea name=(name) rows="4" dir="auto" { "\n" (value) }
                    } @else {
                        input name=(name) value=(value) dir="auto";
                    }
                }
            }
        }
    };
    let body = html! {
        p.notice role="alert" { (why) }
        @if session.is_none() {
            p { "1. " a href="/sign-in" target="_blank" rel="noopener" { "Sign in again in a new tab" } "." }
            p { "2. Come back here and send it again." }
        }
        form method="post" action=(path) {
            @if let Some(session) = session { (visit::key(session)) }
            @if typed > AT_ONCE {
                details { summary { "What stands in the form, with all that you typed" } (fields) }
            } @else { (fields) }
            button.primary { "Send it again" }
        }
    };
    page(status, layout::bare("Not sent yet", &body))
}

/// Where something was refused to somebody signed in, and what they had typed.
pub(super) struct Again<'a> {
    pub(super) place: &'a Place,
    pub(super) typed: &'a [(String, String)],
}

/// Fields that a person writes, as they are called; all others are what their page put there.
const WRITTEN: [(&str, &str); 11] = [
    ("name", "Name"),
    ("email", "E-mail"),
    ("present", "Present password"),
    ("password", "New password"),
    ("percent", "Among how many of a hundred"),
    ("reason", "Reason"),
    ("text", "Text"),
    ("comment", "Comment"),
    ("record", "Record"),
    ("far_id", "Its name there"),
    ("role", "Role"),
];

impl Again<'_> {
    /// The page that the refused one belongs to, and what it is called.
    fn back(&self) -> (String, &'static str) {
        let mut parts = self.place.path().split('/').skip(1);
        match (parts.next().unwrap_or_default(), parts.next()) {
            ("briefs", Some(id)) if id.starts_with("brf_") => (format!("/briefs/{id}"), "Back to the brief"),
            ("feedback", Some(_)) => ("/feedback".into(), "Back to the feedback"),
            ("account", Some(_)) => ("/account".into(), "Back to your account"),
            ("people", _) => ("/people".into(), "Back to the people"),
            ("attention", _) => ("/attention".into(), "Back to the attention check"),
            ("paste", _) => ("/paste".into(), "Back to an empty form"),
            _ => ("/".into(), "Back to the queue"),
        }
    }

    /// What was typed, to be mended and sent again; nothing where nothing was.
    fn form(&self) -> Markup {
        let label = |name: &str| WRITTEN.iter().find(|(written, _)| *written == name).map(|(_, label)| *label);
        if !self.typed.iter().any(|(name, _)| label(name).is_some()) {
            return html! {};
        }
        html! {
            form.card method="post" action=(self.place.path()) {
                (self.place.key())
                @for (name, value) in self.typed {
                    @match label(name) {
                        Some(label) => {
                            label.field {
                                span { (label) }
                                @if SECRETS.contains(&name.as_str()) {
                                    input type="password" name=(name);
                                } @else if value.contains('\n') || value.len() > 80 || name == "text" || name == "comment" {
                                    textarea name=(name) rows="6" dir="auto" { "\n" (value) }
                                } @else {
                                    input name=(name) value=(value) dir="auto";
                                }
                            }
                        },
                        None => input type="hidden" name=(name) value=(value);,
                    }
                }
                button.primary { "Send it again" }
            }
        }
    }
}

/// A refusal, as a page, or as a part of one that is there; for somebody signed in within the frame, with what they typed.
pub(super) fn refused(mut refused: Refused, frame: Frame<'_>, part: bool, again: Option<&Again<'_>>) -> Answer {
    let request = frame.id.to_str().unwrap_or_default();
    if let Some(cause) = refused.cause.take() {
        tracing::error!(request, code = refused.code, cause, "a screen failed inside");
    } else {
        tracing::debug!(request, status = refused.status.as_u16(), code = refused.code, "a screen was refused");
    }
    let title = match refused.status {
        status if status.is_server_error() => "This failed",
        StatusCode::NOT_FOUND => "This is not there",
        _ => "This was refused",
    };
    let body = html! {
        div.notice role="alert" {
            p { strong { (title) ": " } (layout::plain(&refused.detail)) }
            @for (name, value) in refused.more.iter().filter(|(_, value)| value.is_string()) {
                p.quiet { (name) ": " (layout::plain(value.as_str().unwrap_or_default())) }
            }
            p.quiet {
                a href={ "/docs/errors/" (refused.code) } { (refused.code) } " · request " code { (request) }
            }
        }
    };
    let markup = match (part, again) {
        (true, _) => body,
        (false, None) => layout::bare(title, &html! { (body) p { a href="/" { "Back to the queue" } } }),
        (false, Some(again)) => {
            let (back, words) = again.back();
            let body = html! { (body) (again.form()) p { a href=(back) { (words) } } };
            layout::page(&Screen { title: title.into(), here: None, body }, Some(again.place), None)
        }
    };
    let mut answer = page(refused.status, markup);
    if let Some(seconds) = refused.retry_secs {
        answer = answer.header(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if refused.close {
        answer = answer.header(header::CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::encode;

    #[test]
    fn what_goes_into_a_query_comes_out_of_it() {
        let text = "/briefs/x?a=b&c=ü ?";
        let query = crate::web::query::Query::read(&format!("to={}", encode(text)), &["to"]).unwrap();
        assert_eq!(query.get("to"), Some(text));
    }
}
