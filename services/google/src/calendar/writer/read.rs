//! Reading by id.

use provider::{Answer, CollectionState, Fault, Read, What};

use super::{Found, Writer, answer_of, live};
use crate::calendar::{feed, series::text};

impl Writer<'_> {
    /// Reads an event, or a whole series. The calendar is looked at before.
    pub(super) async fn read(&mut self, read: &Read) -> Result<Answer, Fault> {
        self.calls += 1;
        let (state, _) = feed::collection(self.client, self.scope).await?;
        if state != CollectionState::Present {
            return Ok(Answer::Gone {
                proved: false,
                collection: state == CollectionState::Gone,
            });
        }
        let found = match self.find(&read.remote_id).await {
            Ok(found) => found,
            Err(Fault::Gone { proved, .. }) => {
                return self.missing(&read.remote_id, proved, None).await;
            }
            Err(fault) => return Err(fault),
        };
        if self.belongs_to_a_series(&found).await? {
            return Ok(Answer::Gone {
                proved: true,
                collection: false,
            });
        }
        let seen = self.seen(&found)?;
        if matches!(seen.what, What::Deleted { .. } | What::Unreadable { .. }) {
            return Ok(answer_of(seen.what));
        }
        Ok(match live(seen) {
            Some(live) => Answer::Found(Box::new(live)),
            None => Answer::Unknown {
                reason: "an event without a version".to_owned(),
            },
        })
    }

    /// Whether it is an instance of a series that is in the calendar, and thus a part of that record. One to which alone
    /// the account is invited is a record by itself, until the account is invited to all; and so is one of a series that the
    /// other side cannot hold.
    async fn belongs_to_a_series(&mut self, found: &Found) -> Result<bool, Fault> {
        if found.apart.is_some() {
            return Ok(false);
        }
        let Some(series) = text(found.raw(), "recurringEventId") else {
            return Ok(false);
        };
        self.calls += 1;
        match self.client.event(self.calendar, series).await {
            Ok(series) => Ok(text(&series.body, "status") != Some("cancelled")),
            Err(Fault::Gone { .. }) => Ok(false),
            Err(fault) => Err(fault),
        }
    }
}
