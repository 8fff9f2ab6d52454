//! The queue in front of the writer: verbs of every kind, bounded, handed over in batches grouped by kind. Own file because it is
//! all that is not SQL about group commit. INVARIANT: bounded; a full queue refuses at once instead of growing.

use super::StoreError;
use super::tx::Tx;

use futures_util::future::BoxFuture;
use std::any::{Any, TypeId};
use std::sync::{Arc, PoisonError};
use tokio::sync::{Mutex, mpsc, oneshot};

/// One kind of change. A batch of one kind runs in one go, so that it costs one statement each instead of one per item.
pub(super) trait Verb: Send + Sync + Sized + 'static {
    /// What the caller learns.
    type Out: Send + 'static;

    /// Whether it runs after all others of its batch. INVARIANT: verbs that lock rows which all callers share come last, so that whoever
    /// waits for such a lock holds nothing that its holder could still want.
    const LAST: bool = false;

    /// Does it, for all of them; one result each, in order. A refused item has written nothing. The outer error means the database
    /// failed and the whole transaction is void.
    fn run(
        items: &[&Self],
        tx: &mut Tx<'_>,
    ) -> impl Future<Output = Result<Vec<Result<Self::Out, StoreError>>, StoreError>> + Send;
}

/// Verbs of one kind on their way through a transaction.
pub(super) trait Group: Send {
    fn len(&self) -> usize;
    fn is_last(&self) -> bool;
    fn run<'a>(&'a mut self, tx: &'a mut Tx<'_>) -> BoxFuture<'a, Result<(), StoreError>>;
    fn answer(self: Box<Self>, failed: Option<&StoreError>);
    fn split(self: Box<Self>) -> Vec<Box<dyn Group>>;
    fn push(&mut self, job: Box<dyn Any + Send>);
}

trait AnyJob: Send {
    fn kind(&self) -> TypeId;
    fn into_any(self: Box<Self>) -> Box<dyn Any + Send>;
    fn into_group(self: Box<Self>) -> Box<dyn Group>;
}

struct Job<V: Verb> {
    verb: V,
    reply: oneshot::Sender<Result<V::Out, StoreError>>,
}

impl<V: Verb> AnyJob for Job<V> {
    fn kind(&self) -> TypeId {
        TypeId::of::<V>()
    }
    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
    fn into_group(self: Box<Self>) -> Box<dyn Group> {
        Box::new(Same { jobs: vec![*self], outs: Vec::new() })
    }
}

struct Same<V: Verb> {
    jobs: Vec<Job<V>>,
    outs: Vec<Result<V::Out, StoreError>>,
}

impl<V: Verb> Group for Same<V> {
    fn len(&self) -> usize {
        self.jobs.len()
    }

    fn is_last(&self) -> bool {
        V::LAST
    }

    fn run<'a>(&'a mut self, tx: &'a mut Tx<'_>) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let verbs: Vec<&V> = self.jobs.iter().map(|job| &job.verb).collect();
            self.outs = V::run(&verbs, tx).await?;
            if self.outs.len() == self.jobs.len() {
                Ok(())
            } else {
                Err(StoreError::corrupt("a verb answered too little"))
            }
        })
    }

    fn answer(self: Box<Self>, failed: Option<&StoreError>) {
        let tell = |reply: oneshot::Sender<_>, out| {
            // A caller that went away has nobody to tell; what was committed stays.
            if let Err(Err(cause)) = reply.send(out) {
                tracing::warn!(error = %cause, "a change that nobody waited for was not made");
            }
        };
        match failed {
            None => self.jobs.into_iter().zip(self.outs).for_each(|(job, out)| tell(job.reply, out)),
            Some(cause) => self.jobs.into_iter().for_each(|job| tell(job.reply, Err(cause.clone()))),
        }
    }

    fn split(self: Box<Self>) -> Vec<Box<dyn Group>> {
        self.jobs
            .into_iter()
            .map(|job| Box::new(Self { jobs: vec![job], outs: Vec::new() }) as Box<dyn Group>)
            .collect()
    }

    fn push(&mut self, job: Box<dyn Any + Send>) {
        if let Ok(job) = job.downcast::<Job<V>>() {
            self.jobs.push(*job);
        }
    }
}

/// Where the answer to a queued verb comes out.
pub(super) type Answer<T> = oneshot::Receiver<Result<T, StoreError>>;

/// The queue itself.
pub(super) struct Queue {
    sender: std::sync::Mutex<Option<mpsc::Sender<Box<dyn AnyJob>>>>,
}

/// Its far end, shared by the writers. INVARIANT: no writer holds the queue itself, so that a forgotten store lets its writers go.
#[derive(Clone)]
pub(super) struct Jobs(Arc<Mutex<mpsc::Receiver<Box<dyn AnyJob>>>>);

impl Queue {
    pub(super) fn new(capacity: usize) -> (Self, Jobs) {
        let (sender, receiver) = mpsc::channel(capacity);
        (Self { sender: std::sync::Mutex::new(Some(sender)) }, Jobs(Arc::new(Mutex::new(receiver))))
    }

    /// Queues a verb and waits for its answer. Waits for room when `patient`, else a full queue is [`StoreError::Busy`].
    pub(super) async fn submit<V: Verb>(&self, verb: V, patient: bool) -> Result<V::Out, StoreError> {
        // A batch is always answered, unless a fault of the program ended it.
        self.post(verb, patient)
            .await?
            .await
            .map_err(|_| StoreError::Unavailable { reason: "a fault of the program; the log has the place".into() })?
    }

    /// Queues a verb; its answer comes out of the receiver, which may be let go. What is queued later goes down no earlier by the same
    /// writer.
    pub(super) async fn post<V: Verb>(&self, verb: V, patient: bool) -> Result<Answer<V::Out>, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job: Box<dyn AnyJob> = Box::new(Job { verb, reply });
        let closed = || StoreError::Unavailable { reason: "the store is closing".into() };
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or_else(closed)?;
        if patient {
            sender.send(job).await.map_err(|_| closed())?;
        } else {
            sender.try_send(job).map_err(|refused| match refused {
                mpsc::error::TrySendError::Full(_) => StoreError::Busy { retry_secs: 1 },
                mpsc::error::TrySendError::Closed(_) => closed(),
            })?;
        }
        Ok(answer)
    }

    /// Takes no more; what is queued is still written.
    pub(super) fn close(&self) {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl Jobs {
    /// The next batch by kind; empty only once the queue is closed and drained.
    pub(super) async fn next(&self, limit: usize) -> Vec<Box<dyn Group>> {
        let mut jobs = Vec::new();
        self.0.lock().await.recv_many(&mut jobs, limit).await;
        let mut groups: Vec<(TypeId, Box<dyn Group>)> = Vec::new();
        for job in jobs {
            let kind = job.kind();
            match groups.iter_mut().find(|(other, _)| *other == kind) {
                Some((_, group)) => group.push(job.into_any()),
                None => groups.push((kind, job.into_group())),
            }
        }
        groups.sort_by_key(|(_, group)| group.is_last());
        groups.into_iter().map(|(_, group)| group).collect()
    }
}

/// Runs one item after the other: for verbs that are too rare to be worth a statement over many.
macro_rules! one_by_one {
    ($verb:ty, $out:ty, $function:path) => {
        impl $crate::store::queue::Verb for $verb {
            type Out = $out;
            async fn run(
                items: &[&Self],
                tx: &mut $crate::store::tx::Tx<'_>,
            ) -> Result<Vec<Result<$out, $crate::store::StoreError>>, $crate::store::StoreError> {
                let mut outs = Vec::with_capacity(items.len());
                for item in items {
                    outs.push($function(item, tx).await?);
                }
                Ok(outs)
            }
        }
    };
}
pub(super) use one_by_one;
