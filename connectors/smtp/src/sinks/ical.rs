//! An invitation as iCalendar (RFC 5545) and iTIP (RFC 5546). Own file because it is where text could become a line of a calendar.
//! INVARIANT: a text is one property's value whatever stands in it; lines are at most 75 bytes, folded between characters; the same
//! invitation gives the same bytes.

use jiff::Timestamp;
use opspilot_sdk::{Mailbox, plain};

/// What a calendar begins with. No text of ours holds a carriage return, so it stands nowhere else.
pub(crate) const BEGIN: &str = "BEGIN:VCALENDAR\r\n";
/// The longest line, in bytes, without its end.
const LINE: usize = 75;
/// The lines of an invitation that a cancellation has otherwise (RFC 5546, section 3.2.5).
const OTHERWISE: [(&str, &str); 3] =
    [("METHOD:REQUEST", "METHOD:CANCEL"), ("SEQUENCE:0", "SEQUENCE:1"), ("STATUS:CONFIRMED", "STATUS:CANCELLED")];

/// An invitation.
pub(crate) struct Invitation<'a> {
    pub(crate) uid: &'a str,
    pub(crate) at: Timestamp,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) summary: &'a str,
    pub(crate) description: &'a str,
    pub(crate) location: Option<&'a str>,
    pub(crate) organizer: &'a Mailbox,
    pub(crate) attendee: Option<&'a Mailbox>,
}

impl Invitation<'_> {
    /// The calendar that asks for it.
    pub(crate) fn request(&self) -> String {
        let mut calendar = String::from(BEGIN);
        let mut put = |line: String| fold(&mut calendar, &line);
        for line in ["VERSION:2.0", "PRODID:-//OpsPilot//OpsPilot//EN", "CALSCALE:GREGORIAN", "METHOD:REQUEST"] {
            put(line.to_owned());
        }
        put("BEGIN:VEVENT".to_owned());
        put(format!("UID:{}", text(self.uid)));
        put(format!("DTSTAMP:{}", time(self.at)));
        put("SEQUENCE:0".to_owned());
        put("STATUS:CONFIRMED".to_owned());
        put(format!("DTSTART:{}", time(self.from)));
        put(format!("DTEND:{}", time(self.until)));
        put(format!("SUMMARY:{}", text(&plain::folded(&plain::clean(self.summary)))));
        if !self.description.is_empty() {
            put(format!("DESCRIPTION:{}", text(self.description)));
        }
        if let Some(location) = self.location {
            put(format!("LOCATION:{}", text(&plain::folded(&plain::clean(location)))));
        }
        put(format!("ORGANIZER{}:{}", name(self.organizer), mailto(&self.organizer.address)));
        if let Some(attendee) = self.attendee {
            let wants = ";ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE";
            put(format!("ATTENDEE{}{wants}:{}", name(attendee), mailto(&attendee.address)));
        }
        put("END:VEVENT".to_owned());
        put("END:VCALENDAR".to_owned());
        calendar
    }
}

/// The calendar that calls an invitation off; `None` when it is none, or called off already.
pub(crate) fn cancel(request: &str) -> Option<String> {
    let mut left = OTHERWISE.to_vec();
    let lines = request.split("\r\n").map(|line| match left.iter().position(|(old, _)| *old == line) {
        Some(place) => left.remove(place).1,
        None => line,
    });
    let cancelled = lines.collect::<Vec<_>>().join("\r\n");
    (left.is_empty() && request.starts_with(BEGIN)).then_some(cancelled)
}

/// Whether a calendar calls something off.
pub(crate) fn is_cancelled(calendar: &str) -> bool {
    calendar.lines().any(|line| line == "STATUS:CANCELLED")
}

/// What a calendar asks for.
pub(crate) fn method(calendar: &str) -> Option<&'static str> {
    ["REQUEST", "CANCEL"].into_iter().find(|method| calendar.lines().any(|line| line == format!("METHOD:{method}")))
}

/// In UTC (RFC 5545, section 3.3.5, form 2).
fn time(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// A value of the type TEXT (section 3.3.11).
fn text(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\\' | ';' | ',' => out.extend(['\\', c]),
            c if c.is_control() && c != '\t' => {}
            c => out.push(c),
        }
    }
    out
}

/// The parameter CN, its marks escaped (RFC 6868).
fn name(mailbox: &Mailbox) -> String {
    let Some(name) = mailbox.name.as_deref().map(|name| plain::line(name, 200)).filter(|name| !name.is_empty()) else {
        return String::new();
    };
    let mut out = String::from(";CN=\"");
    for c in name.chars().filter(|c| !c.is_control()) {
        match c {
            '^' => out.push_str("^^"),
            '"' => out.push_str("^'"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// An address as RFC 6068 writes it.
fn mailto(address: &str) -> String {
    let mut out = String::from("mailto:");
    for byte in address.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$'*+@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Puts a line, folded (section 3.1).
fn fold(calendar: &mut String, line: &str) {
    let mut used = 0;
    for c in line.chars() {
        if used + c.len_utf8() > LINE {
            calendar.push_str("\r\n ");
            used = 1;
        }
        calendar.push(c);
        used += c.len_utf8();
    }
    calendar.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::{Invitation, cancel, is_cancelled, method};
    use jiff::Timestamp;
    use opspilot_sdk::Mailbox;
    use proptest::prelude::*;

    fn request(summary: &str, description: &str, name: &str) -> String {
        let person = |name: &str, address: &str| Mailbox { name: Some(name.to_owned()), address: address.to_owned() };
        Invitation {
            uid: "wb-1@ops.test",
            at: Timestamp::constant(1_795_000_000, 0),
            from: Timestamp::constant(1_795_600_800, 0),
            until: Timestamp::constant(1_795_604_400, 0),
            summary,
            description,
            location: Some("Room 1, first floor"),
            organizer: &person("Desk", "desk@ops.test"),
            attendee: Some(&person(name, "ada&co?x@example.com")),
        }
        .request()
    }

    fn unfolded(calendar: &str) -> Vec<String> {
        calendar.replace("\r\n ", "").split("\r\n").map(str::to_owned).collect()
    }

    #[test]
    fn an_invitation_and_its_cancellation() {
        let calendar = request("Visit; \"boiler\"", "One, two.\nThree \\ four", "Ada \"Count^ess\" Lovelace");
        assert_eq!(
            unfolded(&calendar),
            [
                "BEGIN:VCALENDAR",
                "VERSION:2.0",
                "PRODID:-//OpsPilot//OpsPilot//EN",
                "CALSCALE:GREGORIAN",
                "METHOD:REQUEST",
                "BEGIN:VEVENT",
                "UID:wb-1@ops.test",
                "DTSTAMP:20261118T110640Z",
                "SEQUENCE:0",
                "STATUS:CONFIRMED",
                "DTSTART:20261125T100000Z",
                "DTEND:20261125T110000Z",
                "SUMMARY:Visit\\; \"boiler\"",
                "DESCRIPTION:One\\, two.\\nThree \\\\ four",
                "LOCATION:Room 1\\, first floor",
                "ORGANIZER;CN=\"Desk\":mailto:desk@ops.test",
                "ATTENDEE;CN=\"Ada ^'Count^^ess^' Lovelace\";ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:ada%26co%3Fx@example.com",
                "END:VEVENT",
                "END:VCALENDAR",
                "",
            ]
        );
        let off = cancel(&calendar).unwrap();
        let differ: Vec<(String, String)> =
            unfolded(&calendar).into_iter().zip(unfolded(&off)).filter(|(one, other)| one != other).collect();
        assert_eq!(differ.len(), 3);
        assert_eq!((method(&calendar), method(&off)), (Some("REQUEST"), Some("CANCEL")));
        assert!(is_cancelled(&off) && !is_cancelled(&calendar));
        assert_eq!(cancel(&off), None);
    }

    proptest! {
        #[test]
        fn no_text_becomes_a_line(summary in "(\\PC|[\r\n\t;,:\\\\\"]){0,80}", description in "(\\PC|\n|METHOD:CANCEL|\nSTATUS:CANCELLED\n|BEGIN:VCALENDAR\n){0,30}", name in "(\\PC|[\"^\r\n]){0,40}") {
            let calendar = request(&summary, &description, &name);
            prop_assert!(calendar.split("\r\n").all(|line| line.len() <= 75 && !line.contains(['\r', '\n'])));
            let lines = unfolded(&calendar);
            let begins = ["BEGIN:", "VERSION:", "PRODID:", "CALSCALE:", "METHOD:", "UID:", "DTSTAMP:", "SEQUENCE:", "STATUS:", "DTSTART:",
                "DTEND:", "SUMMARY:", "DESCRIPTION:", "LOCATION:", "ORGANIZER", "ATTENDEE", "END:"];
            prop_assert!(lines.iter().all(|line| line.is_empty() || begins.iter().any(|begin| line.starts_with(begin))));
            prop_assert!(lines.len() <= 20);
            prop_assert!(!is_cancelled(&calendar));
            prop_assert!(is_cancelled(&cancel(&calendar).unwrap()));
        }
    }
}
