//! Sending changes, and finding out which of them Google does not accept.

use std::collections::BTreeMap;

use provider::Fault;
use serde_json::Value;

use super::Writer;
use crate::calendar::{
    map::{Changes, Members},
    series::text,
};

/// What was sent, as far as it went.
#[derive(Debug, Default)]
pub(super) struct Sent {
    /// The event as the last answer carried it; none if nothing was written.
    pub(super) event: Option<Value>,
    /// Fields that Google does not accept, with the reason.
    pub(super) refused: BTreeMap<String, String>,
    /// What ended it early.
    pub(super) fault: Option<Fault>,
}

impl Writer<'_> {
    /// Changes an event that has this etag. A part that Google refuses is left out and the rest is sent; where Google
    /// does not say which, each part is sent on its own.
    pub(super) async fn send(&mut self, id: &str, etag: &str, changes: &Changes) -> Sent {
        let mut sent = Sent::default();
        let mut parts = changes.parts.clone();
        while !parts.is_empty() {
            let all = Changes {
                parts: parts.clone(),
                ..Changes::default()
            };
            let (path, reason) = match self.send_once(id, etag, &all, &mut sent).await {
                Err(Fault::Refused { path, reason }) => (path, reason),
                Err(fault) => {
                    sent.fault = Some(fault);
                    return sent;
                }
                Ok(()) => return sent,
            };
            let named = path.filter(|path| parts.contains_key(path.as_str()));
            let one = parts.keys().next().filter(|_| parts.len() == 1);
            let Some(field) = named.or_else(|| one.map(|one| (*one).to_owned())) else {
                self.send_each(id, etag, &parts, &mut sent).await;
                return sent;
            };
            parts.remove(field.as_str());
            sent.refused.insert(field, reason);
        }
        sent
    }

    async fn send_each(
        &mut self,
        id: &str,
        etag: &str,
        parts: &BTreeMap<&'static str, Members>,
        sent: &mut Sent,
    ) {
        for (field, members) in parts {
            let one = Changes {
                parts: BTreeMap::from([(*field, members.clone())]),
                ..Changes::default()
            };
            let last = sent.event.as_ref().and_then(|event| text(event, "etag"));
            let etag = last.unwrap_or(etag).to_owned();
            match self.send_once(id, &etag, &one, sent).await {
                Ok(()) => {}
                Err(Fault::Refused { reason, .. }) => {
                    sent.refused.insert((*field).to_owned(), reason);
                }
                Err(fault) => {
                    sent.fault = Some(fault);
                    return;
                }
            }
        }
    }

    async fn send_once(
        &mut self,
        id: &str,
        etag: &str,
        changes: &Changes,
        sent: &mut Sent,
    ) -> Result<(), Fault> {
        self.calls += 1;
        let (body, notify) = (Value::Object(changes.body()), self.options.notify);
        let answer = self
            .client
            .patch(self.calendar, id, &body, Some(etag), notify)
            .await?;
        sent.event = Some(answer);
        Ok(())
    }
}
