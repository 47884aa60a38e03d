//! Waiting for a condition instead of for a while.

use std::{fmt::Debug, time::Duration};

use tokio::time::Instant;

/// What a look at a condition can give: `true`, `Some(value)` or `Ok(value)` when it holds.
pub trait Look {
    /// What there is once the condition holds.
    type Found;

    /// What was found, or what there was instead.
    fn found(self) -> Result<Self::Found, String>;
}

impl Look for bool {
    type Found = ();

    fn found(self) -> Result<(), String> {
        if self {
            Ok(())
        } else {
            Err("it does not hold".to_owned())
        }
    }
}

impl<T> Look for Option<T> {
    type Found = T;

    fn found(self) -> Result<T, String> {
        self.ok_or_else(|| "there is nothing".to_owned())
    }
}

impl<T, E: Debug> Look for Result<T, E> {
    type Found = T;

    fn found(self) -> Result<T, String> {
        self.map_err(|error| format!("{error:?}"))
    }
}

/// Looks until the condition holds, and returns what was found.
///
/// ```
/// # use std::time::Duration;
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let mut asked = 0;
/// test_kit::eventually("the third look finds it", Duration::from_secs(5), async || {
///     asked += 1;
///     asked == 3
/// })
/// .await;
/// # });
/// ```
///
/// # Panics
/// It does not hold within this time: says what was awaited, for how long, and what the last look gave.
#[track_caller]
pub fn eventually<L: Look>(
    what: &str,
    within: Duration,
    look: impl AsyncFnMut() -> L,
) -> impl Future<Output = L::Found> {
    wait(what, within, look, std::panic::Location::caller())
}

async fn wait<L: Look>(
    what: &str,
    within: Duration,
    mut look: impl AsyncFnMut() -> L,
    caller: &'static std::panic::Location<'static>,
) -> L::Found {
    let started = Instant::now();
    let mut pause = Duration::from_millis(5);
    loop {
        let instead = match look().await.found() {
            Ok(found) => return found,
            Err(instead) => instead,
        };
        assert!(
            started.elapsed() < within,
            "{caller}: not within {within:?}: {what}; last look: {instead}"
        );
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(200));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::eventually;

    #[tokio::test]
    #[should_panic(expected = "not within 1ms: the impossible; last look: \"still no\"")]
    async fn names_what_did_not_happen() {
        eventually("the impossible", Duration::from_millis(1), async || {
            Err::<(), _>("still no")
        })
        .await;
    }
}
