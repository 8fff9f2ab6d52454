//! From a call to a letter and to what became of it. Own file because messages and invitations are sent alike. INVARIANT: everything in the
//! letter stands in the call; what does not fit is refused when it is planned, and nothing is shortened or changed after that.

use crate::carrier::Smtp;
use crate::compose::{Calendar, address, bracketed, one_line, shortened};
use crate::fault;
use opspilot_sdk::{
    AutoSubmitted, Call, Carrier as _, Caution, ConnectorError, Delivered, ErrorKind, Fate, Handover, Letter, Look,
    Mailbox, ReturnPath, Undelivered,
};
use std::collections::BTreeMap;

/// Hands a letter to the relay.
pub(crate) const MAIL: &str = "MAIL";

/// The header of a call that names the relay; it stands in no letter.
pub(crate) const RELAY: &str = "relay";

/// Who sends, and for whom.
pub(crate) struct Post {
    smtp: Smtp,
    reply_to: Option<String>,
}

/// What is to be sent.
pub(crate) struct Draft<'a> {
    /// Names it: `KEY`, with the domain behind it.
    pub(crate) key: &'a str,
    pub(crate) to: &'a Mailbox,
    pub(crate) subject: &'a str,
    pub(crate) at: jiff::Timestamp,
    pub(crate) in_reply_to: Option<&'a str>,
    pub(crate) body: String,
}

pub(crate) fn unfit(message: impl Into<String>) -> ConnectorError {
    ConnectorError::new(ErrorKind::Rejected, "OP-7500", message)
}

fn outdated(what: &str) -> Undelivered {
    let message = format!("the call names another {what} than this sink does now; plan it again");
    // Of this call alone: what is planned now is as the sink is now.
    Undelivered { error: ConnectorError::new(ErrorKind::Rejected, "OP-7514", message), fate: Fate::NotDone }
}

/// As a person reads it.
fn shown(mailbox: &Mailbox) -> String {
    mailbox.name.as_ref().map_or_else(|| mailbox.address.clone(), |name| format!("{name} <{}>", mailbox.address))
}

impl Post {
    pub(crate) fn new(smtp: Smtp, reply_to: Option<String>) -> Self {
        Self { smtp, reply_to }
    }

    pub(crate) fn from(&self) -> &Mailbox {
        self.smtp.from()
    }

    /// By whom letters go, as it stands in a call.
    pub(crate) fn relay(&self) -> String {
        self.smtp.relay()
    }

    /// The domain that vouches for names.
    pub(crate) fn domain(&self) -> &str {
        self.from().address.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// The call for a letter.
    pub(crate) fn call(&self, draft: Draft<'_>) -> Result<Call, ConnectorError> {
        let refused = |error: ConnectorError| unfit(error.message);
        address(&draft.to.address, "to").map_err(refused)?;
        let subject = shortened(&one_line(draft.subject));
        if subject.is_empty() {
            return Err(unfit("a letter needs a subject, and the action has no title"));
        }
        let mut headers = BTreeMap::from([
            ("date".to_owned(), draft.at.to_string()),
            ("from".to_owned(), shown(self.from())),
            ("message-id".to_owned(), format!("{}@{}", draft.key, self.domain())),
            (RELAY.to_owned(), self.relay()),
            ("subject".to_owned(), subject),
        ]);
        let name = draft.to.name.as_deref().map(|name| shortened(&one_line(name))).filter(|name| !name.is_empty());
        headers.extend(name.map(|name| ("to-name".to_owned(), name)));
        headers.extend(self.reply_to.clone().map(|reply_to| ("reply-to".to_owned(), reply_to)));
        if let Some(answered) = draft.in_reply_to {
            bracketed(answered, "in_reply_to").map_err(refused)?;
            headers.insert("in-reply-to".to_owned(), answered.to_owned());
        }
        Ok(Call { method: MAIL.to_owned(), target: draft.to.address.clone(), headers, body: draft.body })
    }

    /// Sends it. `text` and `calendar` are the parts of the body.
    pub(crate) async fn send(
        &self,
        call: &Call,
        text: &str,
        calendar: Option<Calendar<'_>>,
    ) -> Result<Delivered, Undelivered> {
        let header = |name: &str| call.headers.get(name).cloned();
        if header("from").is_none_or(|from| from != shown(self.from())) {
            return Err(outdated("sender"));
        }
        if header(RELAY).is_none_or(|relay| relay != self.relay()) {
            return Err(outdated("relay"));
        }
        if header("reply-to") != self.reply_to {
            return Err(outdated("address for answers"));
        }
        let date = header("date").and_then(|date| date.parse().ok());
        let (Some(date), Some(subject), Some(message_id)) = (date, header("subject"), header("message-id")) else {
            return Err(outdated("set of headers"));
        };
        let in_reply_to = header("in-reply-to");
        let letter = Letter {
            from: self.from().clone(),
            to: Mailbox { name: header("to-name"), address: call.target.clone() },
            reply_to: self.reply_to.clone().map(|address| Mailbox { name: None, address }),
            return_path: ReturnPath::From,
            message_id: message_id.clone(),
            references: in_reply_to.clone().into_iter().collect(),
            in_reply_to,
            date,
            subject,
            text: text.to_owned(),
            html: None,
            auto_submitted: AutoSubmitted::Approved,
            list_unsubscribe: None,
            loop_mark: "writeback".to_owned(),
        };
        match self.smtp.carry(&letter, calendar).await {
            Ok(Handover::Accepted { response, .. }) => Ok(Delivered { id: Some(message_id), said: response }),
            Ok(Handover::Unclear { why }) => Err(Undelivered { error: why, fate: Fate::Unknown }),
            // The carrier's promise: the far side does not have it.
            Err(error) => Err(Undelivered { error, fate: Fate::NotDone }),
        }
    }

    /// A relay never tells what it has sent.
    pub(crate) fn look(&self) -> Look {
        Look::Unknown {
            why: "a mail relay cannot tell what it has sent; its log or the recipient's mailbox can".to_owned(),
        }
    }

    pub(crate) async fn check(&self) -> Result<Vec<Caution>, ConnectorError> {
        self.smtp.check().await.map(|()| Vec::new())
    }
}

/// An address as it may stand in the options.
pub(crate) fn judge_address(key: &str, text: &str, problems: &mut opspilot_sdk::Problems) {
    if address(text, key).is_err() {
        problems.add(key, "is not an address", "write `desk@example.org`, without a name");
    }
}

/// A method that is none of ours.
pub(crate) fn foreign(method: &str) -> Undelivered {
    let error = fault::unfit(&format!("`{}` is nothing that is done by mail", one_line(method)));
    Undelivered { error, fate: Fate::NotDone }
}
