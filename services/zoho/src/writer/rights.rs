//! Fields that the account may not write. Zoho CRM ignores values sent for them without a word, and an ignored
//! value would look like somebody's edit back to the old one.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use provider::Fault;

use super::Writer;
use crate::{
    auth::account::current_user,
    event,
    kind::Kind,
    map::{self, Changes},
};

/// How long an account's rights are believed.
const KEEP: Duration = Duration::from_mins(5);
/// So many accounts are remembered.
const REMEMBERED: usize = 1_000;

type Writable = Arc<BTreeSet<String>>;

/// The fields that accounts may write, as they were a moment ago.
#[derive(Debug, Default)]
pub(crate) struct FieldRights(Mutex<HashMap<(Kind, String), (Writable, Instant)>>);

impl FieldRights {
    fn of(&self, kind: Kind, account: &str) -> Option<Writable> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (writable, at) = known.get(&(kind, account.to_owned()))?;
        (at.elapsed() < KEEP).then(|| writable.clone())
    }

    fn remember(&self, kind: Kind, account: &str, writable: Writable) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.retain(|_, (_, at)| at.elapsed() < KEEP);
        }
        known.insert((kind, account.to_owned()), (writable, Instant::now()));
    }
}

impl Writer<'_> {
    /// The fields that the account may write; `None` if it may not know.
    pub(super) async fn writable(&self) -> Result<Option<Writable>, Fault> {
        self.writable_of(self.kind).await
    }

    /// The same for records of a kind.
    pub(super) async fn writable_of(&self, kind: Kind) -> Result<Option<Writable>, Fault> {
        if let Some(writable) = self.rights.of(kind, self.account_id) {
            return Ok(Some(writable));
        }
        match self.ask_writable(kind).await {
            Ok(writable) => {
                self.rights
                    .remember(kind, self.account_id, writable.clone());
                Ok(Some(writable))
            }
            Err(Fault::Forbidden { .. } | Fault::Refused { .. }) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    async fn ask_writable(&self, kind: Kind) -> Result<Writable, Fault> {
        let profile = current_user(self.client).await?.profile;
        let profile = profile.as_ref().map(|profile| profile.id.as_str());
        let fields = self.client.fields(kind.module()).await?.fields;
        if kind == Kind::Event {
            return Ok(Arc::new(event::writable(&fields, profile)));
        }
        let writable = map::catalogue(&fields, profile).0.into_iter();
        let writable = writable.filter(|entry| entry.writable);
        Ok(Arc::new(writable.map(|entry| entry.name).collect()))
    }
}

/// Takes out what the account may not write, except what a record cannot be without.
pub(super) fn keep_writable(
    changes: &mut Changes,
    writable: Option<&BTreeSet<String>>,
    required: &[&str],
) {
    let Some(writable) = writable else { return };
    let ignored = |name: &&String| !writable.contains(*name) && !required.contains(&name.as_str());
    let ignored: Vec<String> = changes.fields.keys().filter(ignored).cloned().collect();
    for name in ignored {
        changes.refuse(
            &name,
            "read-only for this account, by its profile in Zoho CRM or by the field itself",
        );
    }
}
