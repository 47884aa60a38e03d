//! Reading by id.

use provider::{Answer, CollectionState, Fault, Read, What};

use super::{Writer, answer_of, live};
use crate::calendar::feed;

impl Writer<'_> {
    /// Reads an event, or a whole series. The calendar is looked at before.
    pub(super) async fn read(&mut self, read: &Read) -> Result<Answer, Fault> {
        self.calls += 1;
        match feed::collection(self.client, self.scope).await?.0 {
            CollectionState::Present => {}
            CollectionState::Gone => {
                return Ok(Answer::Gone {
                    proved: false,
                    collection: true,
                });
            }
            CollectionState::Forbidden => {
                return Ok(Answer::Forbidden {
                    right: "see calendars".to_owned(),
                });
            }
        }
        let found = match self.find(&read.remote_id).await {
            Ok(found) => found,
            Err(Fault::Gone { proved, .. }) => return Ok(self.gone(proved, None).await),
            Err(fault) => return Err(fault),
        };
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
}
