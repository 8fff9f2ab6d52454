//! Feeds the examples through the real connectors: signed posts over loopback, a file in the drop folder, messages by hand. Own file
//! because this is the outside world of the demo; it knows addresses and secrets, not the rooms behind them.

use super::examples::{EXAMPLES, Example, Road};
use crate::cli::failure::Failure;
use crate::cli::reading::{Given, Kind};
use crate::cli::submit::BY_HAND;
use crate::clock::{Clock as _, SystemClock};
use crate::intake::{Door, Intake};
use crate::policy::Principal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use opspilot_sdk::Lane;
use ring::hmac;
use std::net::SocketAddr;
use std::path::Path;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Where the examples go.
pub(super) struct Doors<'a> {
    /// The daemon's address.
    pub(super) address: SocketAddr,
    /// The webhook's secret, `whsec_…`.
    pub(super) secret: &'a str,
    /// The drop folder.
    pub(super) drop: &'a Path,
    /// The door for what is handed in.
    pub(super) intake: &'a Intake,
    /// Who hands it in.
    pub(super) person: &'a Principal,
}

impl Doors<'_> {
    /// Feeds everything. What was fed by an earlier demo in the same folder is recognised behind the doors.
    pub(super) async fn feed(&self, pilot: &str) -> Result<(), Failure> {
        for example in EXAMPLES {
            match example.road() {
                Road::Webhook => self.post(example).await?,
                Road::Drop => self.drop_in(example)?,
                Road::Hand => self.hand_in(example, pilot).await?,
            }
        }
        Ok(())
    }

    async fn post(&self, example: &Example) -> Result<(), Failure> {
        let id = format!("msg_{}", example.name.split('.').next().unwrap_or_default());
        let at = SystemClock.now().as_second();
        let signature = sign(self.secret, &id, at, example.text.as_bytes())?;
        let request = format!(
            "POST /hooks/website HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\
             webhook-id: {id}\r\nwebhook-timestamp: {at}\r\nwebhook-signature: {signature}\r\n\r\n{}",
            self.address,
            example.text.len(),
            example.text
        );
        let answer =
            exchange(self.address, request.as_bytes()).await.map_err(|cause| refused(example, &cause.to_string()))?;
        let status = answer.split(' ').nth(1).unwrap_or_default();
        if status == "202" || status == "200" {
            return Ok(());
        }
        Err(refused(example, answer.rsplit("\r\n\r\n").next().unwrap_or_default()))
    }

    fn drop_in(&self, example: &Example) -> Result<(), Failure> {
        // Written under a name that is left alone, then renamed: it is never seen half written.
        let (part, whole) = (self.drop.join(format!("{}.part", example.name)), self.drop.join(example.name));
        let written = std::fs::create_dir_all(self.drop).and_then(|()| std::fs::write(&part, example.text));
        written.and_then(|()| std::fs::rename(&part, &whole)).map_err(|cause| Failure::unwritable(&whole, &cause))
    }

    async fn hand_in(&self, example: &Example, pilot: &str) -> Result<(), Failure> {
        let given = Given::of(example.name, example.text.as_bytes().to_vec(), Kind::Eml);
        let submitter = Some(self.person.user.clone());
        let door = Door { source: BY_HAND.to_owned(), pilot: pilot.to_owned(), lane: Lane::Interactive, submitter };
        for envelope in given.contents(SystemClock.now()).await?.envelopes {
            self.intake.submit(self.person, &door, envelope).await?;
        }
        Ok(())
    }
}

/// Whether the drop folder has been worked off.
pub(super) fn is_worked_off(drop: &Path) -> bool {
    let holds = |folder: &Path, wanted: fn(&Path) -> bool| {
        std::fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(|entry| wanted(&entry.path())))
    };
    !holds(drop, Path::is_file) && !holds(&drop.join(".claimed"), |_| true)
}

fn refused(example: &Example, why: &str) -> Failure {
    Failure::failed(format!(
        "the example `{}` was not taken: {why}; run `opspilot doctor` on the demo's configuration (OP-9115)",
        example.name
    ))
}

/// A signature of Standard Webhooks 1: HMAC-SHA-256 over `id.timestamp.body`, `v1,` and base64.
fn sign(secret: &str, id: &str, at: i64, body: &[u8]) -> Result<String, Failure> {
    let encoded = secret.trim().trim_start_matches("whsec_");
    let key = BASE64.decode(encoded).map_err(|_| {
        Failure::failed("the demo's webhook secret was damaged; remove the folder and start again (OP-9115)")
    })?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let mut signed = format!("{id}.{at}.").into_bytes();
    signed.extend_from_slice(body);
    Ok(format!("v1,{}", BASE64.encode(hmac::sign(&key, &signed))))
}

/// Sends a request over TCP and reads the whole answer.
async fn exchange(address: SocketAddr, request: &[u8]) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[cfg(test)]
mod tests {
    use super::sign;

    #[test]
    fn the_signature_is_the_published_one() {
        // The example of the Standard Webhooks libraries.
        let body = br#"{"test": 2432232314}"#;
        let signature =
            sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body)
                .unwrap();
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
