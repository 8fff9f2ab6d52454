//! Putting the road of mail together: carrier, outbox, answers. Own file because it is all that the daemon knows of mail.

use super::{House, StartError};
use crate::answering::{Answers, Dns, Parts as AnswerParts, SystemDns};
use crate::config::Settings;
use crate::outbox::{self, Away, Others, Outbox, Parts, reply_key};
use crate::reply::authenticity::Checker;
use crate::rota::{self, Waits};
use crate::web::Check;
use opspilot_sdk::{Carrier as _, ConnectorError};
use opspilot_smtp::Smtp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The road of mail, nothing running yet.
pub(super) struct Mail {
    pub(super) outbox: Outbox,
    /// `None` when nobody decides by mail.
    pub(super) answers: Option<Answers>,
}

/// Builds it; `None` when no mail server is configured.
pub(super) fn build(house: &House) -> Result<Option<Mail>, StartError> {
    let settings = &house.settings.mail;
    let Some(carrier) = &settings.carrier else { return Ok(None) };
    let wrong = |cause: ConnectorError| StartError::Mail { cause };
    let smtp = Smtp::build(carrier.clone(), &house.settings.data_dir).map_err(wrong)?;
    let file = &house.settings.receipts.key_file;
    let key = std::fs::read_to_string(file)
        .map_err(|cause| StartError::Key { file: file.display().to_string(), reason: cause.to_string() })?;
    let outbox = Outbox::new(Parts {
        store: house.store.clone(),
        pilots: house.pilots.clone(),
        others: others(&house.settings),
        boundaries: Arc::clone(&house.boundaries),
        planner: house.planner.clone(),
        clock: Arc::clone(&house.clock),
        from: smtp.from().clone(),
        carrier: Arc::new(smtp),
        options: settings.outbox.clone(),
        key: reply_key(&key),
        mark: house.settings.receipts.origin.clone(),
    });
    let answers = match &settings.outbox.reply_address {
        None => None,
        Some(_) => Some(answers(house, outbox.clone())?),
    };
    Ok(Some(Mail { outbox, answers }))
}

/// Who hears of the pilots' briefs besides those who get every letter.
fn others(settings: &Settings) -> BTreeMap<String, Others> {
    let away = |(name, away): (&String, &rota::Away)| {
        let (name, cover) = (name.clone(), away.cover.clone());
        Away { name, from: away.from, until: away.until, cover }
    };
    let others =
        |waits: &Waits| Others { escalate_to: waits.escalate_to.clone(), away: waits.away.iter().map(away).collect() };
    settings.waits.iter().map(|(pilot, waits)| (pilot.clone(), others(waits))).collect()
}

fn answers(house: &House, outbox: Outbox) -> Result<Answers, StartError> {
    let settings = &house.settings.mail;
    let checker = Checker::new().map_err(|cause| StartError::Signatures { reason: cause.to_string() })?;
    let dns: Option<Arc<dyn Dns>> = match settings.check_signatures.then(|| SystemDns::new(settings.dns_server)) {
        None => None,
        Some(Ok(dns)) => Some(Arc::new(dns)),
        Some(Err(reason)) => return Err(StartError::Signatures { reason }),
    };
    Ok(Answers::new(AnswerParts {
        store: house.store.clone(),
        review: house.review.clone(),
        access: house.access.clone(),
        pilots: house.pilots.clone(),
        boundaries: Arc::clone(&house.boundaries),
        outbox,
        trust: settings.trust.clone(),
        checker,
        dns,
        clock: Arc::clone(&house.clock),
    }))
}

/// Does what sending does, up to and without a letter; `None` when no mail server is configured.
pub async fn try_mail(settings: &Settings) -> Option<Result<(), ConnectorError>> {
    let carrier = settings.mail.carrier.as_ref()?;
    let smtp = match Smtp::build(carrier.clone(), &settings.data_dir) {
        Ok(smtp) => smtp,
        Err(cause) => return Some(Err(cause)),
    };
    let outcome = smtp.check().await;
    smtp.close().await;
    Some(outcome)
}

/// What `/readyz` tells about sending.
pub(super) fn check(health: &outbox::Health) -> Check {
    let mut sent =
        health.sent_at.map_or_else(|| "no letter sent yet".to_owned(), |at| format!("last letter sent {at}"));
    if health.aside > 0 {
        sent.push_str(&format!(", {} letters want a person (`opspilot letter list`)", health.aside));
    }
    let detail = health.fault.as_ref().map_or_else(|| sent.clone(), |fault| format!("{fault}; {sent}"));
    Check { name: "mail".to_owned(), ok: health.fault.is_none(), detail }
}
