//! The source itself: validation, building, and the one road of a delivery (size, proof, body, fields, identity). Own file because
//! the order of those steps is the safety of the source. INVARIANT: `receive` is a pure function of delivery, time and settings.

use crate::body;
use crate::identity;
use crate::multipart::FileLimits;
use crate::options::{Format, Mapping, Options, Scheme, Settings};
use crate::recognise::{self, Recognised};
use crate::refuse::{BODY_LARGE, SECRET_UNREADABLE, SECRET_UNUSABLE, too_large};
use crate::verify::Verifier;
use jiff::Timestamp;
use opspilot_sdk::{
    BuildContext, Built, ConnectorError, Delivery, Envelope, ErrorKind, Lane, Limits, Problems, Receiver, Refusal,
    Secret, Spec,
};
use std::path::Path;
use std::sync::Arc;

/// The connector kind `webhook`: a pushed source behind `POST /hooks/{source}`.
#[derive(Clone, Copy, Debug)]
pub struct Webhook;

impl Spec for Webhook {
    const KIND: &'static str = "webhook";
    const LANE: Lane = Lane::Interactive;
    type Built = Built;
    type Options = Options;
    type Settings = Settings;

    fn validate(options: Options) -> Result<Settings, Problems> {
        Settings::validate(options)
    }

    fn build(settings: Settings, context: BuildContext) -> Result<Built, ConnectorError> {
        Ok(Built::Pushed(Arc::new(Hook::new(settings, &context.data_dir)?)))
    }
}

/// A built webhook source.
#[derive(Debug)]
pub(crate) struct Hook {
    scheme: Scheme,
    verifier: Verifier,
    limits: Limits,
    format: Format,
    mapping: Mapping<Vec<String>>,
    files: FileLimits,
}

impl Hook {
    /// Reads the secrets and prepares the keys.
    pub(crate) fn new(settings: Settings, data_dir: &Path) -> Result<Self, ConnectorError> {
        let mut secrets = Vec::new();
        for file in &settings.secret_files {
            secrets.push(from_file(&data_dir.join(file))?);
        }
        for name in &settings.secret_envs {
            secrets.push(from_environment(name)?);
        }
        Ok(Self {
            scheme: settings.scheme,
            verifier: Verifier::new(settings.scheme, &secrets, settings.tolerance_secs)?,
            limits: settings.limits,
            format: settings.format,
            mapping: settings.mapping,
            files: settings.files,
        })
    }
}

impl Receiver for Hook {
    fn limits(&self) -> Limits {
        self.limits
    }

    fn receive(&self, delivery: &Delivery<'_>, now: Timestamp) -> Result<Envelope, Refusal> {
        let most = self.limits.body_bytes;
        if delivery.body.len() > most {
            return Err(too_large(BODY_LARGE, format!("the body has more than {most} bytes; send less at a time")));
        }
        self.verifier.check(delivery, now)?;
        let body = body::read(delivery, self.format, self.files)?;
        let Recognised { content, shape, id } = recognise::recognise(&body.node, delivery.body, &self.mapping);
        let identity = identity::identify(self.scheme, delivery, &body.node, shape, id);
        Ok(Envelope {
            key: identity.key,
            external_id: identity.external_id,
            received_at: now,
            media_type: body.media_type,
            raw: delivery.body.to_vec(),
            content,
            attachments: body.attachments,
        })
    }
}

fn from_file(path: &Path) -> Result<Secret, ConnectorError> {
    let text = std::fs::read_to_string(path).map_err(|cause| {
        let message = format!(
            "the webhook secret cannot be read from `{}`; check that the file exists and may be read",
            path.display()
        );
        ConnectorError::new(ErrorKind::Misconfigured, SECRET_UNREADABLE, message).because(cause)
    })?;
    not_empty(text.trim(), &path.display().to_string())
}

fn from_environment(name: &str) -> Result<Secret, ConnectorError> {
    // The cause is left out: for a value that is not UTF-8 it would hold the secret.
    let text = std::env::var(name).map_err(|_| {
        let message =
            format!("the environment variable `{name}` with the webhook secret is not set or not UTF-8; set it");
        ConnectorError::new(ErrorKind::Misconfigured, SECRET_UNREADABLE, message)
    })?;
    not_empty(text.trim(), name)
}

fn not_empty(text: &str, place: &str) -> Result<Secret, ConnectorError> {
    if text.is_empty() {
        let message = format!("the webhook secret in `{place}` is empty; put the secret there");
        return Err(ConnectorError::new(ErrorKind::Misconfigured, SECRET_UNUSABLE, message));
    }
    Ok(Secret::new(text))
}

#[cfg(test)]
#[path = "receive_tests.rs"]
mod tests;
