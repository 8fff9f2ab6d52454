//! The policies in force in a running program, exchangeable at any moment.
//!
//! Its own file because it is the one shared, changing thing of the room.
//! INVARIANT: policies that are missing, corrupt or older than what was in force deny everything;
//! the ones before them are not kept, because nobody would notice that the new ones do not hold.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde::Serialize;

use super::decide::{Ask, Decision};
use super::folder::{Folder, whole};
use super::permit::{Denied, Permit, judge};
use super::problem::{Code, Problems};
use super::set::PolicySet;
use super::why::Explanation;

/// Whether there are usable policies.
#[derive(Debug, Clone)]
enum State {
    Ready(Arc<PolicySet>),
    Broken(Arc<Problems>),
}

/// Whether policies are in force, for health checks and `opspilot doctor`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "state")]
pub enum Standing {
    /// In force.
    Ready {
        /// See [`PolicySet::hash`].
        hash: String,
        /// See [`PolicySet::version`].
        version: u64,
    },
    /// Everything is denied.
    Broken {
        /// Why.
        problems: Problems,
    },
}

#[derive(Debug)]
struct Held {
    state: State,
    /// The highest version ever in force here.
    highest: u64,
    /// What the state was judged from, when it was read from a folder.
    read: Option<Folder>,
}

/// A handle on the policies in force; clones share them.
#[derive(Debug, Clone)]
pub struct Policies {
    held: Arc<RwLock<Held>>,
    /// Held while a folder is read, so that the last to begin is the last to take effect.
    reloading: Arc<Mutex<()>>,
}

impl Policies {
    /// Begins with what loading gave.
    #[must_use]
    pub fn new(loaded: Result<PolicySet, Problems>) -> Self {
        Self::at_least(loaded, 0)
    }

    /// Begins with what loading gave, if its version is at least `minimum`.
    #[must_use]
    pub fn at_least(loaded: Result<PolicySet, Problems>, minimum: u64) -> Self {
        let held = Held { state: State::Broken(Arc::new(nothing())), highest: minimum, read: None };
        let policies = Self { held: Arc::new(RwLock::new(held)), reloading: Arc::default() };
        policies.replace(loaded);
        policies
    }

    /// Puts what loading gave in place of what is in force. Problems, and a version lower than the
    /// highest seen, mean that everything is denied from now on.
    pub fn replace(&self, loaded: Result<PolicySet, Problems>) -> Standing {
        self.put(loaded, None)
    }

    fn put(&self, loaded: Result<PolicySet, Problems>, read: Option<Folder>) -> Standing {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.read = read;
        held.state = match loaded {
            Ok(set) if set.version() < held.highest => State::Broken(Arc::new(downgrade(set.version(), held.highest))),
            Ok(set) => {
                held.highest = set.version();
                State::Ready(Arc::new(set))
            }
            Err(problems) => State::Broken(Arc::new(problems)),
        };
        held.state.standing()
    }

    /// Reads the folder again and puts it in force; a folder that is gone or wrong denies everything.
    pub fn reload(&self, dir: &Path) -> Standing {
        let _turn = self.reloading.lock().unwrap_or_else(PoisonError::into_inner);
        match Folder::read(dir) {
            // Judging costs a thousand times what reading does, and would say the same.
            Ok(folder) if self.is_judged(&folder) => self.standing(),
            Ok(folder) => self.put(PolicySet::from_folder(folder.clone()), Some(folder)),
            Err(problems) => self.replace(Err(problems)),
        }
    }

    /// Denies everything from now on unless what is in force has at least this version; 0 asks for nothing.
    pub fn require(&self, version: u64) -> Standing {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.highest = held.highest.max(version);
        if let State::Ready(set) = &held.state
            && set.version() < held.highest
        {
            held.state = State::Broken(Arc::new(downgrade(set.version(), held.highest)));
        }
        held.state.standing()
    }

    fn is_judged(&self, folder: &Folder) -> bool {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.read.as_ref() == Some(folder)
    }

    /// Whether policies are in force.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.state().standing()
    }

    /// The set in force now, for a caller that asks many questions and wants one answer to them all.
    ///
    /// # Errors
    /// Why there is none.
    pub fn current(&self) -> Result<Arc<PolicySet>, Arc<Problems>> {
        match self.state() {
            State::Ready(set) => Ok(set),
            State::Broken(problems) => Err(problems),
        }
    }

    /// As [`PolicySet::decide`]; without usable policies the answer is no, with code OP-5001.
    #[must_use]
    pub fn decide(&self, ask: &Ask<'_>, decision_id: String) -> Decision {
        match self.state() {
            State::Ready(set) => set.decide(ask, decision_id),
            State::Broken(problems) => unusable(&problems, decision_id),
        }
    }

    /// As [`PolicySet::permit`].
    ///
    /// # Errors
    /// [`Denied`] whenever the decision is not an allowed one.
    pub fn permit(&self, ask: &Ask<'_>, decision_id: String) -> Result<Permit, Denied> {
        judge(ask, self.decide(ask, decision_id))
    }

    /// As [`PolicySet::why`].
    #[must_use]
    pub fn why(&self, ask: &Ask<'_>) -> Explanation {
        match self.state() {
            State::Ready(set) => set.why(ask),
            State::Broken(problems) => Explanation::without_ways(ask, unusable(&problems, String::new())),
        }
    }

    fn state(&self) -> State {
        self.held.read().unwrap_or_else(PoisonError::into_inner).state.clone()
    }
}

impl State {
    fn standing(&self) -> Standing {
        match self {
            Self::Ready(set) => Standing::Ready { hash: set.hash().to_owned(), version: set.version() },
            Self::Broken(problems) => Standing::Broken { problems: problems.as_ref().clone() },
        }
    }
}

fn unusable(problems: &Problems, id: String) -> Decision {
    Decision {
        id,
        allowed: false,
        code: Some(Code::Unusable),
        policies: Vec::new(),
        errors: problems.iter().map(ToString::to_string).collect(),
        set_hash: "none".to_owned(),
        explain: vec!["there are no usable policies, so everything is denied".to_owned()],
    }
}

fn nothing() -> Problems {
    whole("policies", Code::Unusable, "no policies have been loaded".to_owned(), "load them before the first question")
        .into()
}

fn downgrade(found: u64, highest: u64) -> Problems {
    whole(
        "VERSION",
        Code::Downgrade,
        format!("the policies have version {found}, but version {highest} was required or already in force"),
        "put the newer policies back; to return to older rules on purpose, give them a higher number",
    )
    .into()
}
