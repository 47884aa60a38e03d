//! Long-running tasks, each with a name and a policy for its failure and for the stop.

use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;

/// What the failure of a task means; a panic is a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// It is logged, and the process goes on.
    Log,
    /// The process stops and exits with status 1.
    ShutDown,
}

/// What a stop of the process means for a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnStop {
    /// The task watches the process's `shutdown` token itself, finishes what is in flight, and returns.
    Wait,
    /// The task is dropped where it stands; it may be dropped at any `await`.
    Abort,
}

/// The tasks of a process. Clones share them.
#[derive(Clone)]
pub struct Tasks {
    tracker: TaskTracker,
    shutdown: CancellationToken,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    next: AtomicU64,
    running: Mutex<BTreeMap<u64, String>>,
    failed: AtomicBool,
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tasks")
            .field("running", &self.running())
            .finish_non_exhaustive()
    }
}

impl Tasks {
    /// Tasks that stop with this token.
    pub fn new(shutdown: CancellationToken) -> Self {
        Self {
            tracker: TaskTracker::new(),
            shutdown,
            shared: Arc::default(),
        }
    }

    /// Starts a task. `name` appears in logs and in the list of what still ran when the grace was over.
    pub fn spawn<F, E>(&self, name: &str, on_failure: OnFailure, on_stop: OnStop, task: F)
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<anyhow::Error> + Send + 'static,
    {
        let running = Running::begin(&self.shared, name);
        let shutdown = self.shutdown.clone();
        let span = tracing::info_span!(parent: None, "task", name);
        let work = async move {
            match on_stop {
                OnStop::Wait => task.await.map_err(Into::into),
                OnStop::Abort => tokio::select! {
                    biased;
                    () = shutdown.cancelled() => Ok(()),
                    result = task => result.map_err(Into::into),
                },
            }
        };
        let watched = watch(
            work.instrument(span),
            running,
            on_failure,
            self.shutdown.clone(),
        );
        self.track(watched);
    }

    #[allow(clippy::disallowed_methods, reason = "the one place where tasks start")]
    fn track(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tracker.spawn(task);
    }

    /// The names of the tasks that have not ended.
    pub fn running(&self) -> Vec<String> {
        self.shared.names()
    }

    /// Whether a task failed whose failure shuts the process down.
    pub fn failed(&self) -> bool {
        self.shared.failed.load(Ordering::Acquire)
    }

    /// Waits until every task has ended, at most for `grace`.
    ///
    /// # Errors
    /// The names of the tasks that still ran when the grace was over.
    pub async fn finish(&self, grace: Duration) -> Result<(), Vec<String>> {
        self.tracker.close();
        match tokio::time::timeout(grace, self.tracker.wait()).await {
            Ok(()) => Ok(()),
            Err(_elapsed) => Err(self.running()),
        }
    }
}

/// Runs one task to its end and says what became of it.
#[allow(
    clippy::disallowed_methods,
    reason = "a panic is only caught at a task's edge; the tracker waits for this one"
)]
async fn watch(
    task: impl Future<Output = anyhow::Result<()>> + Send + 'static,
    running: Running,
    on_failure: OnFailure,
    shutdown: CancellationToken,
) {
    let failure = match tokio::spawn(task).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(format!("{error:#}")),
        Err(join) if join.is_panic() => Some("it panicked".to_owned()),
        Err(_cancelled) => None,
    };
    if let Some(reason) = failure {
        match on_failure {
            OnFailure::Log => tracing::error!(task = running.name, reason, "a task failed"),
            OnFailure::ShutDown => {
                tracing::error!(
                    task = running.name,
                    reason,
                    "a task failed; the process stops"
                );
                running.shared.failed.store(true, Ordering::Release);
                shutdown.cancel();
            }
        }
    }
}

impl Shared {
    fn names(&self) -> Vec<String> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.values().cloned().collect()
    }
}

/// An entry in the list of running tasks, for as long as it lives.
struct Running {
    id: u64,
    name: String,
    shared: Arc<Shared>,
}

impl Running {
    fn begin(shared: &Arc<Shared>, name: &str) -> Self {
        let id = shared.next.fetch_add(1, Ordering::Relaxed);
        let mut running = shared
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        running.insert(id, name.to_owned());
        drop(running);
        Self {
            id,
            name: name.to_owned(),
            shared: Arc::clone(shared),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut running = self
            .shared
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        running.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{OnFailure, OnStop, Tasks};
    use tokio_util::sync::CancellationToken;

    const LONG: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn failing_task_shuts_the_process_down() {
        let token = CancellationToken::new();
        let tasks = Tasks::new(token.clone());
        tasks.spawn("fails", OnFailure::ShutDown, OnStop::Wait, async {
            Err(anyhow::anyhow!("no luck"))
        });
        token.cancelled().await;
        assert!(tasks.failed());
    }

    #[tokio::test]
    async fn panic_counts_as_failure_and_is_caught() {
        let token = CancellationToken::new();
        let tasks = Tasks::new(token.clone());
        tasks.spawn("panics", OnFailure::ShutDown, OnStop::Wait, async {
            assert!(std::hint::black_box(false), "on purpose");
            anyhow::Ok(())
        });
        token.cancelled().await;
        tasks.finish(LONG).await.unwrap();
        assert!(tasks.failed());
    }

    #[tokio::test]
    async fn logged_failure_leaves_the_process_alone() {
        let token = CancellationToken::new();
        let tasks = Tasks::new(token.clone());
        tasks.spawn("fails", OnFailure::Log, OnStop::Wait, async {
            Err(anyhow::anyhow!("no luck"))
        });
        tasks.finish(LONG).await.unwrap();
        assert!(!token.is_cancelled());
        assert!(!tasks.failed());
    }

    #[tokio::test(start_paused = true)]
    async fn stop_aborts_some_waits_for_others_and_names_what_still_runs() {
        let token = CancellationToken::new();
        let tasks = Tasks::new(token.clone());
        tasks.spawn(
            "endless",
            OnFailure::Log,
            OnStop::Abort,
            std::future::pending::<anyhow::Result<()>>(),
        );
        let waits = token.clone();
        tasks.spawn("polite", OnFailure::Log, OnStop::Wait, async move {
            waits.cancelled().await;
            anyhow::Ok(())
        });
        tasks.spawn(
            "stubborn",
            OnFailure::Log,
            OnStop::Wait,
            std::future::pending::<anyhow::Result<()>>(),
        );
        assert_eq!(tasks.running(), ["endless", "polite", "stubborn"]);
        token.cancel();
        assert_eq!(tasks.finish(LONG).await, Err(vec!["stubborn".to_owned()]));
    }
}
