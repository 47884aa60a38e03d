//! What people do in both accounts, and what is true of them: through the sandbox's control API, without lag.

mod google;
mod zoho;

use std::collections::BTreeMap;

use serde_json::{Value, json};

pub use google::{Contact, GROUP, Google, google_person};
pub use zoho::{Row, Zoho, zoho_person};

use crate::house::House;

/// How often a call wrote each record, by its id.
pub type Written = BTreeMap<String, u64>;

/// A moment in the sandbox's journal.
#[derive(Debug, Clone, Copy)]
pub struct Moment(u64);

impl House {
    pub fn google(&self) -> Google<'_> {
        Google(&self.system.sandbox)
    }

    pub fn zoho(&self) -> Zoho<'_> {
        Zoho(&self.system.sandbox)
    }

    /// Lets the providers' clock go on, so that what people did before is seen by everybody.
    pub async fn later(&self, seconds: u32) {
        let step = json!({ "seconds": seconds });
        let sandbox = &self.system.sandbox;
        sandbox.post("clock/advance", &step).await.unwrap();
    }

    /// The sandbox's journal up to now.
    pub async fn now(&self) -> Moment {
        Moment(self.system.sandbox.newest_entry().await.unwrap())
    }

    /// What was written through Google's API since then. A new contact is written twice: the create, and its
    /// being put into the group.
    pub async fn written_to_google(&self, since: Moment) -> Written {
        self.written("google", since, "people/").await
    }

    /// What was written through Google's API since then that is no contact.
    pub async fn events_written(&self, since: Moment) -> Written {
        let mut written = self.written("google", since, "").await;
        written.retain(|name, _| !name.starts_with("people/"));
        written
    }

    /// What was written through Zoho CRM's API since then, companies included.
    pub async fn written_to_zoho(&self, since: Moment) -> Written {
        self.written("zoho", since, "").await
    }

    /// How many records of either side were written through the providers' APIs since then.
    pub async fn written_since(&self, since: Moment) -> usize {
        self.written_to_google(since).await.len() + self.written_to_zoho(since).await.len()
    }

    async fn written(&self, provider: &str, since: Moment, prefix: &str) -> Written {
        let sandbox = &self.system.sandbox;
        let records = sandbox.written_records(provider, since.0).await.unwrap();
        records
            .into_iter()
            .filter_map(|(name, times)| Some((name.strip_prefix(prefix)?.to_owned(), times)))
            .collect()
    }

    /// Events that the sandbox counts beside calls, such as `zoho.workflow_runs`.
    pub async fn marks(&self, name: &str) -> u64 {
        let counts = self.system.sandbox.get("counts").await.unwrap();
        counts["marks"][name].as_u64().unwrap_or_default()
    }

    /// Mails that providers would have sent.
    pub async fn mails(&self) -> u64 {
        let counts = self.system.sandbox.get("counts").await.unwrap();
        let mails = counts["mails"].as_object().cloned().unwrap_or_default();
        mails.values().filter_map(Value::as_u64).sum()
    }
}

/// A value with further members.
pub fn with(mut value: Value, more: Value) -> Value {
    let (Some(members), Value::Object(more)) = (value.as_object_mut(), more) else {
        panic!("both must be objects");
    };
    members.extend(more);
    value
}

fn text(item: &Value, part: &str) -> String {
    item[part].as_str().unwrap_or_default().to_owned()
}
