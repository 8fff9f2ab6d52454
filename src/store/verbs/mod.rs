//! Everything that changes the store, one file per group of verbs. Each verb names the state it expects, reports whether it still
//! held, and leaves a receipt in the same transaction.

mod advance;
mod aside;
mod claim;
mod digest;
mod idempotency;
mod intake;
mod ledger;
mod letter;
mod nudge;
mod operate;
mod people;
mod reply;
mod reserve;
mod returned;
mod review;
mod rule_spend;
mod ruling;
mod schedule;
mod sending;
mod settle;
mod source;

pub use advance::{Act, Advance, Draft, Next, StepDone, Told};
pub use aside::{Aside, AsideState, TakeAside};
pub use claim::{Claim, Claimed};
pub use digest::{LeaveDigest, SetDigest};
pub use idempotency::RememberedAnswer;
pub use intake::{Accept, Accepted, File};
pub use ledger::PeriodKey;
pub use letter::{NewLetter, QueueLetters};
pub use nudge::Nudge;
pub use operate::{Cancel, Resume, Retry, Reveal};
pub use people::{AddPerson, AddToken, AddressPerson, DisablePerson, GrantRole, RevokeToken, Right};
pub use reply::{ByMail, KeepReply, SettleReply};
pub use reserve::{Alarm, Asker, FromBucket, FromBudget, Reservable, Reserve, Reserved};
pub use returned::{Bounce, Returned};
pub use review::{Belongs, Decide, Edit, Hold, Wake};
pub use rule_spend::{Paid, ResumeGenerator, RuleSpend};
pub use ruling::{RuleLetter, Ruling};
pub use schedule::{FallDue, FireSlot, Hand, NewReport, PutBackSlot, SetSchedule, TakeSlot};
pub use sending::{Caps, ClaimLetter, ClaimedLetter, Sent, SettleLetter};
pub use settle::{Settle, Settled};
pub use source::{Reconciled, Stored, TakeSource, TakenSource, Yielded};
