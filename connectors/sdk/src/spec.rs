//! How a connector introduces itself: its kind, its options, validation without I/O, and building. Two phases, so that
//! `config check --offline` can judge a configuration without touching the world, and nothing is ever built from raw options.

use crate::{Carries, ConnectorError, Grounds, Problems, Receiver, Source};
use jiff::Timestamp;
use std::path::PathBuf;
use std::sync::Arc;

/// The time, handed in: connectors never read a clock themselves.
pub trait Clock: Send + Sync {
    /// Now, UTC.
    fn now(&self) -> Timestamp;
}

/// How urgently the requests of a source want to be worked on when there is a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// Somebody waits: forms, mail, by hand.
    Interactive,
    /// A pile: files, imports.
    Bulk,
}

/// What a connector gets when it is built.
#[derive(Clone)]
pub struct BuildContext {
    /// The configured name, such as `website`.
    pub name: String,
    /// The daemon's data folder, for relative paths.
    pub data_dir: PathBuf,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// A built source.
pub enum Built {
    /// The runtime asks it.
    Pulled(Box<dyn Source>),
    /// The outside calls it, through the HTTP door.
    Pushed(Arc<dyn Receiver>),
}

/// One connector kind.
pub trait Spec: Send + Sync + 'static {
    /// The noun of the protocol or thing, such as `webhook`: a promise to operators, frozen once released.
    const KIND: &'static str;
    /// How urgent its requests are unless the configuration says otherwise; a kind that brings none leaves it.
    const LANE: Lane = Lane::Interactive;
    /// What it builds: [`Built`] for a source, `Arc<dyn Model>` for a model.
    type Built: 'static;
    /// Raw options as they stand in the configuration; refuse unknown keys (`deny_unknown_fields`).
    type Options: serde::de::DeserializeOwned;
    /// Options that have been validated; no public constructor.
    type Settings;

    /// Judges options without I/O. Secrets are named (`…_file`, `…_env`), never inline; they are read in [`Spec::build`].
    ///
    /// # Errors
    /// All problems at once.
    fn validate(options: Self::Options) -> Result<Self::Settings, Problems>;

    /// For a sink: what it will carry. `None`: nothing is known before it is built.
    fn carries(_: &Self::Settings) -> Option<Carries> {
        None
    }

    /// For a source: where it takes its items from, so that two sources that would take the same are refused before either is built. Empty:
    /// nothing that another source could take too.
    fn grounds(_: &Self::Settings) -> Grounds {
        Grounds::default()
    }

    /// Builds it. May read secret files and open folders; never spawns tasks.
    ///
    /// # Errors
    /// What a person must fix, as [`crate::ErrorKind::Misconfigured`], or a transient fault.
    fn build(settings: Self::Settings, context: BuildContext) -> Result<Self::Built, ConnectorError>;
}
