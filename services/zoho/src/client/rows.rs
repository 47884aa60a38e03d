//! Rows with more fields than one call reads.

use std::{collections::BTreeMap, time::Instant};

use jiff::{SignedDuration, Timestamp};

use super::{Answer, BATCH, Client, Records};
use crate::{
    fault::Failure,
    wire::{Listing, Row},
};

/// So many records are read one by one.
const ONE_BY_ONE: usize = 4;

impl Client<'_> {
    /// A page of a module, with the fields of every list of names in `fields`.
    pub(crate) async fn page_of(
        &self,
        module: &str,
        fields: &[String],
        list: &Records<'_>,
    ) -> Result<Answer<Listing<Row>>, Failure> {
        let (first, further) = fields
            .split_first()
            .map_or(("Modified_Time", fields), |(first, rest)| (first, rest));
        let mut page = self
            .records(
                module,
                &Records {
                    fields: first,
                    ..list.clone()
                },
            )
            .await?;
        let ids: Vec<String> = page
            .body
            .data
            .iter()
            .filter_map(Row::id)
            .map(str::to_owned)
            .collect();
        let rest = self.further(module, further, &ids).await?;
        page.body.data = joined(page.body.data, further.len(), rest);
        Ok(page)
    }

    /// Records as lists show them, which may be as they were a moment ago; those that are not there are missing.
    pub(crate) async fn rows_listed(
        &self,
        module: &str,
        fields: &[String],
        ids: &[String],
    ) -> Result<BTreeMap<String, Row>, Failure> {
        let mut rows = BTreeMap::new();
        for ids in ids.chunks(BATCH) {
            let list = Records {
                ids,
                ..Records::default()
            };
            let page = self.page_of(module, fields, &list).await?.body.data;
            let keyed = page
                .into_iter()
                .filter_map(|row| Some((row.id()?.to_owned(), row)));
            rows.extend(keyed);
        }
        Ok(rows)
    }

    /// One record as it is now; `None` if there is none.
    pub(crate) async fn row(
        &self,
        module: &str,
        fields: &[String],
        id: &str,
    ) -> Result<Option<Row>, Failure> {
        let mut whole: Option<Row> = None;
        for fields in fields {
            let Some(part) = self.record(module, id, fields).await?.body else {
                return Ok(None);
            };
            match &mut whole {
                None => whole = Some(part),
                Some(row) => merge(row, part),
            }
        }
        Ok(whole)
    }

    /// Records by id, and the provider's clock no later than they were read. A few are read one by one, as they
    /// are now; of many, only those that the list does not show.
    pub(crate) async fn rows_by_id(
        &self,
        module: &str,
        fields: &[String],
        ids: &[String],
    ) -> Result<(BTreeMap<String, Row>, Timestamp), Failure> {
        let begin = Instant::now();
        // One that is no id at all would refuse the whole call.
        let is_id = |id: &&String| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
        let ids: Vec<String> = ids.iter().filter(is_id).cloned().collect();
        let mut rows = if ids.len() > ONE_BY_ONE {
            self.rows_listed(module, fields, &ids).await?
        } else {
            BTreeMap::new()
        };
        for id in &ids {
            if !rows.contains_key(id)
                && let Some(row) = self.row(module, fields, id).await?
            {
                rows.insert(id.to_owned(), row);
            }
        }
        let took = SignedDuration::try_from(begin.elapsed()).unwrap_or(SignedDuration::MAX);
        let now = self.provider_time().unwrap_or_else(Timestamp::now);
        Ok((rows, now.checked_sub(took).unwrap_or(Timestamp::MIN)))
    }

    async fn further(
        &self,
        module: &str,
        fields: &[String],
        ids: &[String],
    ) -> Result<Vec<Row>, Failure> {
        let mut rows = Vec::new();
        for fields in fields {
            for ids in ids.chunks(BATCH) {
                let list = Records {
                    fields,
                    ids,
                    ..Records::default()
                };
                rows.extend(self.records(module, &list).await?.body.data);
            }
        }
        Ok(rows)
    }
}

/// Joins rows by id. One that a further call does not show was deleted in between: the list of deleted records
/// tells of it. One that changed in between keeps its older stamp, so that the next round reads it again.
fn joined(rows: Vec<Row>, calls: usize, further: Vec<Row>) -> Vec<Row> {
    let mut by_id: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for row in further {
        if let Some(id) = row.id().map(str::to_owned) {
            by_id.entry(id).or_default().push(row);
        }
    }
    let mut joined = Vec::with_capacity(rows.len());
    for mut row in rows {
        let parts = row.id().and_then(|id| by_id.remove(id)).unwrap_or_default();
        if parts.len() < calls {
            continue;
        }
        for part in parts {
            merge(&mut row, part);
        }
        joined.push(row);
    }
    joined
}

/// Adds what a further call shows of the same record.
fn merge(row: &mut Row, part: Row) {
    for (name, value) in part.0 {
        row.0.entry(name).or_insert(value);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn row(value: Value) -> Row {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_row_that_vanished_between_two_calls_is_left_out_and_the_older_stamp_stays() {
        let rows = vec![
            row(json!({"id": "1", "Modified_Time": "a"})),
            row(json!({"id": "2", "Modified_Time": "a"})),
        ];
        let further = vec![row(json!({"id": "1", "Modified_Time": "b", "Extra": 1}))];
        let joined = joined(rows, 1, further);
        assert_eq!(
            joined,
            [row(json!({"id": "1", "Modified_Time": "a", "Extra": 1}))]
        );
    }
}
