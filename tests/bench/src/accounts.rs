//! Accounts at both providers, connected and synced through the public API.

use anyhow::Context as _;
use e2e::Sandbox;
use proto::control::{ApplyRequest, FinishConnectionRequest, control_client::ControlClient};
use serde_json::{Value, json};
use tonic::transport::Channel;

/// The tenant that is there from the start.
pub(crate) const TENANT: &str = "default";

/// A Google account and an organisation of Zoho CRM with one user, synced with each other.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    /// The Google account's address.
    pub(crate) google: String,
    /// The Zoho CRM user's address.
    pub(crate) zoho: String,
    /// Google's refresh token.
    pub(crate) google_token: String,
    /// Zoho CRM's refresh token.
    pub(crate) zoho_token: String,
    number: usize,
}

/// What the address books of a pair hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Books {
    /// People in scope on each side.
    pub(crate) people: usize,
    /// The share of them that both sides have.
    pub(crate) overlap: f64,
}

impl Pair {
    /// Opens both accounts.
    pub(crate) async fn open(sandbox: &Sandbox, number: usize) -> anyhow::Result<Self> {
        let google = format!("owner{number}@example.com");
        let zoho = format!("owner{number}@crm{number}.example.com");
        let account = json!({ "email": google, "name": format!("Owner {number}") });
        let account = sandbox.post("google/accounts", &account).await?;
        let organisation = json!({ "email": zoho });
        let organisation = sandbox.post("zoho/organisations", &organisation).await?;
        let token = |answer: &Value| {
            let token = answer["refresh_token"].as_str().map(str::to_owned);
            token.context("the sandbox gave no refresh token")
        };
        Ok(Self {
            google_token: token(&account)?,
            zoho_token: token(&organisation)?,
            google,
            zoho,
            number,
        })
    }

    /// Fills both accounts; answers what the sandbox says of the books.
    pub(crate) async fn fill(&self, sandbox: &Sandbox, books: Books) -> anyhow::Result<Value> {
        let scenario = json!({
            "scenario": "two-address-books", "people": books.people, "overlap": books.overlap, "outside": 0,
            "seed": self.number, "owners": { "google": self.google, "zoho": self.zoho },
        });
        sandbox.post("seed", &scenario).await
    }

    /// Signs in to both accounts.
    pub(crate) async fn connect(&self, control: &mut ControlClient<Channel>) -> anyhow::Result<()> {
        for (provider, token) in [("zoho", &self.zoho_token), ("google", &self.google_token)] {
            control
                .finish_connection(FinishConnectionRequest {
                    tenant: TENANT.to_owned(),
                    provider: provider.to_owned(),
                    name: self.connection(provider),
                    secret_json: json!({ "refresh_token": token }).to_string(),
                    ..FinishConnectionRequest::default()
                })
                .await?;
        }
        Ok(())
    }

    fn connection(&self, provider: &str) -> String {
        format!("{provider}-{}", self.number)
    }

    /// Makes the sync, read so often at least, with these policies beside the usual ones; answers its id.
    pub(crate) async fn sync(
        &self,
        control: &mut ControlClient<Channel>,
        frequency_seconds: u32,
        policies: &str,
    ) -> anyhow::Result<String> {
        let yaml = format!(
            "kind: Sync\nname: sync-{}\nrecipe: zoho-google-contacts\n\
             left: {{ connection: {}, collection: {{ list_view: Key accounts }} }}\n\
             right: {{ connection: {}, collection: {{ group: Clients }} }}\n\
             policies: {{ direction: both, conflict: left, deletion: propagate, frequency_seconds: {frequency_seconds}{policies} }}\n",
            self.number,
            self.connection("zoho"),
            self.connection("google"),
        );
        apply(control, yaml).await
    }

    /// Makes the sync of all meetings and the account's own calendar, series included, read so often at least; answers
    /// its id.
    pub(crate) async fn sync_meetings(
        &self,
        control: &mut ControlClient<Channel>,
        frequency_seconds: u32,
    ) -> anyhow::Result<String> {
        let yaml = format!(
            "kind: Sync\nname: meetings-{}\nrecipe: zoho-google-calendar\n\
             left: {{ connection: {} }}\nright: {{ connection: {} }}\n\
             policies:\n  frequency_seconds: {frequency_seconds}\n  \
             caps: {{ first_run: 0, later_runs: 0 }}\n  events: {{ recurrence: sync }}\n",
            self.number,
            self.connection("zoho"),
            self.connection("google"),
        );
        apply(control, yaml).await
    }
}

/// Applies the YAML of one sync; answers its id.
async fn apply(control: &mut ControlClient<Channel>, yaml: String) -> anyhow::Result<String> {
    let request = ApplyRequest {
        tenant: TENANT.to_owned(),
        yaml,
        dry_run: false,
    };
    let applied = control.apply(request).await?.into_inner().syncs;
    let sync = applied.into_iter().next();
    Ok(sync.context("nothing was applied")?.sync)
}
