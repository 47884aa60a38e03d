//! One message in the hands of a service.

use std::{fmt, time::Duration};

use async_nats::jetstream;
use tokio::sync::mpsc;
use tracing::Span;

use crate::{BusError, trace};

/// The first delay after which a failed message comes again; it doubles with every failure.
const FIRST_DELAY: Duration = Duration::from_secs(1);
const LONGEST_DELAY: Duration = Duration::from_mins(5);

/// How often an acknowledgement is sent before the message is left to come again.
const ACK_ATTEMPTS: u32 = 3;

/// A message, to be acknowledged when everything that it asks for is stored; if it is dropped instead, it
/// comes again after a growing delay.
#[derive(Debug)]
pub struct Delivery<T> {
    /// The decoded message.
    pub message: T,
    held: Held,
    span: Span,
}

impl<T> Delivery<T> {
    fn new(message: T, held: Held) -> Self {
        let span = tracing::info_span!(
            parent: None,
            "process",
            otel.name = format!("process {}", held.stream),
            otel.kind = "consumer",
            messaging.system = "nats",
            messaging.destination.name = held.stream,
            attempt = held.attempt,
        );
        trace::adopt(&span, held.message.headers.as_ref());
        Self {
            message,
            held,
            span,
        }
    }

    /// The span of handling this message, in the trace of its publisher; run the handler inside it.
    pub fn span(&self) -> &Span {
        &self.span
    }

    /// How often this message has been delivered, this time included, as far as this process knows.
    pub fn attempt(&self) -> u64 {
        self.held.attempt
    }

    /// Takes the message out of its queue and waits for the server's confirmation.
    ///
    /// # Errors
    /// The server does not confirm: the message may come again, and must do no harm then.
    pub async fn ack(mut self) -> Result<(), BusError> {
        let mut result = Ok(());
        for _attempt in 0..ACK_ATTEMPTS {
            result = self.held.message.double_ack().await;
            if result.is_ok() {
                break;
            }
        }
        self.held.verdict = Verdict::Finished;
        result.map_err(|source| BusError::Unconfirmed {
            what: format!("an acknowledgement in {}", self.held.stream),
            source,
        })
    }

    /// Sends the message back to come again after a delay that grows with every failure.
    pub fn retry(self) {
        // Dropping says the same; this is for readers.
    }

    /// Sends the message back to come again after this delay. What follows it in its sync waits with it.
    pub fn retry_after(mut self, delay: Duration) {
        self.held.verdict = Verdict::Again(Some(delay));
    }
}

/// What becomes of a message.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It is done with.
    Finished,
    /// It comes again, after this delay or the usual one.
    Again(Option<Duration>),
    /// It cannot be decoded, for this reason.
    Broken(String),
}

/// Tells the pump, exactly once, what became of a message.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) key: String,
    pub(super) message: jetstream::Message,
    pub(super) attempt: u64,
    pub(super) verdict: Verdict,
}

/// One second after the first failure, doubling up to five minutes.
pub(super) fn usual_delay(attempt: u64) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(1))
        .unwrap_or(u32::MAX)
        .min(16);
    (FIRST_DELAY * 2_u32.pow(doublings)).min(LONGEST_DELAY)
}

/// A message on its way through the service; its end is reported when it is dropped.
pub(super) struct Held {
    pub(super) key: String,
    pub(super) stream: &'static str,
    pub(super) message: jetstream::Message,
    pub(super) attempt: u64,
    pub(super) verdict: Verdict,
    /// Has room for one report for every message that can be held.
    pub(super) reports: mpsc::Sender<Report>,
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held")
            .field("stream", &self.stream)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

impl Held {
    /// Decodes the message; one that cannot be decoded is on its way to the stream `DEAD` then.
    pub(super) fn open<T: prost::Message + Default>(mut self) -> Option<Delivery<T>> {
        match T::decode(self.message.payload.clone()) {
            Ok(message) => Some(Delivery::new(message, self)),
            Err(error) => {
                self.verdict = Verdict::Broken(error.to_string());
                None
            }
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let report = Report {
            key: std::mem::take(&mut self.key),
            message: self.message.clone(),
            attempt: self.attempt,
            verdict: std::mem::replace(&mut self.verdict, Verdict::Finished),
        };
        // Fails only when the pump is gone; then the server delivers again what was not acknowledged.
        let _pump_gone = self.reports.try_send(report);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::usual_delay;

    #[test]
    fn delay_grows_to_five_minutes() {
        let seconds: Vec<u64> = (1..=11)
            .map(|attempt| usual_delay(attempt).as_secs())
            .collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!(usual_delay(u64::MAX), Duration::from_mins(5));
    }
}
