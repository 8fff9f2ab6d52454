//! The definitions in use: the ones new runs begin with, by name, and every one that a run in flight is pinned to, by hash.

use super::{Definition, Steps};
use crate::store::{Store, StoreError};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

/// Definitions by name and by hash.
#[derive(Clone)]
pub struct Workflows {
    current: Arc<BTreeMap<String, Arc<Definition>>>,
    pinned: Arc<RwLock<HashMap<String, Arc<Definition>>>>,
    steps: Steps,
}

impl Workflows {
    /// From the definitions that new runs begin with.
    #[must_use]
    pub fn new(current: impl IntoIterator<Item = Definition>, steps: Steps) -> Self {
        let current: BTreeMap<String, Arc<Definition>> =
            current.into_iter().map(|definition| (definition.name().to_owned(), Arc::new(definition))).collect();
        let pinned =
            current.values().map(|definition| (definition.hash().to_owned(), Arc::clone(definition))).collect();
        Self { current: Arc::new(current), pinned: Arc::new(RwLock::new(pinned)), steps }
    }

    /// Keeps the definitions in the store, so that runs pinned to them can be finished by any later release.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn keep(&self, store: &Store) -> Result<(), StoreError> {
        for definition in self.current.values() {
            store.keep_definition(definition.hash(), definition.name(), definition.text()).await?;
        }
        Ok(())
    }

    /// The definition that new runs of that workflow begin with.
    #[must_use]
    pub fn current(&self, name: &str) -> Option<&Arc<Definition>> {
        self.current.get(name)
    }

    /// Every definition in use for new runs.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Definition>> {
        self.current.values()
    }

    /// The definition with that hash, from memory or from the store; `None` when it cannot be used by this program.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn pinned(&self, hash: &str, store: &Store) -> Result<Option<Arc<Definition>>, StoreError> {
        if let Some(known) = self.pinned.read().unwrap_or_else(PoisonError::into_inner).get(hash) {
            return Ok(Some(Arc::clone(known)));
        }
        // Boxed, because every run in flight would carry the room for it.
        let Some(text) = Box::pin(store.definition(hash)).await? else { return Ok(None) };
        let Ok(definition) = Definition::parse(&text, &self.steps) else { return Ok(None) };
        let definition = Arc::new(definition);
        self.pinned.write().unwrap_or_else(PoisonError::into_inner).insert(hash.to_owned(), Arc::clone(&definition));
        Ok(Some(definition))
    }

    /// The kinds of step.
    #[must_use]
    pub fn steps(&self) -> &Steps {
        &self.steps
    }
}
