//! What an emulator supplies, and what the shared core gives it.

use axum::Router;
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::control::ControlError;
use crate::dice::Dice;
use crate::faults::Faults;
use crate::journal::Journal;
use crate::seed::{TwoAddressBooks, TwoCalendars};

/// What every emulator is given; cheap to clone.
#[derive(Clone)]
pub(crate) struct Shared {
    /// The only source of time.
    pub(crate) clock: Clock,
    /// The only source of chance.
    pub(crate) dice: Dice,
    /// The fault script.
    pub(crate) faults: Faults,
    /// The request log.
    pub(crate) journal: Journal,
    /// Background work is spawned here.
    pub(crate) tasks: TaskTracker,
    /// Cancelled when the sandbox stops.
    pub(crate) stop: CancellationToken,
    /// Whether the settings start kind (no lag, whole pages, long tokens).
    pub(crate) kind: bool,
}

/// A blow to the state of an emulator that no API call would deal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strike {
    /// Every sync token, page token or other cursor handed out so far is refused as expired.
    ExpireCursors,
    /// Every grant is withdrawn: refresh tokens and access tokens die.
    RevokeGrants,
    /// Access tokens die at once, refresh tokens live: a 401 in the middle of a run.
    ExpireAccessTokens,
}

/// One provider's emulator.
pub(crate) trait Emulator: Send + Sync + 'static {
    /// Short name in control paths, the journal and the printed line: `google`.
    fn provider(&self) -> &'static str;

    /// The provider's own paths, from the root.
    fn router(&self) -> Router;

    /// Routes below `/control/<provider>`, without the shared ones.
    fn control_router(&self) -> Router;

    /// Name of the API method that a request calls, as the provider documents it
    /// (`people.connections.list`); `unknown` for paths it does not have.
    fn method_of(&self, verb: &Method, path: &str) -> String;

    /// The HTTP method that a request stands for, where headers can say another one.
    fn verb_of(&self, verb: &Method, _headers: &HeaderMap) -> Method {
        verb.clone()
    }

    /// Base URLs and test credentials for the line printed at start. `base_url` has no trailing slash.
    fn credentials(&self, base_url: &str) -> Value;

    /// Called once, as soon as the port is bound.
    fn bound(&self, _base_url: &str) {}

    /// The provider's error body for a status that the fault script ordered for a call of this method.
    fn failure(&self, status: StatusCode, method: &str) -> Response;

    /// Deals a blow that the fault script or control ordered.
    fn strike(&self, strike: Strike);

    /// Fills an account, the default one unless its owner's e-mail address is given, from this side's book of the
    /// scenario; answers the ids and the name of the collection.
    fn seed(&self, books: &TwoAddressBooks, owner: Option<&str>) -> Result<Value, ControlError>;

    /// The same for the scenario of two diaries: fills an account's calendar.
    fn seed_calendar(
        &self,
        diaries: &TwoCalendars,
        owner: Option<&str>,
    ) -> Result<Value, ControlError>;

    /// The current settings.
    fn settings(&self) -> Value;

    /// All settings as the sandbox starts with them, kind or unkind.
    fn preset(&self, kind: bool);

    /// Changes the settings that `patch` names.
    fn configure(&self, patch: &Value) -> Result<(), ControlError>;

    /// Everything stored, without lag.
    fn truth(&self) -> Value;

    /// Back to the state at start: no records, same credentials, default settings.
    fn reset(&self);
}
