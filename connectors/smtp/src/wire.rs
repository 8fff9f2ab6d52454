//! One connection to the relay, stage by stage. Own file because only the stage at which a dialogue broke tells whether the far side can
//! have the letter. INVARIANT: nothing but the answer to the last line of a letter makes it accepted.

use crate::compose::Composed;
use crate::fault::{self, Far, Stage};
use crate::options::Security;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use opspilot_sdk::ConnectorError;
use std::time::Duration;
use tokio::time::timeout;

/// How long a goodbye or a sign of life may take.
const COURTESY: Duration = Duration::from_secs(2);

/// What is needed to connect, any number of times.
pub(crate) struct Relay {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) far: Far,
    pub(crate) security: Security,
    /// Present unless `security` is `none`.
    pub(crate) tls: Option<TlsParameters>,
    pub(crate) login: Option<Credentials>,
    pub(crate) helo: ClientId,
    pub(crate) deadline: Duration,
}

/// What became of a letter on the wire.
pub(crate) enum Outcome {
    Accepted(Response),
    /// The server does not have it.
    Refused(ConnectorError),
    /// It may have it.
    Unclear(ConnectorError),
}

/// An open connection that is signed in.
pub(crate) struct Wire(AsyncSmtpConnection);

impl Relay {
    /// Connects, begins TLS, signs in.
    pub(crate) async fn open(&self) -> Result<Wire, ConnectorError> {
        let far = &self.far;
        let at_once = self.tls.clone().filter(|_| self.security == Security::Tls);
        let server = (self.host.as_str(), self.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, Some(self.deadline), &self.helo, at_once, None)
                .await
                .map_err(|cause| fault::judge(far, Stage::Greeting, cause))?;
        if self.security == Security::Starttls
            && let Some(tls) = &self.tls
        {
            if !connection.can_starttls() {
                goodbye(connection).await;
                return Err(fault::no_starttls(&far.name));
            }
            let begun = connection.starttls(tls.clone(), &self.helo).await;
            begun.map_err(|cause| fault::judge(far, Stage::Tls, cause))?;
        }
        if let Some(login) = &self.login
            && let Err(cause) = connection.auth(&[Mechanism::Plain, Mechanism::Login], login).await
        {
            goodbye(connection).await;
            return Err(fault::judge(far, Stage::Login, cause));
        }
        Ok(Wire(connection))
    }
}

impl Wire {
    /// Whether the server is still there.
    pub(crate) async fn is_alive(&mut self) -> bool {
        timeout(COURTESY, self.0.test_connected()).await.unwrap_or(false)
    }

    /// Offers a letter up to the point at which the server wants to read it.
    pub(crate) async fn offer(&mut self, far: &Far, letter: &Composed) -> Result<(), ConnectorError> {
        let wrong = |stage| move |cause| fault::judge(far, stage, cause);
        self.0.command(Mail::new(letter.sender.clone(), Vec::new())).await.map_err(wrong(Stage::Sender))?;
        self.0.command(Rcpt::new(letter.recipient.clone(), Vec::new())).await.map_err(wrong(Stage::Recipient))?;
        self.0.command(Data).await.map_err(wrong(Stage::Data))?;
        Ok(())
    }

    /// Sends the letter and waits for the answer.
    pub(crate) async fn hand_over(&mut self, far: &Far, letter: &Composed, patience: Duration) -> Outcome {
        match timeout(patience, self.0.message(&letter.bytes)).await {
            Ok(Ok(response)) => Outcome::Accepted(response),
            // A server that answers with a refusal has not taken it; anything else that is not an answer says nothing.
            Ok(Err(cause)) if cause.status().is_some() => Outcome::Refused(fault::judge(far, Stage::Letter, cause)),
            Ok(Err(cause)) => Outcome::Unclear(fault::judge(far, Stage::Letter, cause)),
            Err(_) => Outcome::Unclear(fault::silent(&far.name, Stage::Letter)),
        }
    }

    /// Asks whether the server would take a letter from this sender, and takes it back.
    pub(crate) async fn try_sender(&mut self, far: &Far, sender: &lettre::Address) -> Result<(), ConnectorError> {
        let wrong = |cause| fault::judge(far, Stage::Sender, cause);
        self.0.command(Mail::new(Some(sender.clone()), Vec::new())).await.map_err(wrong)?;
        self.0.command(Rset).await.map_err(wrong)?;
        Ok(())
    }

    /// Forgets a letter that was refused; `false` when the connection is of no more use.
    pub(crate) async fn reset(&mut self) -> bool {
        matches!(timeout(COURTESY, self.0.command(Rset)).await, Ok(Ok(_)))
    }

    /// Says goodbye, briefly.
    pub(crate) async fn close(self) {
        goodbye(self.0).await;
    }
}

async fn goodbye(mut connection: AsyncSmtpConnection) {
    // A server that does not answer a goodbye is left without one.
    let _ = timeout(COURTESY, connection.quit()).await;
}
