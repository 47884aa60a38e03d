//! Whose address books are compared.

use serde::Deserialize;

/// Both accounts, in the form of the line that the sandbox prints; other members are ignored.
#[derive(Debug, Clone, Deserialize)]
pub struct Accounts {
    /// The left side.
    pub zoho: ZohoAccount,
    /// The right side.
    pub google: GoogleAccount,
}

/// A user of Zoho CRM and one list view of contacts.
#[derive(Clone, Deserialize)]
pub struct ZohoAccount {
    /// The accounts server.
    pub accounts_url: String,
    /// The client's id.
    pub client_id: String,
    /// The client's secret.
    pub client_secret: String,
    /// The user's grant.
    pub refresh_token: String,
    /// The list view's name.
    pub list_view: String,
}

/// A Google account and one of its contact groups.
#[derive(Clone, Deserialize)]
pub struct GoogleAccount {
    /// The People API.
    pub base_url: String,
    /// Where access tokens are issued.
    pub token_url: String,
    /// The client's id.
    pub client_id: String,
    /// The client's secret.
    pub client_secret: String,
    /// The user's grant.
    pub refresh_token: String,
    /// The group's name.
    pub group: String,
}

// Secrets are shown nowhere.
impl std::fmt::Debug for ZohoAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ZohoAccount")
            .field("accounts_url", &self.accounts_url)
            .field("list_view", &self.list_view)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for GoogleAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GoogleAccount")
            .field("base_url", &self.base_url)
            .field("group", &self.group)
            .finish_non_exhaustive()
    }
}
