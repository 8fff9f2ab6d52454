//! What is to be drafted: the request, how much of it whom may be shown, whose words go with it. Own file because every generator drafts
//! the same job. INVARIANT: the text in it is masked as its pilot's boundary, or the boundary for models, has it, and as long as the
//! request's own, so that a quote by offset is right in both.

use super::super::Screened;
use crate::brief::{Content, DraftInput, draft};
use crate::domain::pilot::Pilot;
use crate::engine::{StepContext, StepError};
use crate::screen::{Boundary, Kind, Screener, find};
use crate::store::Request;
use serde::Deserialize;
use std::borrow::Cow;
use std::ops::Range;

/// What review told the next attempt.
#[derive(Default, Deserialize)]
struct Redraft {
    #[serde(default)]
    words: Vec<String>,
    #[serde(default)]
    revision: u32,
    #[serde(default)]
    attempt: u32,
}

/// A brief to be drafted.
pub(super) struct Job<'a> {
    pub(super) request: &'a Request,
    pub(super) pilot: &'a Pilot,
    pub(super) boundary: &'a Boundary,
    pub(super) screened: Screened,
    words: Vec<String>,
    /// Number of the revision that this makes.
    pub(super) number: u32,
    /// Which attempt at the brief this is.
    pub(super) attempt: u32,
}

impl<'a> Job<'a> {
    pub(super) fn of(
        context: &'a StepContext<'_>,
        pilot: &'a Pilot,
        boundary: &'a Boundary,
    ) -> Result<Self, StepError> {
        let screened =
            context.outputs.get("screen").and_then(|output| serde_json::from_str(output).ok()).ok_or_else(|| {
                let message = "there is no screening to draft upon; put a `screen` step before".to_owned();
                StepError::Fatal { code: "OP-3211", message }
            })?;
        let redraft: Redraft =
            context.outputs.get("review").and_then(|output| serde_json::from_str(output).ok()).unwrap_or_default();
        let (number, attempt) = (redraft.revision + 1, redraft.attempt.max(1));
        Ok(Self { request: &context.run.request, pilot, boundary, screened, words: redraft.words, number, attempt })
    }

    /// The reviewer's words.
    pub(super) fn guidance(&self) -> Vec<&str> {
        self.words.iter().map(String::as_str).collect()
    }

    /// The files that came along, by their names where `text`, as it is shown, tells them.
    pub(super) fn attachments<'t>(&self, text: &'t str) -> Vec<&'t str> {
        names(text, usize::try_from(self.request.attachments).unwrap_or(0))
    }

    /// Drafts within the program.
    pub(super) fn embedded(&self) -> Content {
        let request = self.request;
        let mut screener = self.screened.masked.then(|| Screener::new(self.boundary));
        let text = seen(&mut screener, &request.text);
        let sender = request.sender_name.as_deref().map(|name| seen(&mut screener, name));
        let organisation = request.organisation.as_deref().map(|name| seen(&mut screener, name));
        draft(&DraftInput {
            text: &text,
            subject: self.subject(&text),
            sender: sender.as_deref(),
            organisation: organisation.as_deref(),
            language: &self.screened.language,
            received_at: request.received_at,
            time_zone: &self.pilot.time_zone,
            attachments: &self.attachments(&text),
            guidance: &self.guidance(),
            owner: &self.pilot.owner,
        })
    }

    /// What a model may see.
    pub(super) fn shown(&self, model: &Boundary) -> Shown {
        let request = self.request;
        let mut screener = Screener::for_model(self.boundary, model);
        let mut mask = |text: &str| screener.screen(text).text.into_owned();
        let text = mask(&request.text);
        let subject = self.subject(&text).map(str::to_owned);
        let sender = request.sender_name.as_deref().map(&mut mask);
        let organisation = request.organisation.as_deref().map(&mut mask);
        let words = self.words.iter().map(|words| mask(words)).collect();
        let instructions = find(&request.text)
            .into_iter()
            .filter(|finding| finding.kind == Kind::Instruction)
            .map(|finding| finding.start..finding.end)
            .collect();
        Shown { text, subject, sender, organisation, words, instructions }
    }

    /// The text begins with the subject; taken from there, it has the text's masks.
    fn subject<'t>(&self, text: &'t str) -> Option<&'t str> {
        self.request.subject.as_ref().and_then(|subject| text.get(..subject.len()))
    }
}

/// The names of `count` files in the last line of a text, where intake writes them; of all or of none, for a comma may stand in a name.
fn names(text: &str, count: usize) -> Vec<&str> {
    let last = text.rsplit('\n').next().unwrap_or("");
    let names: Vec<&str> = last.strip_prefix("Attachments: ").map_or(Vec::new(), |names| names.split(", ").collect());
    if names.len() == count { names } else { vec!["attachment"; count] }
}

/// The text as it is, unless somebody screens it.
fn seen<'t>(screener: &mut Option<Screener<'_>>, text: &'t str) -> Cow<'t, str> {
    screener.as_mut().map_or(Cow::Borrowed(text), |screener| screener.screen(text).text)
}

/// A job as a model may see it.
pub(super) struct Shown {
    pub(super) text: String,
    pub(super) subject: Option<String>,
    pub(super) sender: Option<String>,
    pub(super) organisation: Option<String>,
    pub(super) words: Vec<String>,
    /// Where the request speaks to a program.
    pub(super) instructions: Vec<Range<usize>>,
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn files_are_called_by_the_names_that_the_text_tells() {
        let text = "Please see the plan.\n\nName: Ann\nAttachments: plan.pdf, [REDACTED].png";
        assert_eq!(names(text, 2), ["plan.pdf", "[REDACTED].png"]);
        // A name with a comma, a text that was cut, a line that the sender wrote further up.
        assert_eq!(names("Attachments: a, b.pdf", 1), ["attachment"]);
        assert_eq!(names("Attachments: a.pdf\n[9 bytes more were sent]", 1), ["attachment"]);
        assert_eq!(names("Hello", 0), [""; 0]);
    }
}
