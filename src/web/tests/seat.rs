//! Somebody at the desk without a browser: a cookie, pages, and forms filled in as their fields stand in the page. Own file because every
//! screen's tests sit here. It knows our own markup, which writes attributes in double quotes and nothing else.

use super::client::{Reply, request, send};
use super::house::House;
use crate::access::Client;
use std::net::SocketAddr;

pub(super) struct Seat {
    address: SocketAddr,
    pub(super) cookie: String,
}

/// A form of a page: where it goes, and what it would send of itself; buttons are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) to: String,
    pub(super) fields: Vec<(String, String)>,
    /// Buttons: name and value.
    pub(super) buttons: Vec<(String, String)>,
}

impl House {
    /// Lets somebody in by an invitation.
    pub(super) async fn seat(&self, who: &str) -> Seat {
        let owner = self.access.person("owner").await.unwrap();
        let invited = self.access.invite(&owner, who).await.unwrap();
        let client = Client::default();
        let opened = self.access.redeem(&invited.secret, &client).await.unwrap();
        Seat { address: self.address, cookie: format!("__Host-opspilot={}", opened.secret) }
    }
}

impl Seat {
    /// The same browser when its session has ended.
    pub(super) fn ended(&self) -> Self {
        Self { address: self.address, cookie: "__Host-opspilot=".to_owned() }
    }

    /// A part of a page that is there, as the script asks for it.
    pub(super) async fn part(&self, path: &str, target: &str) -> Reply {
        let headers =
            [format!("cookie: {}", self.cookie), "hx-request: true".to_owned(), format!("hx-target: {target}")];
        send(self.address, &request("GET", path, &headers, "")).await
    }

    pub(super) async fn get(&self, path: &str) -> Reply {
        let headers = [format!("cookie: {}", self.cookie)];
        send(self.address, &request("GET", path, &headers, "")).await
    }

    /// A page that is there.
    pub(super) async fn page(&self, path: &str) -> String {
        let reply = self.get(path).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        reply.body
    }

    /// Sends a form as a browser does; `part` as the script does.
    pub(super) async fn send(&self, form: &Form, part: bool) -> Reply {
        let mut headers =
            vec![format!("cookie: {}", self.cookie), "content-type: application/x-www-form-urlencoded".to_owned()];
        if part {
            headers.push("hx-request: true".to_owned());
        }
        let pairs = form.fields.iter().map(|(name, value)| {
            let value = value.replace('\n', "\r\n");
            format!("{}={}", crate::web::desk::encode(name), crate::web::desk::encode(&value))
        });
        let body = pairs.collect::<Vec<_>>().join("&");
        send(self.address, &request("POST", &form.to, &headers, &body)).await
    }
}

impl Form {
    /// The forms of a page, in order.
    pub(super) fn all(page: &str) -> Vec<Self> {
        page.split("<form ").skip(1).filter_map(|rest| rest.split("</form>").next()).map(Self::read).collect()
    }

    /// The one that goes to an address and has a field with this value.
    pub(super) fn find(page: &str, to: &str, field: (&str, &str)) -> Option<Self> {
        let has = |pairs: &[(String, String)]| pairs.iter().any(|(name, value)| name == field.0 && value == field.1);
        Self::all(page).into_iter().find(|form| form.to == to && (has(&form.fields) || has(&form.buttons)))
    }

    fn read(text: &str) -> Self {
        let (head, body) = text.split_once('>').unwrap();
        let mut form = Self { to: attribute(head, "action").unwrap_or_default(), fields: vec![], buttons: vec![] };
        let mut rest = body;
        while let Some((_, from)) = rest.split_once('<') {
            let (tag, after) = from.split_once('>').unwrap_or((from, ""));
            rest = after;
            let name = attribute(tag, "name");
            let value = attribute(tag, "value").unwrap_or_default();
            match (tag.split([' ', '/']).next().unwrap_or_default(), name) {
                ("input", Some(name)) if tag.contains("type=\"checkbox\"") && !tag.contains(" checked") => {
                    form.buttons.push((name, value));
                }
                ("input", Some(name)) => form.fields.push((name, value)),
                ("button", Some(name)) => form.buttons.push((name, value)),
                ("textarea", Some(name)) => {
                    let (inner, after) = rest.split_once("</textarea>").unwrap();
                    // A parser takes the first end of a line away (HTML, 13.2.6.4.7).
                    form.fields.push((name, plain(inner.strip_prefix('\n').unwrap_or(inner))));
                    rest = after;
                }
                ("select", Some(name)) => {
                    let (inner, after) = rest.split_once("</select>").unwrap();
                    let options: Vec<&str> = inner.split("<option ").skip(1).collect();
                    let chosen = options.iter().find(|option| option.split('>').next().unwrap().contains(" selected"));
                    let chosen = chosen.or(options.first()).and_then(|option| attribute(option, "value"));
                    form.fields.push((name, chosen.unwrap_or_default()));
                    rest = after;
                }
                _ => {}
            }
        }
        form
    }

    /// With another value in the `at`th field of that name.
    pub(super) fn with(mut self, name: &str, at: usize, value: &str) -> Self {
        let slot = self.fields.iter_mut().filter(|(other, _)| other == name).nth(at);
        slot.unwrap_or_else(|| panic!("no field `{name}`")).1 = value.to_owned();
        self
    }

    /// With a button pressed.
    pub(super) fn pressed(mut self, name: &str, value: &str) -> Self {
        assert!(self.buttons.iter().any(|(n, v)| n == name && v == value), "no button `{name}={value}`: {self:?}");
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag
        .find(&format!(" {name}=\""))
        .map(|at| at + name.len() + 3)
        .or_else(|| tag.strip_prefix(&format!("{name}=\"")).map(|_| name.len() + 2))?;
    Some(plain(tag[start..].split('"').next().unwrap_or_default()))
}

/// What a reader sees of escaped text.
pub(super) fn plain(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}
