//! Records that are not there: deleted, or out of our reach.

use std::collections::BTreeSet;

use provider::{Answer, Fault};

use super::Writer;

/// Pages of deleted records that are searched. An id that is further back counts as out of reach.
const PAGES: u32 = 10;

impl Writer<'_> {
    /// Which of these ids the list of deleted records names: that alone proves a deletion.
    pub(super) async fn proved_deleted(&self, ids: &[String]) -> Result<BTreeSet<String>, Fault> {
        let mut proved = BTreeSet::new();
        for page in 1..=PAGES {
            if proved.len() == ids.len() {
                break;
            }
            let list = self
                .client
                .deleted(self.reader.module(), None, page)
                .await?
                .body;
            let deleted = list.data.into_iter().map(|deleted| deleted.id);
            proved.extend(deleted.filter(|id| ids.contains(id)));
            if !list.info.more_records {
                break;
            }
        }
        Ok(proved)
    }

    /// The answers for records that a reading by id did not show.
    pub(super) async fn missing(&self, ids: &[String]) -> Result<Vec<Answer>, Fault> {
        let proved = self.proved_deleted(ids).await?;
        Ok(ids
            .iter()
            .map(|id| Answer::Gone {
                proved: proved.contains(id),
                collection: false,
            })
            .collect())
    }
}
