//! The list of connector kinds a daemon knows, with their types erased: from a name and raw options to validated options that can be
//! built. Own file because it is the one place that bridges the typed contract and a configuration file.

use crate::{BuildContext, Built, Carries, ConnectorError, Grounds, Lane, Problems, Spec};
use serde::Deserialize as _;
use std::collections::BTreeMap;

type Build<B> = Box<dyn Fn(BuildContext) -> Result<B, ConnectorError> + Send + Sync>;
type Validate<B> = fn(serde_json::Value) -> Result<Prepared<B>, Problems>;

/// Validated options of some kind, ready to be built. Comes from [`Registry::validate`] alone.
pub struct Prepared<B = Built> {
    build: Build<B>,
    carries: Option<Carries>,
    grounds: Grounds,
}

impl<B> Prepared<B> {
    /// Builds it, any number of times: a source that stopped is built anew.
    ///
    /// # Errors
    /// As [`Spec::build`].
    pub fn build(&self, context: BuildContext) -> Result<B, ConnectorError> {
        (self.build)(context)
    }

    /// For a sink: what it will carry, when its options tell.
    #[must_use]
    pub fn carries(&self) -> Option<&Carries> {
        self.carries.as_ref()
    }

    /// For a source: where it takes its items from.
    #[must_use]
    pub fn grounds(&self) -> &Grounds {
        &self.grounds
    }
}

/// Connector kinds by name; of sources unless another thing is named that they build.
pub struct Registry<B = Built>(BTreeMap<&'static str, (Lane, Validate<B>)>);

impl<B> Default for Registry<B> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<B: 'static> Registry<B> {
    /// An empty list.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The list with one more kind.
    #[must_use]
    pub fn with<S: Spec<Built = B>>(mut self) -> Self
    where
        S::Settings: Clone + Send + Sync + 'static,
    {
        self.0.insert(S::KIND, (S::LANE, validate::<S>));
        self
    }

    /// Names of all kinds.
    pub fn kinds(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }

    /// How urgent the requests of a kind are unless the configuration says otherwise.
    #[must_use]
    pub fn lane(&self, kind: &str) -> Option<Lane> {
        self.0.get(kind).map(|(lane, _)| *lane)
    }

    /// Judges the options of a kind; `None` when there is no such kind.
    #[must_use]
    pub fn validate(&self, kind: &str, options: serde_json::Value) -> Option<Result<Prepared<B>, Problems>> {
        self.0.get(kind).map(|(_, validate)| validate(options))
    }
}

fn validate<S: Spec>(options: serde_json::Value) -> Result<Prepared<S::Built>, Problems>
where
    S::Settings: Clone + Send + Sync + 'static,
{
    let options = S::Options::deserialize(options).map_err(|cause| {
        let mut problems = Problems::new();
        problems.add("", cause.to_string(), format!("the page of `{}` lists its keys", S::KIND));
        problems
    })?;
    let settings = S::validate(options)?;
    let (carries, grounds) = (S::carries(&settings), S::grounds(&settings));
    Ok(Prepared { build: Box::new(move |context| S::build(settings.clone(), context)), carries, grounds })
}
