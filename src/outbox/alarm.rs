//! Letters about budgets that are nearly used up. Own file because they tell of money, by a receipt of the ledger. INVARIANT: people hear of
//! the budgets of their own pilot and its tenant; what is shared with others is the operator's affair.

use super::Outbox;
use super::write::frame;
use crate::domain::limit::AtLimit;
use crate::domain::money::Micros;
use crate::notice;
use crate::receipt::Receipt;
use crate::store::{NewLetter, StoreError};
use serde_json::Value;

/// What such letters are, among letters.
const ALARM: &str = "alarm";

impl Outbox {
    /// The letters about an alarm: one to each of those the pilot tells, for each budget, period and threshold.
    pub(super) async fn alarm(&self, receipt: &Receipt) -> Result<Vec<NewLetter>, StoreError> {
        let told = receipt.pilot.as_deref().and_then(|pilot| self.parts().pilots.get(pilot));
        let (Some(pilot), Some((what, name))) = (told, receipt.subject.split_once(':')) else { return Ok(Vec::new()) };
        let own = (what == "pilot" && name == pilot.name) || (what == "tenant" && name == pilot.tenant);
        let text = |name: &str| receipt.body.get(name).and_then(Value::as_str);
        let money = |name: &str| receipt.body.get(name).and_then(Value::as_i64).and_then(Micros::new);
        let percent = receipt.body.get("percent").and_then(Value::as_i64);
        let (Some(period), Some(used), Some(limit), Some(percent)) =
            (text("period"), money("used"), money("limit"), percent)
        else {
            return Ok(Vec::new());
        };
        // Where mail is switched on in a house that has spent for months, nobody is told of all that.
        if !own || self.parts().clock.now().as_microsecond().saturating_sub(receipt.at) > super::tend::NEWS {
            return Ok(Vec::new());
        }
        let then = match pilot.at_limit {
            AtLimit::Wait => "requests wait until there is room again",
            AtLimit::FallBack => "the next generator drafts, in the end the one within the program",
            AtLimit::Hold => "requests are held until a person looks",
        };
        let whose = format!("{what} {name}");
        let alarm =
            notice::Alarm { whose: &whose, period, used: used.to_string(), limit: limit.to_string(), percent, then };
        let written = notice::alarm(&frame(pilot), &alarm);
        let about = format!("{} {period} {percent}", receipt.subject);
        let mut letters = Vec::new();
        for name in &self.audience(pilot) {
            let Some(person) = self.reachable(name).await? else { continue };
            let short = person.id.rsplit('_').next().unwrap_or_default();
            let name = format!("{what}.{}.{period}.{percent}.{short}", pilot.name);
            let belongs = (pilot.name.as_str(), pilot.tenant.as_str());
            let letter = self.unanswerable(ALARM, belongs, &name, &person, written.clone());
            letters.push(NewLetter { about: about.clone(), ..letter });
        }
        Ok(letters)
    }
}
