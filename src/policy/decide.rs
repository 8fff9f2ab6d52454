//! One question, one answer: may this principal do this to that.
//!
//! Its own file because it is the only place that turns an evaluation into a yes.
//! INVARIANT: whatever goes wrong on the way is a no; an allowed decision has no errors.

use cedar_policy::Decision as CedarDecision;
use serde::Serialize;

use super::action::Action;
use super::principal::Principal;
use super::problem::Code;
use super::resource::Resource;
use super::set::PolicySet;

/// A question.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// Who asks.
    pub principal: &'a Principal,
    /// What for.
    pub action: Action,
    /// On which thing.
    pub resource: &'a Resource,
}

/// An answer, as it goes into the receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// The id handed in by the caller.
    pub id: String,
    /// Whether the act is allowed.
    pub allowed: bool,
    /// Why not, as a stable code; `None` when allowed.
    pub code: Option<Code>,
    /// The ids of the policies that determined the answer, sorted; none when no policy permits.
    pub policies: Vec<String>,
    /// What went wrong while answering; any entry means not allowed.
    pub errors: Vec<String>,
    /// The hash of the policies asked; `none` when there were no usable ones.
    pub set_hash: String,
    /// For people: one sentence for each determining policy, or why there is none.
    pub explain: Vec<String>,
}

impl PolicySet {
    /// Answers `ask`. `decision_id` is made by the caller and names the answer in the receipt.
    #[must_use]
    pub fn decide(&self, ask: &Ask<'_>, decision_id: String) -> Decision {
        let (request, entities) = match self.vocabulary.put(ask) {
            Ok(put) => put,
            Err(error) => return self.unanswerable(decision_id, vec![error]),
        };
        let response = self.authorizer.is_authorized(&request, &self.policies, &entities);
        let diagnostics = response.diagnostics();
        let mut errors: Vec<String> = diagnostics.errors().map(ToString::to_string).collect();
        if !errors.is_empty() {
            // A policy that fails is skipped by the evaluator. It may be a prohibition, so its failure
            // must not let anything through.
            errors.sort();
            return self.unanswerable(decision_id, errors);
        }
        let mut policies: Vec<String> = diagnostics.reason().map(|id| AsRef::<str>::as_ref(id).to_owned()).collect();
        policies.sort();
        let mut explain: Vec<String> =
            policies.iter().filter_map(|id| self.rule(id)).map(|rule| rule.explain.clone()).collect();
        let allowed = response.decision() == CedarDecision::Allow;
        if explain.is_empty() {
            explain.push("no policy permits this".to_owned());
        }
        Decision {
            id: decision_id,
            allowed,
            code: (!allowed).then_some(Code::Denied),
            policies,
            errors,
            set_hash: self.hash.clone(),
            explain,
        }
    }

    fn unanswerable(&self, id: String, errors: Vec<String>) -> Decision {
        Decision {
            id,
            allowed: false,
            code: Some(Code::Unanswerable),
            policies: Vec::new(),
            errors,
            set_hash: self.hash.clone(),
            explain: vec!["the question could not be answered, so the answer is no".to_owned()],
        }
    }
}
