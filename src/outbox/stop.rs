//! Letters about writing that a trigger has stopped. Own file because they tell of a receipt of the gate, once for each pause. INVARIANT: what
//! a person stopped is not told by mail: whoever did it knows; and a letter lets nothing go on.

use super::Outbox;
use super::write::frame;
use crate::notice::{self, Frame};
use crate::receipt::Receipt;
use crate::store::{NewLetter, StoreError};
use jiff::Timestamp;
use serde_json::Value;

/// What such letters are, among letters.
const PAUSED: &str = "paused";

impl Outbox {
    /// The letters about a pause by a trigger: one to each of those the pilot tells, and to its owner.
    pub(super) async fn stop(&self, receipt: &Receipt) -> Result<Vec<NewLetter>, StoreError> {
        let text = |name: &str| receipt.body.get(name).and_then(Value::as_str);
        let pilot = receipt.pilot.as_deref().and_then(|pilot| self.parts().pilots.get(pilot));
        let (Some(pilot), Some(trigger), Some(figure)) = (pilot, text("trigger"), text("figure")) else {
            return Ok(Vec::new());
        };
        if self.parts().clock.now().as_microsecond().saturating_sub(receipt.at) > super::tend::NEWS {
            return Ok(Vec::new());
        }
        let at = Timestamp::from_microsecond(receipt.at).unwrap_or(Timestamp::MIN);
        let stop = notice::Stop { sink: text("sink"), trigger, figure, at };
        // Which of the reviewers get mail is for `notify` to say; whoever owns the pilot hears of it in any case.
        let mut names = self.audience(pilot);
        if !names.contains(&pilot.owner) {
            names.push(pilot.owner.clone());
        }
        let mut letters = Vec::new();
        for name in &names {
            let Some(person) = self.reachable(name).await? else { continue };
            let reviews = pilot.reviewers.contains(name);
            let because = if reviews { "you are a reviewer of this pilot" } else { "you own this pilot" };
            let written = notice::stop(&Frame { because, ..frame(pilot) }, &stop);
            let short = person.id.rsplit('_').next().unwrap_or_default();
            // Its place in the log, so that each pause is told once and a later one anew.
            let about = receipt.seq.to_string();
            let belongs = (pilot.name.as_str(), pilot.tenant.as_str());
            let letter =
                self.unanswerable(PAUSED, belongs, &format!("{}.{about}.{short}", pilot.name), &person, written);
            letters.push(NewLetter { about, ..letter });
        }
        Ok(letters)
    }
}
