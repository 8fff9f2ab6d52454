//! The data boundary of a pilot: what happens to each kind of data.
//!
//! Its own file because it is the only part of the room that an operator writes. A raw
//! [`BoundaryOptions`] comes from configuration; a [`Boundary`] exists only validated.
//! INVARIANT: a boundary treats every kind; what nobody named gets the treatment for unnamed kinds.

use serde::Deserialize;

use super::finding::Finding;
use super::kind::Kind;
use super::problem::Problem;

/// What a boundary does with one kind of data. Later is stricter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Treatment {
    /// The value stays.
    Allow,
    /// The value is masked before anything reads the text.
    Redact,
    /// The whole request waits for a person.
    Hold,
}

impl Treatment {
    const NAMES: [(&'static str, Self); 3] = [("allow", Self::Allow), ("redact", Self::Redact), ("hold", Self::Hold)];

    /// The name in configuration: `allow`, `redact` or `hold`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Redact => "redact",
            Self::Hold => "hold",
        }
    }
}

/// The raw `boundary` table of a pilot, as written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BoundaryOptions {
    /// The boundary to start from: `business-contact` (also when absent), `synthetic-only` or `open`.
    pub preset: Option<String>,
    /// Names of kinds that stay in the text.
    pub allowed: Vec<String>,
    /// Names of kinds that are masked.
    pub redact: Vec<String>,
    /// Names of kinds that hold the request.
    pub prohibited: Vec<String>,
    /// Treatment of every kind not named by preset or lists: `allow`, `redact` or `hold`.
    pub unnamed: Option<String>,
    /// Whether values set aside for examples and tests always stay (documentation domains, test cards).
    pub allow_reserved: Option<bool>,
}

/// A validated data boundary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boundary {
    treatments: [Treatment; Kind::ALL.len()],
    allow_reserved: bool,
    preset: &'static str,
}

/// The presets: name and readable source.
const PRESETS: [(&str, &str); 3] = [
    ("business-contact", include_str!("../../config/boundaries/business-contact.toml")),
    ("synthetic-only", include_str!("../../config/boundaries/synthetic-only.toml")),
    ("open", include_str!("../../config/boundaries/open.toml")),
];

impl Boundary {
    /// Validates options as written under the configuration key `path` (for example
    /// `pilot[0].boundary`).
    ///
    /// # Errors
    /// Every problem at once: unknown preset, unknown kind, a kind under two treatments, an unknown
    /// treatment.
    pub fn from_options(options: &BoundaryOptions, path: &str) -> Result<Self, Vec<Problem>> {
        Self::lay(options, None, path)
    }

    /// Validates the options of a boundary for models, which begins with `base` unless it names a preset,
    /// and is never laxer.
    ///
    /// # Errors
    /// As [`Boundary::from_options`]; and what it would let through that `base` does not.
    pub fn for_models(options: &BoundaryOptions, base: &Self, path: &str) -> Result<Self, Vec<Problem>> {
        let mut model = Self::lay(options, Some(base), path)?;
        let mut problems = Vec::new();
        for kind in Kind::ALL {
            let (wanted, least) = (model.treatment(kind), base.treatment(kind));
            if wanted < least {
                let by_name = |names: &[String]| names.iter().position(|name| name == kind.name());
                let at = match (by_name(&options.allowed), by_name(&options.redact)) {
                    (Some(place), _) => format!("{path}.allowed[{place}]"),
                    (_, Some(place)) => format!("{path}.redact[{place}]"),
                    _ if options.preset.is_some() => format!("{path}.preset"),
                    _ => path.to_owned(),
                };
                problems.push(Problem {
                    code: "OP-8006",
                    path: at,
                    message: format!(
                        "models would see more than the pilot's boundary lets pass: `{kind}` is `{}` here and `{}` there",
                        wanted.name(),
                        least.name()
                    ),
                    help: format!("name `{kind}` where the pilot's boundary has it, or more strictly"),
                });
            }
        }
        if options.allow_reserved == Some(true) && !base.allow_reserved {
            problems.push(Problem {
                code: "OP-8006",
                path: format!("{path}.allow_reserved"),
                message: "models would see values set aside for examples, which the pilot's boundary does not let pass"
                    .to_owned(),
                help: "leave `allow_reserved` out here, or set it in the pilot's boundary as well".to_owned(),
            });
        }
        model.allow_reserved &= base.allow_reserved;
        if problems.is_empty() { Ok(model) } else { Err(problems) }
    }

    /// The boundary that lets nothing pass: for the words of a pilot that is not configured.
    #[must_use]
    pub const fn closed() -> Self {
        Self { treatments: [Treatment::Hold; Kind::ALL.len()], allow_reserved: false, preset: "closed" }
    }

    /// What both boundaries allow.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        let mut treatments = self.treatments;
        for (mine, theirs) in treatments.iter_mut().zip(other.treatments) {
            *mine = (*mine).max(theirs);
        }
        Self { treatments, allow_reserved: self.allow_reserved && other.allow_reserved, preset: other.preset }
    }

    fn lay(options: &BoundaryOptions, base: Option<&Self>, path: &str) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let wanted = options.preset.as_deref().unwrap_or(PRESETS[0].0);
        let found = PRESETS.iter().find(|(name, _)| *name == wanted);
        if found.is_none() {
            let names = PRESETS.map(|(name, _)| name);
            problems.push(Problem::new("OP-8001", format!("{path}.preset"), "preset", wanted, &names));
        }
        let &(mut preset, source) = found.unwrap_or(&PRESETS[0]);
        let mut draft = Draft { treatments: [None; Kind::ALL.len()], unnamed: None, allow_reserved: None };
        match base.filter(|_| options.preset.is_none()) {
            Some(base) => {
                draft.treatments = base.treatments.map(Some);
                draft.allow_reserved = Some(base.allow_reserved);
                preset = base.preset;
            }
            None => match toml::from_str::<BoundaryOptions>(source) {
                Ok(base) => draft.apply(&base, preset, &mut problems),
                Err(error) => problems.push(Problem {
                    code: "OP-8005",
                    path: format!("config/boundaries/{preset}.toml"),
                    message: format!("the bundled boundary `{preset}` cannot be read: {}", error.message()),
                    help: "use a released build, or repair the file and build again".to_owned(),
                }),
            },
        }
        draft.apply(options, path, &mut problems);
        if !problems.is_empty() {
            return Err(problems);
        }
        let unnamed = draft.unnamed.unwrap_or(Treatment::Hold);
        Ok(Self {
            treatments: draft.treatments.map(|treatment| treatment.unwrap_or(unnamed)),
            allow_reserved: draft.allow_reserved.unwrap_or(false),
            preset,
        })
    }

    /// What happens to this kind.
    #[must_use]
    pub fn treatment(&self, kind: Kind) -> Treatment {
        self.treatments.get(kind as usize).copied().unwrap_or(Treatment::Hold)
    }

    /// What happens to this finding: as its kind is treated, unless its value is set aside for examples and these stay.
    #[must_use]
    pub fn treats(&self, finding: &Finding) -> Treatment {
        if finding.reserved && self.allow_reserved { Treatment::Allow } else { self.treatment(finding.kind) }
    }

    /// Whether values set aside for examples and tests always stay.
    #[must_use]
    pub const fn allows_reserved(&self) -> bool {
        self.allow_reserved
    }

    /// The preset this boundary started from.
    #[must_use]
    pub const fn preset(&self) -> &'static str {
        self.preset
    }

    /// Names of the bundled presets.
    #[must_use]
    pub fn presets() -> [&'static str; PRESETS.len()] {
        PRESETS.map(|(name, _)| name)
    }
}

/// A boundary while preset and lists are laid over each other.
struct Draft {
    treatments: [Option<Treatment>; Kind::ALL.len()],
    unnamed: Option<Treatment>,
    allow_reserved: Option<bool>,
}

impl Draft {
    fn apply(&mut self, options: &BoundaryOptions, path: &str, problems: &mut Vec<Problem>) {
        let lists = [
            ("allowed", &options.allowed, Treatment::Allow),
            ("redact", &options.redact, Treatment::Redact),
            ("prohibited", &options.prohibited, Treatment::Hold),
        ];
        let mut named: [Option<&str>; Kind::ALL.len()] = [None; Kind::ALL.len()];
        for (list, names, treatment) in lists {
            for (place, name) in names.iter().enumerate() {
                let at = format!("{path}.{list}[{place}]");
                let Some(kind) = Kind::from_name(name) else {
                    let names = Kind::ALL.map(Kind::name);
                    problems.push(Problem::new("OP-8002", at, "kind of data", name, &names));
                    continue;
                };
                let slot = kind as usize;
                if let Some(before) = named[slot].replace(list)
                    && before != list
                {
                    problems.push(Problem {
                        code: "OP-8003",
                        path: at,
                        message: format!("`{name}` is named under `{before}` and under `{list}`"),
                        help: format!("keep it under one of the two, `{list}` being where it stands last"),
                    });
                }
                self.treatments[slot] = Some(treatment);
            }
        }
        if let Some(name) = options.unnamed.as_deref() {
            match Treatment::NAMES.into_iter().find(|(known, _)| *known == name) {
                Some((_, treatment)) => self.unnamed = Some(treatment),
                None => {
                    let names = Treatment::NAMES.map(|(known, _)| known);
                    problems.push(Problem::new("OP-8004", format!("{path}.unnamed"), "treatment", name, &names));
                }
            }
        }
        if options.allow_reserved.is_some() {
            self.allow_reserved = options.allow_reserved;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::problem::nearest;

    fn options(text: &str) -> BoundaryOptions {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn the_default_lets_contact_data_pass() {
        let boundary = Boundary::from_options(&BoundaryOptions::default(), "boundary").unwrap();
        assert_eq!(boundary.preset(), "business-contact");
        for kind in [Kind::Email, Kind::Phone, Kind::UrlDomain] {
            assert_eq!(boundary.treatment(kind), Treatment::Allow);
        }
        for kind in [Kind::Card, Kind::Iban] {
            assert_eq!(boundary.treatment(kind), Treatment::Redact);
        }
        for kind in [Kind::NationalId, Kind::Health, Kind::Secret] {
            assert_eq!(boundary.treatment(kind), Treatment::Hold);
        }
    }

    #[test]
    fn every_preset_is_whole_and_names_every_kind_once() {
        for (name, source) in PRESETS {
            let options = options(source);
            let mut named: Vec<&String> =
                options.allowed.iter().chain(&options.redact).chain(&options.prohibited).collect();
            named.sort();
            let mut all: Vec<_> = Kind::ALL.map(Kind::name).to_vec();
            all.sort_unstable();
            assert_eq!(named, all, "preset {name}");
            let chosen = BoundaryOptions { preset: Some(name.to_owned()), ..BoundaryOptions::default() };
            assert_eq!(Boundary::from_options(&chosen, "boundary").unwrap().preset(), name);
        }
    }

    #[test]
    fn lists_lie_over_the_preset() {
        let boundary =
            Boundary::from_options(&options("preset = 'open'\nprohibited = ['phone']\nredact = ['email']"), "b");
        let boundary = boundary.unwrap();
        assert_eq!(boundary.treatment(Kind::Phone), Treatment::Hold);
        assert_eq!(boundary.treatment(Kind::Email), Treatment::Redact);
        assert_eq!(boundary.treatment(Kind::UrlDomain), Treatment::Allow);
    }

    #[test]
    fn all_problems_come_at_once_with_place_and_remedy() {
        let raw =
            options("preset = 'busines-contact'\nallowed = ['emial', 'card']\nprohibited = ['card']\nunnamed = 'drop'");
        let problems = Boundary::from_options(&raw, "pilot[0].boundary").unwrap_err();
        let seen: Vec<_> = problems.iter().map(|problem| (problem.code, problem.path.as_str())).collect();
        assert_eq!(
            seen,
            [
                ("OP-8001", "pilot[0].boundary.preset"),
                ("OP-8002", "pilot[0].boundary.allowed[0]"),
                ("OP-8003", "pilot[0].boundary.prohibited[0]"),
                ("OP-8004", "pilot[0].boundary.unnamed"),
            ]
        );
        assert!(problems[0].help.contains("business-contact"));
        assert!(problems[1].help.contains("did you mean `email`"));
        assert_eq!(nearest("emial", &["email", "phone"]), Some("email"));
    }

    #[test]
    fn unknown_keys_are_refused() {
        assert!(toml::from_str::<BoundaryOptions>("permitted = []").is_err());
    }

    #[test]
    fn a_boundary_for_models_begins_with_the_pilots_and_is_never_laxer() {
        let pilot = Boundary::from_options(&options("prohibited = ['date_of_birth']"), "b").unwrap();
        let same = Boundary::for_models(&BoundaryOptions::default(), &pilot, "m").unwrap();
        assert_eq!(same, pilot);
        let stricter = Boundary::for_models(&options("redact = ['email', 'phone']"), &pilot, "m").unwrap();
        assert_eq!(stricter.treatment(Kind::Email), Treatment::Redact);
        assert_eq!(stricter.treatment(Kind::DateOfBirth), Treatment::Hold);
        let laxer = options("allowed = ['email', 'card']\nredact = ['health']\nallow_reserved = true");
        let problems = Boundary::for_models(&laxer, &pilot, "m").unwrap_err();
        let places: Vec<_> = problems.iter().map(|problem| (problem.code, problem.path.as_str())).collect();
        assert_eq!(places, [("OP-8006", "m.allowed[1]"), ("OP-8006", "m.redact[0]"), ("OP-8006", "m.allow_reserved")]);
        let open = Boundary::for_models(&options("preset = 'open'"), &pilot, "m").unwrap_err();
        assert!(open.iter().all(|problem| problem.path == "m.preset"), "{open:?}");
        // What comes with a preset gives way: values set aside for examples are masked where the pilot's boundary masks them.
        let synthetic = Boundary::for_models(&options("preset = 'synthetic-only'"), &same, "m").unwrap();
        assert_eq!((synthetic.treatment(Kind::Email), synthetic.allows_reserved()), (Treatment::Hold, false));
    }
}
