//! The one letter to somebody whose answer decided nothing. Own file because it goes to one person, about one message, once.
//! INVARIANT: none is made for a judgement that must not be answered; it names the answer it is about, so that a repeat is the same letter.

use super::write::frame;
use super::{Addressee, Outbox};
use crate::domain::id::ReplyId;
use crate::domain::pilot::Pilot;
use crate::notice::{self, Item, Notice};
use crate::reply::{Judgement, Reason, answer};
use crate::store::{BriefRow, LetterRow, NewLetter, PersonRow, StoreError};

/// What an answer to an answer is about.
pub struct About<'a> {
    /// The message.
    pub reply: &'a ReplyId,
    /// Its `Message-ID`.
    pub message_id: Option<&'a str>,
    /// Its thread.
    pub references: &'a [String],
    /// The beginning of what was written.
    pub written: Option<&'a str>,
    /// The letter that it answers.
    pub asked: &'a LetterRow,
    /// The brief as it stands.
    pub brief: &'a BriefRow,
    /// Its pilot.
    pub pilot: &'a Pilot,
    /// Who wrote.
    pub person: &'a PersonRow,
}

impl Outbox {
    /// The letter for a judgement, when it is answered.
    ///
    /// # Errors
    /// [`StoreError`] when what it is about cannot be read.
    pub async fn answer_to(
        &self,
        about: &About<'_>,
        judgement: &Judgement<'_>,
    ) -> Result<Option<NewLetter>, StoreError> {
        let title = self.title_of(about.brief).await?;
        let Some(words) = answer::to(judgement, &title, &self.options().words) else { return Ok(None) };
        let (brief, request) = (about.brief.id.to_string(), about.brief.id.request().to_string());
        let item = Item { brief: &brief, request: &request, revision: about.asked.revision, title: &title };
        let by_mail = self.takes_answers(about.pilot, &about.person.name);
        let notice = match judgement {
            Judgement::Unclear { why, understood } => {
                let guess = understood
                    .map(|kind| format!(" It was understood that you may mean “{kind}”; nothing was done with that."));
                let understood = format!("It was not clear what you decide: {why}.{}", guess.unwrap_or_default());
                let unclear = notice::Unclear {
                    item,
                    understood: &understood,
                    written: about.written,
                    how: self.how(by_mail, None),
                };
                notice::unclear(&frame(about.pilot), &unclear)
            }
            Judgement::Refused { reason: Reason::Moved, .. } => {
                let current = Some(about.brief.revision).filter(|current| *current != about.asked.revision);
                notice::late(&frame(about.pilot), &notice::Late { item, settled: None, current })
            }
            Judgement::Late(settled) => {
                let digest = about.brief.digest.as_str();
                let decided = notice::Decided {
                    item,
                    by: settled.by,
                    what: settled.what,
                    comment: None,
                    at: settled.at,
                    by_way_of: "",
                    digest,
                    next: "",
                };
                notice::late(&frame(about.pilot), &notice::Late { item, settled: Some(decided), current: None })
            }
            _ => notice::refused(&frame(about.pilot), &notice::Refused { item, why: &words.paragraphs }),
        };
        self.as_answer(about, notice)
    }

    /// The letter for a refusal by the house itself, such as the policy's no.
    ///
    /// # Errors
    /// [`StoreError`] when what it is about cannot be read.
    pub async fn refusal_of(&self, about: &About<'_>, why: &str) -> Result<Option<NewLetter>, StoreError> {
        let title = self.title_of(about.brief).await?;
        let (brief, request) = (about.brief.id.to_string(), about.brief.id.request().to_string());
        let item = Item { brief: &brief, request: &request, revision: about.asked.revision, title: &title };
        let why = [format!("The reason: {why}.")];
        self.as_answer(about, notice::refused(&frame(about.pilot), &notice::Refused { item, why: &why }))
    }

    /// The letter to somebody who approved writes that are others by now: the brief again, with what would be written as it is now, and a
    /// secret of its own.
    ///
    /// # Errors
    /// [`StoreError`] when what it is about cannot be read.
    pub async fn ask_again(&self, about: &About<'_>, why: &str) -> Result<Option<NewLetter>, StoreError> {
        let Some(mut letter) = self.refusal_of(about, why).await? else { return Ok(None) };
        let shown = self.shown(about.brief, about.pilot).await?;
        let (brief, request) = (about.brief.id.to_string(), about.brief.id.request().to_string());
        let page = self.page_of(&about.brief.id);
        let again = notice::NewBrief {
            item: Item { brief: &brief, request: &request, revision: about.brief.revision, title: &shown.title },
            again: Some(why),
            ..self.asked_with(&shown, page.as_deref(), true)
        };
        let notice = notice::new_brief(&frame(about.pilot), &again);
        (letter.subject, letter.text, letter.html) = (notice.subject, notice.text, notice.html);
        // Each answer that was too late has its own moment, and so its own secret.
        let turn =
            about.reply.suffix().bytes().fold(0u32, |turn, byte| turn.wrapping_mul(31).wrapping_add(byte.into()));
        self.bind_again(&mut letter, about.brief, &shown, turn);
        Ok(Some(letter))
    }

    #[expect(clippy::unnecessary_wraps, reason = "both callers end with it")]
    fn as_answer(&self, about: &About<'_>, notice: Notice) -> Result<Option<NewLetter>, StoreError> {
        let Some(address) = about.person.email().map(str::to_owned) else { return Ok(None) };
        let person = Addressee {
            id: about.person.id.to_string(),
            name: about.person.name.clone(),
            address,
            digest: about.person.digest,
        };
        let mut letter =
            self.letter("answer", about.brief, about.asked.revision, about.reply.as_str(), &person, notice);
        // A foreign identifier that is none would make the letter impossible to send.
        let sound = |id: &&str| {
            id.len() <= 250
                && id.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>".contains(&byte))
                && id.split('@').filter(|side| !side.is_empty()).count() == 2
        };
        letter.answers = about.message_id.filter(sound).map(str::to_owned);
        let thread = about.references.iter().map(String::as_str).chain(about.message_id).filter(sound);
        letter.thread = thread.map(str::to_owned).collect();
        // The next try may answer this letter as well as the first: the same secret, for the same time.
        letter.digest.clone_from(&about.asked.digest);
        letter.plan.clone_from(&about.asked.plan);
        letter.expires_at = about.asked.expires_at;
        Ok(Some(letter))
    }
}
