//! Sending notifications: no body, everything in headers, lossy, in no order.

use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde_json::json;

use super::channel::Channel;
use super::settings::CalendarSettings;
use crate::dice::stable_number;
use crate::google::Google;

/// How often a notification is tried.
const MOST_TRIES: u32 = 6;
/// Notifications that control remembers.
const KEPT: usize = 10_000;

/// What a notification says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// The channel is open.
    Sync,
    /// Something changed, was created or deleted.
    Exists,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Exists => "exists",
        }
    }
}

impl Google {
    /// Sends a notification to each channel in the background, as the settings say.
    pub(super) fn notify(&self, channels: Vec<Channel>, state: State, settings: &CalendarSettings) {
        let dice = &self.shared.dice;
        for channel in channels {
            if state == State::Exists && dice.chance(settings.notification_drop_rate) {
                self.shared.journal.mark("google.notifications_dropped");
                continue;
            }
            let copies = 1 + u64::from(dice.chance(settings.notification_duplicate_rate));
            for copy in 0..copies {
                let words = [
                    channel.id.clone(),
                    channel.messages.to_string(),
                    copy.to_string(),
                ];
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                let most = settings.notification_delay_milliseconds + 1;
                let delay = stable_number(dice.seed(), &words) % most;
                let sending = self.clone().deliver(
                    channel.clone(),
                    state,
                    Duration::from_millis(delay),
                    Duration::from_millis(settings.notification_retry_milliseconds),
                );
                let stop = self.shared.stop.clone();
                self.shared.tasks.spawn(async move {
                    tokio::select! {
                        () = sending => {}
                        () = stop.cancelled() => {}
                    }
                });
            }
        }
    }

    async fn deliver(self, channel: Channel, state: State, delay: Duration, pause: Duration) {
        tokio::time::sleep(delay).await;
        let mut pause = pause;
        for _ in 0..MOST_TRIES {
            let answered = self.post(&channel, state).await;
            let taken = answered
                .is_some_and(|status| matches!(status.as_u16(), 102 | 200 | 201 | 202 | 204));
            self.note(&channel, state, answered, taken);
            let again = matches!(
                answered.map(|status| status.as_u16()),
                Some(500 | 502 | 503 | 504)
            );
            if !again {
                return;
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }

    async fn post(&self, channel: &Channel, state: State) -> Option<StatusCode> {
        let mut request = self
            .http
            .post(channel.address.clone())
            .header(
                "user-agent",
                "APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)",
            )
            .header("content-length", "0")
            .header("x-goog-channel-id", &channel.id)
            .header("x-goog-message-number", channel.messages)
            .header("x-goog-resource-id", &channel.resource_id)
            .header("x-goog-resource-uri", &channel.resource_uri)
            .header("x-goog-resource-state", state.word());
        if let Some(token) = &channel.token {
            request = request.header("x-goog-channel-token", token);
        }
        let expiration = Timestamp::from_millisecond(channel.expiration).ok();
        let expiration =
            expiration.and_then(|at| DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok());
        if let Some(text) = expiration {
            request = request.header("x-goog-channel-expiration", text);
        }
        request.send().await.ok().map(|answer| answer.status())
    }

    fn note(&self, channel: &Channel, state: State, status: Option<StatusCode>, taken: bool) {
        self.shared.journal.mark(if taken {
            "google.notifications_taken"
        } else {
            "google.notifications_failed"
        });
        let mut stored = self.state();
        let sent = &mut stored.calendars.channels.sent;
        if sent.len() == KEPT {
            sent.remove(0);
        }
        sent.push(json!({
            "at": self.shared.clock.now(), "channel": channel.id, "calendar": channel.calendar,
            "state": state.word(), "number": channel.messages,
            "status": status.map(|status| status.as_u16()), "taken": taken,
        }));
    }
}
