//! From texts to a validated set: parse, demand the annotations, check against the schema, hash.
//!
//! Its own file because this is the one way to a `PolicySet`.
//! INVARIANT: a set comes out only when nothing at all was found wrong; warnings count as problems,
//! since a policy that can never apply is a rule somebody believes to be in force.

use std::collections::HashMap;
use std::str::FromStr;

use cedar_policy::ffi::DetailedError;
use cedar_policy::{
    Authorizer, Effect as CedarEffect, Policy, PolicyId, PolicySet as CedarSet, Schema, ValidationMode,
    ValidationWarning, Validator,
};
use opspilot_sdk::hex;
use ring::digest;

use super::bounds;
use super::entities::Vocabulary;
use super::folder::whole;
use super::problem::{Code, Problem, Problems};
use super::set::{Effect, PolicySet, Rule};
use super::shipped;

/// Loads `files` (name, text) beside the floor.
///
/// # Errors
/// Everything found wrong, all at once.
pub(super) fn load(files: Vec<(String, String)>, version: u64) -> Result<PolicySet, Problems> {
    let schema = Schema::from_str(shipped::SCHEMA.1).map_err(|error| {
        let file = Source { name: shipped::SCHEMA.0, text: shipped::SCHEMA.1 };
        Problems::from(file.problem(Code::Schema, &DetailedError::from(&error), SHIPPED_REMEDY))
    })?;
    let vocabulary = Vocabulary::new(&schema)
        .map_err(|message| Problems::from(whole(shipped::SCHEMA.0, Code::Schema, message, SHIPPED_REMEDY)))?;

    // The floor first, so that a policy that takes one of its ids is the one to blame.
    let mut sources = vec![Source { name: shipped::FLOOR.0, text: shipped::FLOOR.1 }];
    sources.extend(files.iter().map(|(name, text)| Source { name, text }));

    let mut gathered = Gathered::default();
    for source in &sources {
        gathered.add(source);
    }
    gathered.validate(schema, &sources);
    Problems::or_none(gathered.problems)?;
    let mut rules = gathered.rules;
    rules.sort_by(|a, b| (&a.file, a.line, &a.id).cmp(&(&b.file, b.line, &b.id)));
    Ok(PolicySet {
        policies: gathered.policies,
        authorizer: Authorizer::new(),
        vocabulary,
        rules,
        hash: hash(&sources),
        version,
    })
}

const SHIPPED_REMEDY: &str = "this is a fault of the program; install a release that was tested";

/// A policy file and its name.
#[derive(Debug, Clone, Copy)]
struct Source<'a> {
    name: &'a str,
    text: &'a str,
}

impl Source<'_> {
    /// Line and column, from 1, of a byte offset.
    fn place(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line, column)
    }

    /// A problem at a byte offset.
    fn at(&self, offset: usize, code: Code, message: String, remedy: &str) -> Problem {
        let (line, column) = self.place(offset);
        Problem {
            code,
            file: self.name.to_owned(),
            line: Some(line),
            column: Some(column),
            message,
            remedy: remedy.to_owned(),
        }
    }

    /// A problem the parser or the validator found.
    fn problem(&self, code: Code, error: &DetailedError, remedy: &str) -> Problem {
        let place = error.source_locations.first().map(|label| self.place(label.loc.start));
        Problem {
            code,
            file: self.name.to_owned(),
            line: place.map(|(line, _)| line),
            column: place.map(|(_, column)| column),
            message: sentence(&error.message),
            remedy: error.help.as_deref().map_or_else(|| remedy.to_owned(), sentence),
        }
    }
}

/// What was read so far.
#[derive(Debug, Default)]
struct Gathered {
    policies: CedarSet,
    rules: Vec<Rule>,
    problems: Vec<Problem>,
    /// The file each id was first seen in, with its offset there.
    seen: HashMap<String, (String, usize)>,
}

impl Gathered {
    fn add(&mut self, source: &Source<'_>) {
        if let Some((offset, message, remedy)) = bounds::exceeded(source.text) {
            self.problems.push(source.at(offset, Code::Syntax, message, remedy));
            return;
        }
        let parsed = match CedarSet::from_str(source.text) {
            Ok(parsed) => parsed,
            Err(errors) => {
                for error in errors.iter() {
                    self.problems.push(source.problem(
                        Code::Syntax,
                        &DetailedError::from(error),
                        "correct the policy; docs/policy.md shows the form",
                    ));
                }
                return;
            }
        };
        for template in parsed.templates() {
            let offset = source.text.find(&template.to_string()).unwrap_or_default();
            self.annotation(
                source,
                offset,
                "templates (`?principal`, `?resource`) are not used here".to_owned(),
                "write out the principal and the resource, or a condition on them",
            );
        }
        let mut policies: Vec<(usize, &Policy)> = parsed
            .policies()
            // Printing gives back the text as it was written, so it can be found again.
            .map(|policy| (source.text.find(&policy.to_string()).unwrap_or_default(), policy))
            .collect();
        policies.sort_by_key(|(offset, _)| *offset);
        if policies.is_empty() && parsed.templates().next().is_none() {
            self.problems.push(whole(
                source.name,
                Code::Folder,
                "the file holds no policy".to_owned(),
                "restore its content; if it is meant to be empty, delete it",
            ));
        }
        for (offset, policy) in policies {
            self.add_policy(source, offset, policy);
        }
    }

    fn add_policy(&mut self, source: &Source<'_>, offset: usize, policy: &Policy) {
        let annotation = |key| policy.annotation(key).map(str::trim).filter(|text| !text.is_empty());
        let id = annotation("id");
        let explain = annotation("explain");
        if explain.is_none() {
            self.annotation(
                source,
                offset,
                "the policy has no `@explain`".to_owned(),
                "add `@explain(\"...\")`: one sentence for the person who asks why",
            );
        }
        let Some(id) = id else {
            self.annotation(
                source,
                offset,
                "the policy has no `@id`".to_owned(),
                "add `@id(\"...\")`: a short name that stays; receipts refer to it",
            );
            // Validated all the same, so that one load shows everything.
            let stand_in = format!("{}:{offset}", source.name);
            self.seen.insert(stand_in.clone(), (source.name.to_owned(), offset));
            self.keep(policy, &stand_in);
            return;
        };
        if let Some((file, _)) = self.seen.get(id) {
            let message = format!("the id `{id}` is already used in {file}");
            self.annotation(source, offset, message, "give each policy an id of its own");
            return;
        }
        self.seen.insert(id.to_owned(), (source.name.to_owned(), offset));
        self.rules.push(Rule {
            id: id.to_owned(),
            effect: match policy.effect() {
                CedarEffect::Permit => Effect::Permit,
                CedarEffect::Forbid => Effect::Forbid,
            },
            explain: explain.unwrap_or_default().to_owned(),
            file: source.name.to_owned(),
            line: source.place(offset).0,
        });
        self.keep(policy, id);
    }

    fn keep(&mut self, policy: &Policy, id: &str) {
        if let Err(error) = self.policies.add(policy.new_id(PolicyId::new(id))) {
            let file = self.seen.get(id).map_or("", |(file, _)| file).to_owned();
            self.problems.push(whole(
                &file,
                Code::Annotation,
                sentence(&error.to_string()),
                "give each policy an id of its own",
            ));
        }
    }

    fn annotation(&mut self, source: &Source<'_>, offset: usize, message: String, remedy: &str) {
        self.problems.push(source.at(offset, Code::Annotation, message, remedy));
    }

    fn validate(&mut self, schema: Schema, sources: &[Source<'_>]) {
        let result = Validator::new(schema).validate(&self.policies, ValidationMode::Strict);
        let mut found: Vec<(&PolicyId, DetailedError)> =
            result.validation_errors().map(|error| (error.policy_id(), DetailedError::from(error))).collect();
        // That a policy cannot apply is mostly a consequence of what else is wrong with it; told last,
        // and only of policies with nothing else to tell.
        let mut warnings: Vec<&ValidationWarning> = result.validation_warnings().collect();
        warnings.sort_by_key(|warning| match warning {
            ValidationWarning::ImpossiblePolicy(_) => 2,
            ValidationWarning::InvalidActionApplication(_) => 1,
            _ => 0,
        });
        for warning in warnings {
            let id = warning.policy_id();
            if !found.iter().any(|(known, _)| *known == id) {
                found.push((id, DetailedError::from(warning)));
            }
        }
        for (id, detail) in found {
            let id: &str = id.as_ref();
            let place = self.seen.get(id);
            let source = place.and_then(|(file, _)| sources.iter().find(|source| source.name == file));
            let Some((source, (_, offset))) = source.zip(place) else {
                self.problems.push(whole(id, Code::Schema, sentence(&detail.message), REMEDY));
                continue;
            };
            let mut problem = source.problem(Code::Schema, &detail, REMEDY);
            if problem.line.is_none() {
                let (line, column) = source.place(*offset);
                problem.line = Some(line);
                problem.column = Some(column);
            }
            self.problems.push(problem);
        }
    }
}

const REMEDY: &str = "use the words of schema.cedarschema; docs/policy.md explains them";

/// Longest message, in characters; a policy may hold a name of any length.
const MAX_MESSAGE: usize = 400;

/// Lower case at the start, no full stop at the end, one line of bounded length.
fn sentence(text: &str) -> String {
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = match text.char_indices().nth(MAX_MESSAGE) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    };
    let text = text.trim_end_matches('.');
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// Lengths go in before names and texts, so that no two different folders hash alike.
fn hash(sources: &[Source<'_>]) -> String {
    let schema = Source { name: shipped::SCHEMA.0, text: shipped::SCHEMA.1 };
    let mut all: Vec<Source<'_>> = sources.to_vec();
    all.push(schema);
    all.sort_by_key(|source| source.name);
    let mut sum = digest::Context::new(&digest::SHA256);
    for source in all {
        for part in [source.name, source.text] {
            sum.update(&(part.len() as u64).to_be_bytes());
            sum.update(part.as_bytes());
        }
    }
    format!("sha256:{}", hex(sum.finish().as_ref()))
}
