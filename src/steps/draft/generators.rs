//! The generators that ask a model, by name, as the daemon built them. Own file because the step and whoever evaluates generators ask the
//! same ones.

use crate::domain::limit::Asked;
use opspilot_sdk::Model;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One generator that asks a model.
#[derive(Clone)]
pub struct Generator {
    /// Its connector kind.
    pub kind: String,
    /// Its name, model, price and limits.
    pub asked: Asked,
    /// The model behind it.
    pub model: Arc<dyn Model>,
}

/// All of them. Cheap to clone.
#[derive(Clone, Default)]
pub struct Generators(Arc<BTreeMap<String, Generator>>);

impl Generators {
    /// From a list; names are unique, the configuration has seen to that.
    #[must_use]
    pub fn new(generators: impl IntoIterator<Item = Generator>) -> Self {
        Self(Arc::new(generators.into_iter().map(|generator| (generator.asked.name.clone(), generator)).collect()))
    }

    /// The generator of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Generator> {
        self.0.get(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Generator> {
        self.0.values()
    }
}
