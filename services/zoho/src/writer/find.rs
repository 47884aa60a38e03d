//! The rows of records: one, or the occurrences of a series.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use model::Record;
use provider::Fault;

use super::Writer;
use crate::{client::Records, event::NotCarried, fault::Failure, reader::Reader, wire::Row};

/// Records by the ids that they were asked for by.
pub(super) type Found = BTreeMap<String, Vec<Row>>;

impl Writer<'_> {
    /// Records by id, and the provider's clock no later than they were read.
    ///
    /// No call asks for the occurrences of a series: the ids of all meetings are gone through, once a batch.
    pub(super) async fn find(&self, ids: &[String]) -> Result<(Found, Timestamp), Failure> {
        let (module, fields) = (self.module(), &self.fields);
        let (rows, at) = self.client.rows_by_id(module, fields, ids).await?;
        let mut found: Found = rows.into_iter().map(|(id, row)| (id, vec![row])).collect();
        let wanted: BTreeSet<&str> = ids
            .iter()
            .filter_map(|id| Reader::series_named(id))
            .collect();
        if wanted.is_empty() {
            return Ok((found, at));
        }
        let members = self.occurrences_of(&wanted).await?;
        let ids: Vec<String> = members.values().flatten().cloned().collect();
        let (mut rows, members_at) = self.client.rows_by_id(module, fields, &ids).await?;
        for (series, ids) in members {
            let rows: Vec<Row> = ids.iter().filter_map(|id| rows.remove(id)).collect();
            if !rows.is_empty() {
                found.insert(Reader::series_id(&series), rows);
            }
        }
        Ok((found, at.min(members_at)))
    }

    async fn occurrences_of(
        &self,
        wanted: &BTreeSet<&str>,
    ) -> Result<BTreeMap<String, Vec<String>>, Failure> {
        let mut members: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut token: Option<String> = None;
        loop {
            let list = Records {
                fields: "$recurrence_id,Modified_Time",
                page_token: token.as_deref(),
                ..Records::default()
            };
            let page = match self.client.records(self.module(), &list).await {
                Ok(page) => page.body,
                Err(failure) if failure.breaks_chain() => {
                    return Err(Fault::transient("the meetings cannot be paged through").into());
                }
                Err(failure) => return Err(failure),
            };
            for row in &page.data {
                if let (Some(series), Some(id)) = (self.reader.series_of(row), row.id())
                    && wanted.contains(series)
                {
                    let ids = members.entry(series.to_owned()).or_default();
                    ids.push(id.to_owned());
                }
            }
            token = page.info.next_page_token.filter(|_| page.info.more_records);
            if token.is_none() {
                return Ok(members);
            }
        }
    }

    /// The record that rows show which were found by this id. An occurrence is none by itself.
    pub(super) fn whole(&self, id: &str, rows: &[Row], at: Timestamp) -> Result<Record, Fault> {
        let settled = Reader::is_settled(rows, at, self.lag);
        let record = match rows {
            [row] if Reader::series_named(id).is_none() => self.reader.record(row),
            rows => self.reader.whole(rows, settled),
        };
        record.map_err(|reason| match reason {
            NotCarried::Unsettled => Fault::transient(reason.to_string()),
            reason => Fault::Refused {
                path: None,
                reason: reason.to_string(),
            },
        })
    }
}
