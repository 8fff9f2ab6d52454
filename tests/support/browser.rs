//! People at a real browser: a headless Chromium of the test's own, because whoever else steers a browser has a word on every page in it
//! (its size, its colours, its keys); in it a visitor of its own (cookies, cache, page) for everybody who looks at the desk. Own file because
//! it is the only way in which tests see what a person sees. What runs in the browser's world is `browser.js`; here it is typed. INVARIANT:
//! nothing leaves the machine, and every wait has an end.

use super::leased;
use super::node_programs::{BROWSER, chromium};
use serde::Deserialize;
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::rc::Rc;

/// The most that a page may weigh with all it loads, in bytes.
const HEAVIEST: u64 = 100_000;

/// How Chromium is run, beside what those who steer it add: it shows pages of ours alone, and where tests run there is often no way to fence
/// it, nor a screen, nor much shared memory.
const FLAGS: &str = r#"["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"]"#;

/// A program of Node's world that steers a Chromium of its own: `SCRIPT MODULES CHROMIUM FLAGS ...`.
fn steered(script: &str, folder: &Path) -> io::Result<Command> {
    let Some(chromium) = chromium() else {
        let text =
            "Chromium is not installed here; run `cargo xtask test`, which installs it, or `apt-get install chromium`";
        return Err(io::Error::new(io::ErrorKind::NotFound, text));
    };
    let mut command = Command::new("node");
    command.args(["-e", script, "script"]).arg(BROWSER.sure()?).args([chromium, FLAGS]);
    for name in ["HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "TMPDIR"] {
        command.env(name, folder);
    }
    Ok(command)
}

/// The browser, as one test uses it.
#[derive(Clone, Debug)]
pub(crate) struct Browser(Rc<Driver>);

#[derive(Debug)]
struct Driver {
    child: RefCell<Child>,
    pipes: RefCell<(ChildStdin, BufReader<ChildStdout>)>,
    visitors: Cell<u32>,
    /// What the browser keeps, while it runs.
    _folder: tempfile::TempDir,
}

impl Driver {
    fn ask(&self, asked: &Value) -> Result<Value, String> {
        let mut pipes = self.pipes.borrow_mut();
        let sent = writeln!(pipes.0, "{asked}").and_then(|()| pipes.0.flush());
        let mut line = String::new();
        let came = sent.and_then(|()| pipes.1.read_line(&mut line));
        let mut answer: Value = came
            .map_err(|cause| cause.to_string())
            .and_then(|_| serde_json::from_str(&line).map_err(|cause| format!("{cause}; what it said stands above")))?;
        match answer["error"].as_str() {
            Some(cause) => Err(cause.to_owned()),
            None => Ok(answer["is"].take()),
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The browser goes first, and is gone when this is answered: what it keeps can be removed.
        let _ = self.ask(&json!({ "do": "end" }));
        let mut child = self.child.borrow_mut();
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Browser {
    /// One of this test's own, just started.
    pub(crate) fn open() -> Self {
        Self::start().unwrap_or_else(|cause| panic!("no browser: {cause}"))
    }

    fn start() -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut command = steered(include_str!("browser.js"), folder.path())?;
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("it has no pipes"));
        };
        let pipes = RefCell::new((input, BufReader::new(output)));
        Ok(Self(Rc::new(Driver { child: RefCell::new(child), pipes, visitors: Cell::new(0), _folder: folder })))
    }

    /// Somebody with cookies of their own, at a desk, who goes to pages of this origin (`http://127.0.0.1:4310`; `http://localhost:4310`
    /// for passkeys, which browsers keep for names alone).
    pub(crate) fn visitor(&self, origin: &str) -> Visitor {
        self.made("visitor", origin, json!({ "script": true }))
    }

    /// The same, where no script runs.
    pub(crate) fn plain_visitor(&self, origin: &str) -> Visitor {
        self.made("visitor", origin, json!({ "script": false }))
    }

    fn made(&self, act: &str, origin: &str, mut with: Value) -> Visitor {
        let id = self.0.visitors.get();
        self.0.visitors.set(id + 1);
        let visitor = Visitor { browser: self.clone(), origin: origin.trim_end_matches('/').to_owned(), id };
        with["origin"] = visitor.origin.clone().into();
        visitor.act(act, with);
        visitor
    }
}

/// Where a visitor came to.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Came {
    /// Of the document.
    pub(crate) status: u16,
    pub(crate) url: String,
}

/// What is wrong with a page, since its document was asked for. Empty lists are good.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Seen {
    /// Rules of accessibility that are broken, and where.
    pub(crate) violations: Vec<String>,
    /// What no program can judge.
    pub(crate) unsure: Vec<String>,
    /// Errors, warnings and exceptions.
    pub(crate) console: Vec<String>,
    /// Addresses elsewhere that were asked for.
    pub(crate) foreign: Vec<String>,
    /// Parts of the page that were refused.
    pub(crate) failed: Vec<String>,
    /// All that was loaded, as it came over the wire, in bytes.
    pub(crate) weight: u64,
    /// Pixels by which it is wider than a phone.
    #[serde(default)]
    pub(crate) overflow: u32,
    /// Files.
    #[serde(default)]
    pub(crate) pictures: Vec<PathBuf>,
}

impl Seen {
    /// What is wrong with it, in words; nothing when it is as pages have to be.
    pub(crate) fn faults(&self) -> Vec<String> {
        let lists = [
            ("axe", &self.violations),
            ("console", &self.console),
            ("asks elsewhere", &self.foreign),
            ("failed", &self.failed),
        ];
        let mut faults: Vec<String> = lists
            .into_iter()
            .flat_map(|(kind, list)| list.iter().map(move |fault| format!("{kind}: {fault}")))
            .collect();
        faults.extend((self.weight >= HEAVIEST).then(|| format!("weighs {} bytes", self.weight)));
        faults.extend((self.overflow > 0).then(|| format!("{} px wider than a phone", self.overflow)));
        faults
    }
}

/// Somebody at the browser, on one page. Elements are named by Playwright's selectors: `#id`, `text=Approve`, `role=button[name="Approve"]`.
///
/// Every act panics, with what the page said, when it cannot be done.
#[derive(Debug)]
pub(crate) struct Visitor {
    browser: Browser,
    origin: String,
    id: u32,
}

impl Visitor {
    fn try_act(&self, act: &str, mut with: Value) -> Result<Value, String> {
        with["do"] = act.into();
        with["visitor"] = self.id.into();
        self.browser.0.ask(&with)
    }

    fn act(&self, act: &str, with: Value) -> Value {
        self.try_act(act, with.clone()).unwrap_or_else(|cause| panic!("cannot {act} {with}: {cause}"))
    }

    fn came(value: Value) -> Came {
        serde_json::from_value(value).unwrap()
    }

    fn string(value: Value) -> String {
        value.as_str().unwrap_or_default().to_owned()
    }

    /// Another page of the same person, with the same cookies.
    pub(crate) fn tab(&self) -> Self {
        self.browser.made("tab", &self.origin, json!({ "from": self.id }))
    }

    pub(crate) fn close(self) {
        self.act("close", json!({}));
    }

    /// Opens an address: a path here, or a whole one.
    pub(crate) fn go(&self, address: &str) -> Came {
        let url = if address.starts_with('/') { format!("{}{address}", self.origin) } else { address.to_owned() };
        Self::came(self.act("go", json!({ "url": url })))
    }

    pub(crate) fn back(&self) {
        self.act("back", json!({}));
    }

    pub(crate) fn reload(&self) {
        self.act("reload", json!({}));
    }

    /// Presses something that stays on this page.
    pub(crate) fn click(&self, what: &str) {
        self.act("click", json!({ "what": what }));
    }

    /// Presses something that leads to another document, and waits until that is there.
    pub(crate) fn follow(&self, what: &str) -> Came {
        Self::came(self.act("follow", json!({ "what": what })))
    }

    /// A key, such as `?`, `Control+Enter`, `Shift+Tab`.
    pub(crate) fn press(&self, keys: &str) {
        self.act("press", json!({ "keys": keys }));
    }

    /// A key that leads to another document, and waits until that is there.
    pub(crate) fn enter(&self, keys: &str) -> Came {
        Self::came(self.act("enter", json!({ "keys": keys })))
    }

    /// Types where the focus is.
    pub(crate) fn type_text(&self, text: &str) {
        self.act("type", json!({ "text": text }));
    }

    pub(crate) fn hover(&self, what: &str) {
        self.act("hover", json!({ "what": what }));
    }

    pub(crate) fn focus(&self, what: &str) {
        self.act("focus", json!({ "what": what }));
    }

    pub(crate) fn fill(&self, what: &str, text: &str) {
        self.act("fill", json!({ "what": what, "text": text }));
    }

    /// Chooses from a list by value or label.
    pub(crate) fn choose(&self, what: &str, option: &str) {
        self.act("choose", json!({ "what": what, "text": option }));
    }

    pub(crate) fn tick(&self, what: &str) {
        self.act("tick", json!({ "what": what }));
    }

    /// Waits until it can be seen.
    pub(crate) fn wait(&self, what: &str) {
        self.act("wait", json!({ "what": what }));
    }

    /// Waits until it cannot be seen any more.
    pub(crate) fn gone(&self, what: &str) {
        self.act("gone", json!({ "what": what }));
    }

    /// Waits until an expression of the page is true.
    pub(crate) fn until(&self, script: &str) {
        self.act("until", json!({ "script": script }));
    }

    /// How many there are.
    pub(crate) fn count(&self, what: &str) -> u64 {
        self.act("count", json!({ "what": what })).as_u64().unwrap_or(0)
    }

    /// The text of the first one, as it is shown.
    pub(crate) fn text(&self, what: &str) -> String {
        Self::string(self.act("text", json!({ "what": what })))
    }

    /// The texts of all of them.
    pub(crate) fn texts(&self, what: &str) -> Vec<String> {
        serde_json::from_value(self.act("texts", json!({ "what": what }))).unwrap_or_default()
    }

    /// What stands in a field.
    pub(crate) fn value(&self, what: &str) -> String {
        Self::string(self.act("value", json!({ "what": what })))
    }

    pub(crate) fn attribute(&self, what: &str, name: &str) -> Option<String> {
        self.act("attribute", json!({ "what": what, "text": name })).as_str().map(str::to_owned)
    }

    /// The worth of an expression of the page.
    pub(crate) fn eval(&self, script: &str) -> Value {
        self.act("eval", json!({ "script": script }))
    }

    pub(crate) fn url(&self) -> String {
        Self::string(self.act("url", json!({})))
    }

    pub(crate) fn title(&self) -> String {
        Self::string(self.act("title", json!({})))
    }

    /// What has the focus: `#id`, else its label, name or text.
    pub(crate) fn focused(&self) -> String {
        Self::string(self.act("focused", json!({})))
    }

    /// What is wrong with the page as it stands.
    pub(crate) fn audit(&self) -> Seen {
        serde_json::from_value(self.act("audit", json!({}))).unwrap()
    }

    /// Pictures of the page as it stands, light and dark, at a desk and on a phone, and what is wrong with it in any of these:
    /// `NAME-light-1280.png` and so on, in [`folder`].
    pub(crate) fn pictures(&self, name: &str) -> Seen {
        serde_json::from_value(self.act("pictures", json!({ "name": name, "folder": folder() }))).unwrap()
    }

    /// From here on the visitor holds a phone.
    pub(crate) fn takes_phone(&self) {
        self.act("phone", json!({}));
    }

    /// The network of the visitor goes and comes.
    pub(crate) fn offline(&self, on: bool) {
        self.act("offline", json!({ "on": on }));
    }

    /// Answers to what the page's script sends: `held` until they are `free`, or `lost`. What is sent reaches the desk.
    pub(crate) fn answers(&self, how: &str) {
        self.act("answers", json!({ "how": how }));
    }

    /// The cookies, as a list of `{name, value, httpOnly, secure, sameSite, …}`.
    pub(crate) fn cookies(&self) -> Vec<Value> {
        self.act("cookies", json!({})).as_array().cloned().unwrap_or_default()
    }

    /// Has this cookie for the origin from here on.
    pub(crate) fn bake(&self, name: &str, value: &str) {
        self.act("bake", json!({ "cookie": { "name": name, "value": value, "url": self.origin } }));
    }

    /// Gives the page a key for passkeys that answers by itself.
    pub(crate) fn authenticator(&self) {
        self.act("authenticator", json!({}));
    }

    /// The passkeys that its key holds.
    pub(crate) fn credentials(&self) -> Vec<Value> {
        self.act("credentials", json!({})).as_array().cloned().unwrap_or_default()
    }

    /// Puts a passkey into its key, as one that was cloned.
    pub(crate) fn credential(&self, credential: &Value) {
        self.act("credential", json!({ "credential": credential }));
    }
}

/// Where pictures go: told by `cargo xtask test`, else `screenshots` beside what cargo builds.
pub(crate) fn folder() -> PathBuf {
    let told = std::env::var_os("OPSPILOT_SCREENSHOTS").map(PathBuf::from);
    told.unwrap_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("screenshots"))
}

/// What Lighthouse gives a page, of 100.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Scored {
    pub(crate) url: String,
    pub(crate) scores: BTreeMap<String, u32>,
    /// What costs points, and what could be better without doing so.
    pub(crate) faults: Vec<String>,
}

/// Lighthouse's scores of accessibility and best practices of these addresses, with a cookie (`NAME=VALUE`, empty for none). About three
/// seconds each.
pub(crate) fn scores(cookie: &str, addresses: &[String]) -> Vec<Scored> {
    let folder = tempfile::tempdir().unwrap();
    let mut command = steered(include_str!("lighthouse.js"), folder.path()).unwrap_or_else(|cause| panic!("{cause}"));
    command.arg(cookie).args(addresses);
    let told = leased::run(&mut command).unwrap_or_else(|cause| panic!("{cause}"));
    serde_json::from_str(&told).unwrap_or_else(|cause| panic!("{cause}: {told}"))
}
