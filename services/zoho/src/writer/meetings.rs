//! What Zoho CRM deletes with a contact: the meetings that are linked to it (`Who_Id`). Whoever deletes a contact on the
//! other side means the contact.

use std::collections::BTreeSet;

use provider::{Answer, Fault};

use super::Writer;
use crate::{
    kind::Kind,
    wire::{EVENTS, Query},
};

/// Contacts that one query names.
const NAMED: usize = 40;

/// Meetings that one query answers.
const QUERY_ROWS: usize = 200;

/// Why a contact is not deleted.
const HAS_MEETINGS: &str = "Zoho CRM would delete the contact's meetings with it; delete the contact in Zoho CRM, or link the \
    meetings to somebody else";

impl Writer<'_> {
    /// Those of the contacts that have meetings. Lists may not show the newest yet; and where the account may not look at
    /// meetings, or they cannot be asked for by their contact, nobody knows of any.
    pub(super) async fn with_meetings(&self, ids: &[String]) -> Result<BTreeSet<String>, Fault> {
        let mut found = BTreeSet::new();
        if self.kind != Kind::Contact {
            return Ok(found);
        }
        for some in ids.chunks(NAMED) {
            match self.ask_for_meetings(some, &mut found).await {
                Ok(()) => {}
                Err(Fault::Forbidden { .. } | Fault::Refused { .. }) => return Ok(found),
                Err(fault) => return Err(fault),
            }
        }
        Ok(found)
    }

    /// Asks again for those whom an answer had no room for, because of the meetings of others.
    async fn ask_for_meetings(
        &self,
        some: &[String],
        found: &mut BTreeSet<String>,
    ) -> Result<(), Fault> {
        loop {
            let open = some.iter().filter(|id| !found.contains(*id));
            let named: Vec<String> = open.map(|id| format!("'{id}'")).collect();
            if named.is_empty() {
                return Ok(());
            }
            let select_query = format!(
                "select id, Who_Id from {EVENTS} where Who_Id in ({}) limit {QUERY_ROWS}",
                named.join(",")
            );
            let page = self.client.query(&Query { select_query }).await?.body;
            let before = found.len();
            let contact = |row: &crate::wire::Row| {
                let id = row.0.get("Who_Id")?.get("id")?.as_str()?;
                Some(id.to_owned())
            };
            found.extend(page.data.iter().filter_map(contact));
            if !page.info.more_records || found.len() == before {
                return Ok(());
            }
        }
    }
}

/// The answer for a contact that has meetings.
pub(super) fn has_meetings() -> Answer {
    Answer::Refused {
        path: None,
        reason: HAS_MEETINGS.to_owned(),
    }
}
