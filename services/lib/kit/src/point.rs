//! Named points at which a test has a process die.
//!
//! Some windows cannot be held open from outside: between a commit and its acknowledgement, between a claim and the
//! call. A service says [`point`] there. In a build with debug assertions whose environment has
//! `RAPPORT_STOP_AT=reconciler.released`, or `reconciler.released:3` for the third time that it gets there, the process
//! ends on the spot, as if it had been killed: nothing is dropped, flushed or given back. In any other build the call
//! is nothing at all.
//!
//! The names are the service and what has just happened. `tests/e2e/README.md` lists them.

/// Ends the process here if the environment asks for it.
#[cfg(debug_assertions)]
pub fn point(name: &str) {
    use std::sync::OnceLock;

    static ASKED: OnceLock<Option<StopAt>> = OnceLock::new();
    #[allow(
        clippy::disallowed_methods,
        reason = "no setting: a switch of tests that no release build has"
    )]
    let asked = ASKED.get_or_init(|| StopAt::read(&std::env::var("RAPPORT_STOP_AT").ok()?));
    if asked.as_ref().is_some_and(|asked| asked.is_reached(name)) {
        std::process::abort();
    }
}

/// Ends the process here if the environment asks for it, which no release build does.
#[cfg(not(debug_assertions))]
pub fn point(_name: &str) {}

/// Where a process is to end.
#[cfg(debug_assertions)]
struct StopAt {
    name: String,
    /// Passages that are left, the last one included.
    left: std::sync::atomic::AtomicU64,
}

#[cfg(debug_assertions)]
impl StopAt {
    /// `NAME`, or `NAME:TIMES`.
    fn read(text: &str) -> Option<Self> {
        let (name, times) = match text.split_once(':') {
            Some((name, times)) => (name, times.parse().ok()?),
            None => (text, 1),
        };
        (!name.is_empty() && times > 0).then(|| Self {
            name: name.to_owned(),
            left: times.into(),
        })
    }

    fn is_reached(&self, name: &str) -> bool {
        use std::sync::atomic::Ordering::SeqCst;

        let passed = || {
            let less = |left: u64| left.checked_sub(1);
            self.left.fetch_update(SeqCst, SeqCst, less)
        };
        name == self.name && passed() == Ok(1)
    }
}

#[cfg(all(test, debug_assertions))]
mod tests {
    use super::StopAt;

    #[test]
    fn a_point_is_reached_once_at_the_asked_passage() {
        let asked = StopAt::read("service.done:3").unwrap();
        assert!(!asked.is_reached("service.begun"));
        let passages: Vec<bool> = (0..5).map(|_| asked.is_reached("service.done")).collect();
        assert_eq!(passages, [false, false, true, false, false]);
        assert!(
            StopAt::read("service.done")
                .unwrap()
                .is_reached("service.done")
        );
    }

    #[test]
    fn what_names_no_point_stops_nothing() {
        for text in ["", ":1", "service.done:0", "service.done:soon"] {
            assert!(StopAt::read(text).is_none(), "{text:?}");
        }
    }
}
