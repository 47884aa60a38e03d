//! Deleting.

use provider::{Answer, Applied, Delete, Fault};

use super::{Done, Writer};

impl Writer<'_> {
    /// Deletes an event, or a whole series, that is as the plan knew it. It is compared just before, too, for nobody
    /// says that a deletion heeds its condition (unverified).
    pub(super) async fn delete(&mut self, delete: &Delete) -> Result<Done, Fault> {
        let found = match self.find(&delete.remote_id).await {
            Ok(found) => found,
            Err(Fault::Gone { proved, .. }) => {
                let expected = Some(&delete.expected);
                return Ok(self
                    .missing(&delete.remote_id, proved, expected)
                    .await?
                    .into());
            }
            Err(fault) => return Err(fault),
        };
        let before = match self.unmoved(&found, &delete.expected)? {
            Ok(record) => record,
            Err(answer) => return Ok(answer.into()),
        };
        let etag = found.event()?.etag;
        self.calls += 1;
        let notify = self.options.notify;
        let deleted = self
            .client
            .delete(self.calendar, &delete.remote_id, &etag, notify)
            .await;
        let answer = match deleted {
            Ok(()) => Answer::Applied(Applied {
                remote_id: delete.remote_id.clone(),
                version: None,
                answer: None,
                refused: Vec::new(),
            }),
            Err(Fault::Gone { proved, .. }) => self.gone(proved, Some(&delete.expected)).await,
            Err(fault) => fault.into(),
        };
        Ok(Done {
            answer,
            before: Some(before),
        })
    }
}
