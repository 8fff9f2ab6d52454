//! The list of connector kinds a daemon knows, with their types erased: from a name and raw options to validated options that can be
//! built. Own file because it is the one place that bridges the typed contract and a configuration file.

use crate::{BuildContext, Built, ConnectorError, Lane, Problems, Spec};
use serde::Deserialize as _;
use std::collections::BTreeMap;

type Build = Box<dyn Fn(BuildContext) -> Result<Built, ConnectorError> + Send + Sync>;
type Validate = fn(serde_json::Value) -> Result<Prepared, Problems>;

/// Validated options of some kind, ready to be built. Comes from [`Registry::validate`] alone.
pub struct Prepared(Build);

impl Prepared {
    /// Builds the source, any number of times: a source that stopped is built anew.
    ///
    /// # Errors
    /// As [`Spec::build`].
    pub fn build(&self, context: BuildContext) -> Result<Built, ConnectorError> {
        (self.0)(context)
    }
}

/// Connector kinds by name.
#[derive(Default)]
pub struct Registry(BTreeMap<&'static str, (Lane, Validate)>);

impl Registry {
    /// An empty list.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The list with one more kind.
    #[must_use]
    pub fn with<S: Spec>(mut self) -> Self
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
    pub fn validate(&self, kind: &str, options: serde_json::Value) -> Option<Result<Prepared, Problems>> {
        self.0.get(kind).map(|(_, validate)| validate(options))
    }
}

fn validate<S: Spec>(options: serde_json::Value) -> Result<Prepared, Problems>
where
    S::Settings: Clone + Send + Sync + 'static,
{
    let options = S::Options::deserialize(options).map_err(|cause| {
        let mut problems = Problems::new();
        problems.add("", cause.to_string(), format!("the page of `{}` lists its keys", S::KIND));
        problems
    })?;
    let settings = S::validate(options)?;
    Ok(Prepared(Box::new(move |context| S::build(settings.clone(), context))))
}
