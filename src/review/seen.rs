//! How people see a request: its words, its sender's particulars and its files, behind the masks of its pilot's boundary. Own file
//! because every face shows exactly this. INVARIANT: what the boundary masks leaves here only through a reveal.

use crate::mail::{self, Limits};
use crate::screen::{Attached, Boundary, Found, Kind, Screener, Verdict, Whole, screen};
use crate::store::{Request, Store, StoreError};

/// The most files of a request that are read, the largest that is, and the most text that is kept of all, in bytes.
const MAX_FILES: usize = 50;
const MAX_FILE_BYTES: i64 = 32 << 20;
const MAX_TEXT_BYTES: usize = 2 << 20;
/// Words after a subject that may say what the number in it is, in bytes.
const BESIDE: usize = 200;

/// A request as people see it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// What its boundary says now of text and files.
    pub verdict: Verdict,
    /// The text with its masks.
    pub text: String,
    /// The rest of it.
    pub particulars: Particulars,
    /// Everything found in text and files.
    pub found: Vec<Found>,
    /// What was read out of its files.
    pub attached: Vec<Attached>,
}

/// A request's particulars with their masks.
#[derive(Clone, Debug, Default)]
pub struct Particulars {
    /// Subject line.
    pub subject: Option<String>,
    /// Name of the person who asks.
    pub sender_name: Option<String>,
    /// Their address.
    pub sender_email: Option<String>,
    /// Their telephone number.
    pub sender_phone: Option<String>,
    /// Their organisation.
    pub organisation: Option<String>,
    /// The origin's own name for it.
    pub external_id: Option<String>,
}

impl Particulars {
    /// Of a request of which nothing else is shown, as in a list.
    #[must_use]
    pub fn of(request: &Request, boundary: &Boundary) -> Self {
        let mut screener = Screener::new(boundary);
        let subject = request.subject.as_deref().map(|subject| {
            // With some of the words that follow it, which may say what it is.
            let beside = request.text.strip_prefix(subject).map(|_| subject.len() + BESIDE);
            let end = request.text.floor_char_boundary(beside.unwrap_or(0).min(request.text.len()));
            let read = request.text.get(..end).filter(|read| read.len() >= subject.len()).unwrap_or(subject);
            part(&screener.screen(read).text, subject)
        });
        Self { subject, ..Self::beside(request, &mut screener) }
    }

    /// All but the subject.
    fn beside(request: &Request, screener: &mut Screener<'_>) -> Self {
        let mut known = |kind, value: &Option<String>| value.as_deref().map(|value| screener.known(kind, value));
        let (sender_email, sender_phone) =
            (known(Kind::Email, &request.sender_email), known(Kind::Phone, &request.sender_phone));
        let mut masked =
            |value: &Option<String>| value.as_deref().map(|value| screener.screen(value).text.into_owned());
        Self {
            subject: None,
            sender_name: masked(&request.sender_name),
            sender_email,
            sender_phone,
            organisation: masked(&request.organisation),
            external_id: masked(&request.external_id),
        }
    }
}

/// As much of a masked text as its subject takes; masks keep the length, but may reach over the end.
fn part(masked: &str, subject: &str) -> String {
    masked.get(..subject.len()).map_or_else(|| "#".repeat(subject.len()), str::to_owned)
}

impl Seen {
    /// A request, with what was read out of its files.
    #[must_use]
    pub fn of(request: &Request, attached: Vec<Attached>, boundary: &Boundary) -> Self {
        let mut screener = Screener::new(boundary);
        let whole = Whole::read(&request.text, &attached, boundary, &mut screener);
        let subject = request.subject.as_deref().map(|subject| {
            let leads = request.text.starts_with(subject);
            if leads { part(&whole.text, subject) } else { screener.screen(subject).text.into_owned() }
        });
        let particulars = Particulars { subject, ..Particulars::beside(request, &mut screener) };
        Self { verdict: whole.verdict, text: whole.text.into_owned(), found: whole.found, particulars, attached }
    }

    /// What was read out of one of its files, counted from 1, behind the masks of its boundary; why nothing was; `None`: it carries no text.
    #[must_use]
    pub fn file(&self, number: usize, boundary: &Boundary) -> Option<Result<String, &str>> {
        let read = self.attached.iter().find(|read| read.ordinal as usize == number)?;
        Some(match &read.text {
            Ok(words) => Ok(screen(words, boundary).text.into_owned()),
            Err(why) => Err(why),
        })
    }

    /// Reads a request's files, then as [`Seen::of`]. A request without files is not kept waiting.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn read(store: &Store, request: &Request, boundary: &Boundary) -> Result<Self, StoreError> {
        if request.attachments == 0 {
            return Ok(Self::of(request, Vec::new(), boundary));
        }
        let attached = attached(store, request).await?;
        let (request, boundary) = (request.clone(), boundary.clone());
        apart(move || Self::of(&request, attached, &boundary)).await
    }
}

/// What can be read out of a request's files, within bounds; why not, where it cannot. Files that carry no text are left out.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn attached(store: &Store, request: &Request) -> Result<Vec<Attached>, StoreError> {
    let mut read = Vec::new();
    let mut room = MAX_TEXT_BYTES;
    for (place, file) in store.files(&request.id).await?.into_iter().enumerate() {
        let ordinal = u32::try_from(place + 1).unwrap_or(u32::MAX);
        if !mail::may_hold_text(&file.name, &file.media_type) {
            continue;
        }
        let refused = if place >= MAX_FILES {
            Some(format!("only the first {MAX_FILES} files are read"))
        } else if file.bytes > MAX_FILE_BYTES {
            Some(format!("it is longer than {} MiB", MAX_FILE_BYTES >> 20))
        } else if room == 0 {
            Some("the files before it hold as much text as is read of one request".to_owned())
        } else {
            None
        };
        let text = match refused {
            Some(why) => Err(why),
            None => {
                let bytes = match store.blob(&file.digest).await {
                    Err(StoreError::Corrupt { .. } | StoreError::NotFound { .. }) => {
                        let why = "its bytes are not those that came; `opspilot receipt verify` tells more".to_owned();
                        read.push(Attached { ordinal, text: Err(why) });
                        continue;
                    }
                    bytes => bytes?,
                };
                let limits = Limits { attachment_text_bytes: room, ..Limits::default() };
                let text = apart(move || mail::file_text(&file.name, &file.media_type, &bytes, &limits)).await?;
                let Some(text) = text else { continue };
                text
            }
        };
        room = room.saturating_sub(text.as_ref().map_or(0, String::len));
        read.push(Attached { ordinal, text });
    }
    Ok(read)
}

/// Long thinking, away from the threads that serve others.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, StoreError> {
    let ended = tokio::task::spawn_blocking(work).await;
    ended.map_err(|cause| StoreError::Unavailable { reason: format!("reading a file did not end well: {cause}") })
}
