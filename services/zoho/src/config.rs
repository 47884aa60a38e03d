//! What an operator sets.

use std::time::Duration;

use secrecy::SecretString;
use url::Url;

/// ZohoSettings of the Zoho CRM connector and writer.
#[derive(Clone, Debug, clap::Args)]
pub struct ZohoSettings {
    /// The accounts server where people sign in; those of other data centres are learned from the redirect.
    #[arg(
        long = "zoho-accounts-url",
        env = "RAPPORT_ZOHO_ACCOUNTS_URL",
        default_value = "https://accounts.zoho.com"
    )]
    pub accounts_url: Url,
    /// The client id of the application registered with Zoho.
    #[arg(
        long = "zoho-client-id",
        env = "RAPPORT_ZOHO_CLIENT_ID",
        default_value = ""
    )]
    pub client_id: String,
    /// The client secret of the application registered with Zoho.
    #[arg(
        long = "zoho-client-secret",
        env = "RAPPORT_ZOHO_CLIENT_SECRET",
        default_value = "",
        hide_env_values = true
    )]
    pub client_secret: SecretString,
    /// The name of the profile permission "Sync with Google Contacts", which syncs of contacts need besides those on
    /// records; empty to ask for none. Zoho does not document the name.
    #[arg(
        long = "zoho-sync-permission",
        env = "RAPPORT_ZOHO_SYNC_PERMISSION",
        default_value = ""
    )]
    pub sync_permission: String,
    /// The name of the profile permission "Sync with Google Calendar", which syncs of meetings need besides those on
    /// records; empty to ask for none. Zoho does not document the name.
    #[arg(
        long = "zoho-calendar-sync-permission",
        env = "RAPPORT_ZOHO_CALENDAR_SYNC_PERMISSION",
        default_value = ""
    )]
    pub calendar_sync_permission: String,
    /// For how long lists may still show the past, in seconds. The time cursor overlaps by a little more.
    #[arg(
        long = "zoho-horizon-seconds",
        env = "RAPPORT_ZOHO_HORIZON_SECONDS",
        default_value_t = 120
    )]
    pub horizon_seconds: u32,
    /// How long a call may take until its answer counts as lost, in seconds.
    #[arg(
        long = "zoho-request-timeout-seconds",
        env = "RAPPORT_ZOHO_REQUEST_TIMEOUT_SECONDS",
        default_value_t = 60
    )]
    pub request_timeout_seconds: u32,
}

impl ZohoSettings {
    /// For how long lists may still show the past.
    pub fn horizon(&self) -> Duration {
        Duration::from_secs(self.horizon_seconds.into())
    }

    /// How long a call may take until its answer counts as lost.
    pub fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout_seconds.into())
    }
}
