//! Settings of the Google services, as flags and as `RAPPORT_GOOGLE_*` environment variables.

use std::{num::NonZeroU32, time::Duration};

use clap::Args;
use secrecy::SecretString;
use url::Url;

/// Where Google answers, who we are to it, and at which pace it is called.
#[derive(Clone, Debug, Args)]
pub struct GoogleSettings {
    /// OAuth client id; needed to connect accounts and to renew their access.
    #[arg(
        long = "google-client-id",
        env = "RAPPORT_GOOGLE_CLIENT_ID",
        default_value = ""
    )]
    pub client_id: String,
    /// OAuth client secret that belongs to the client id.
    #[arg(
        long = "google-client-secret",
        env = "RAPPORT_GOOGLE_CLIENT_SECRET",
        default_value = "",
        hide_env_values = true
    )]
    pub client_secret: SecretString,
    /// Base URL of the People API.
    #[arg(
        long = "google-people-url",
        env = "RAPPORT_GOOGLE_PEOPLE_URL",
        default_value = "https://people.googleapis.com"
    )]
    pub people_url: Url,
    /// Base URL of the Calendar API.
    #[arg(
        long = "google-calendar-url",
        env = "RAPPORT_GOOGLE_CALENDAR_URL",
        default_value = "https://www.googleapis.com"
    )]
    pub calendar_url: Url,
    /// Where people are sent to consent.
    #[arg(
        long = "google-auth-url",
        env = "RAPPORT_GOOGLE_AUTH_URL",
        default_value = "https://accounts.google.com/o/oauth2/v2/auth"
    )]
    pub auth_url: Url,
    /// Where codes and refresh tokens are exchanged for access.
    #[arg(
        long = "google-token-url",
        env = "RAPPORT_GOOGLE_TOKEN_URL",
        default_value = "https://oauth2.googleapis.com/token"
    )]
    pub token_url: Url,
    /// Where a token tells what it may do.
    #[arg(
        long = "google-token-information-url",
        env = "RAPPORT_GOOGLE_TOKEN_INFORMATION_URL",
        default_value = "https://oauth2.googleapis.com/tokeninfo"
    )]
    pub token_information_url: Url,
    /// Critical read requests that one user may cost in a minute. Google shows the project's own
    /// number in its console only; 60 is the lowest that was observed.
    #[arg(
        long = "google-reads-per-minute",
        env = "RAPPORT_GOOGLE_READS_PER_MINUTE",
        default_value = "60"
    )]
    pub reads_per_minute: NonZeroU32,
    /// Critical write requests that one user may cost in a minute. 30 is the lowest that was observed.
    #[arg(
        long = "google-writes-per-minute",
        env = "RAPPORT_GOOGLE_WRITES_PER_MINUTE",
        default_value = "30"
    )]
    pub writes_per_minute: NonZeroU32,
    /// Deletions and group changes that one user may cost in a minute. 30 is what was observed.
    #[arg(
        long = "google-group-writes-per-minute",
        env = "RAPPORT_GOOGLE_GROUP_WRITES_PER_MINUTE",
        default_value = "30"
    )]
    pub group_writes_per_minute: NonZeroU32,
    /// Calls to the Calendar API that one user may cost in a minute. 600 is Google's own limit.
    #[arg(
        long = "google-calendar-requests-per-minute",
        env = "RAPPORT_GOOGLE_CALENDAR_REQUESTS_PER_MINUTE",
        default_value = "600"
    )]
    pub calendar_requests_per_minute: NonZeroU32,
    /// Seconds for which Google may still show the past after a write.
    #[arg(
        long = "google-horizon-seconds",
        env = "RAPPORT_GOOGLE_HORIZON_SECONDS",
        default_value_t = 600
    )]
    pub horizon_seconds: u64,
    /// Seconds until a call without an answer counts as lost.
    #[arg(
        long = "google-request-timeout-seconds",
        env = "RAPPORT_GOOGLE_REQUEST_TIMEOUT_SECONDS",
        default_value_t = 60
    )]
    pub request_timeout_seconds: u64,
}

impl GoogleSettings {
    /// For how long Google may still show the past.
    pub fn horizon(&self) -> Duration {
        Duration::from_secs(self.horizon_seconds)
    }

    /// How long a call may take until its answer counts as lost.
    pub fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout_seconds)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        google: GoogleSettings,
    }

    /// The defaults, with an OAuth client.
    pub(crate) fn settings() -> GoogleSettings {
        Command::parse_from([
            "test",
            "--google-client-id",
            "id",
            "--google-client-secret",
            "s",
        ])
        .google
    }

    #[test]
    fn the_defaults_are_googles_own_addresses() {
        let settings = settings();
        assert_eq!(
            settings.people_url.host_str(),
            Some("people.googleapis.com")
        );
        assert_eq!(settings.calendar_url.host_str(), Some("www.googleapis.com"));
        assert_eq!(settings.horizon(), Duration::from_mins(10));
    }

    #[test]
    fn a_pace_of_nothing_is_refused() {
        for flag in [
            "--google-reads-per-minute",
            "--google-calendar-requests-per-minute",
        ] {
            assert!(Command::try_parse_from(["test", flag, "0"]).is_err());
        }
    }

    #[test]
    fn the_secret_is_not_shown() {
        assert!(!format!("{:?}", settings()).contains("\"s\""));
    }
}
