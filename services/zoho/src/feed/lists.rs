//! The lists of a round, each a page at a time.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use provider::{Fault, Page, Seen, What};

use super::{
    occurrences::noted,
    page::{Brought, Pages, going_on, part},
    round::{Before, Chain, List, Round, Slice},
    view,
};
use crate::{
    client::Records,
    fault::Failure,
    wire::{DeletedRow, Paging, Row, instant},
};

impl<'a> Pages<'a> {
    /// The ids in the list view.
    pub(super) async fn read_members(
        &self,
        mut round: Round,
        chain: Chain,
    ) -> Result<Page, Failure> {
        let list = Records {
            fields: "Created_Time,Modified_Time",
            ..self.of_view(&chain)
        };
        let page = self.client.records(self.module, &list).await?;
        self.note_members(&mut round, &page.body.data);
        let list = match next_token(page.body.info)? {
            Some(token) => List::Members(Chain { token: Some(token) }),
            None => self.modified(&round),
        };
        going_on(&round.with_list(list), Brought::default(), page.at)
    }

    /// What was modified, or everything.
    pub(super) async fn read_modified(
        &self,
        mut round: Round,
        mut slice: Slice,
    ) -> Result<Page, Failure> {
        let list = Records {
            sort: Some(("Modified_Time", "asc")),
            page_token: slice.token.as_deref(),
            modified_since: slice.since,
            ..Records::default()
        };
        let page = self
            .client
            .page_of(self.module, &self.fields, &list)
            .await?;
        if round.quick
            && round
                .from
                .as_ref()
                .is_some_and(|from| !from.is_fresh(page.at))
        {
            // Our clock is not the provider's.
            return Box::pin(self.start(round.from, false)).await;
        }
        if round.began == Timestamp::MIN {
            round.began = page.at;
        }
        slice.newest = page
            .body
            .data
            .iter()
            .filter_map(Row::modified)
            .max()
            .max(slice.newest);
        round.newest = slice.newest.max(round.newest);
        let asked = self.asked_of_view(&round, &page.body.data).await?;
        let listed = std::mem::take(&mut round.members);
        let inside = |id: &str| self.view().is_none() || listed.contains(id) || asked.contains(id);
        let mut brought = self.brought(&mut round, &page.body.data, inside);
        round.members = listed;
        let token = next_token(page.body.info)?;
        if token.is_some() {
            brought.snapshot = part(&round, Before::Modified, false);
            return going_on(
                &round.with_list(List::Modified(Slice { token, ..slice })),
                brought,
                page.at,
            );
        }
        self.leave(round, Before::Modified, brought, page.at).await
    }

    /// Which of these rows are in the view, where the round has not listed its members, or had before they were made.
    async fn asked_of_view(
        &self,
        round: &Round,
        rows: &[Row],
    ) -> Result<BTreeSet<String>, Failure> {
        if self.view().is_none() {
            return Ok(BTreeSet::new());
        }
        let unlisted = rows.iter().filter(|row| round.is_made_since(row.created()));
        let ids: Vec<String> = unlisted
            .filter_map(Row::id)
            .filter(|id| !round.members.contains(*id))
            .map(str::to_owned)
            .collect();
        view::members_among(self.client, self.module, self.scope, &ids).await
    }

    fn note_members(&self, round: &mut Round, rows: &[Row]) {
        for row in rows {
            if let Some(id) = row.id() {
                round.note_member(id.to_owned(), row.created(), self.overlap);
            }
        }
    }

    /// The whole view, because its members have changed: who is not in it any more has left the scope.
    pub(super) async fn read_view(&self, mut round: Round, chain: Chain) -> Result<Page, Failure> {
        let page = self
            .client
            .page_of(self.module, &self.fields, &self.of_view(&chain))
            .await?;
        self.note_members(&mut round, &page.body.data);
        let mut brought = self.brought(&mut round, &page.body.data, |_| true);
        let token = next_token(page.body.info)?;
        if token.is_none() {
            return self.leave(round, Before::View, brought, page.at).await;
        }
        brought.snapshot = part(&round, Before::View, false);
        going_on(
            &round.with_list(List::View(Chain { token })),
            brought,
            page.at,
        )
    }

    /// A record that is live again wins over its tombstone: each is read by id before it is believed.
    pub(super) async fn read_deleted(
        &self,
        mut round: Round,
        number: u32,
    ) -> Result<Page, Failure> {
        let page = self
            .client
            .deleted(self.module, round.since(self.overlap), number)
            .await?;
        if round.quick
            && let Some(lost) = self.lost().await?
        {
            return Ok(lost);
        }
        let tombstones: BTreeMap<String, DeletedRow> = page
            .body
            .data
            .into_iter()
            .map(|deleted| (deleted.id.clone(), deleted))
            .collect();
        let ids: Vec<String> = tombstones.keys().cloned().collect();
        let live = self.alive(&ids).await?;
        let members: Vec<String> = live.keys().cloned().collect();
        let members = view::members_among(self.client, self.module, self.scope, &members).await?;
        let rows: Vec<Row> = live.into_values().collect();
        let mut brought = self.brought(&mut round, &rows, |id| members.contains(id));
        let alive: BTreeSet<String> = rows.iter().filter_map(Row::id).map(str::to_owned).collect();
        let gone = tombstones
            .into_values()
            .filter(|deleted| !alive.contains(&deleted.id));
        for deleted in gone {
            let book = round.book.as_mut();
            // What is left of its series tells that it is gone.
            if !book.is_some_and(|book| book.bury(&deleted.id)) {
                brought.seen.push(tombstone(deleted));
            }
        }
        if page.body.info.more_records {
            return going_on(
                &round.with_list(List::Deleted { page: number + 1 }),
                brought,
                page.at,
            );
        }
        self.leave(round, Before::Deleted, brought, page.at).await
    }

    /// Those of the deleted that are live again. A list may still show one from before its deletion, so that each
    /// that it shows is read once more.
    async fn alive(&self, ids: &[String]) -> Result<BTreeMap<String, Row>, Failure> {
        let mut alive = BTreeMap::new();
        for id in self
            .client
            .rows_listed(self.module, &self.fields, ids)
            .await?
            .into_keys()
        {
            if let Some(row) = self.client.row(self.module, &self.fields, &id).await? {
                alive.insert(id, row);
            }
        }
        Ok(alive)
    }

    fn of_view<'c>(&self, chain: &'c Chain) -> Records<'c>
    where
        'a: 'c,
    {
        Records {
            view: self.view(),
            page_token: chain.token.as_deref(),
            ..Records::default()
        }
    }

    /// What rows show. Occurrences are noted, and their series read when the list has come to its end.
    fn brought(&self, round: &mut Round, rows: &[Row], inside: impl Fn(&str) -> bool) -> Brought {
        let mut seen: Vec<Seen> = Vec::new();
        for row in rows {
            let one = match self.reader.series_of(row) {
                Some(series) if noted(round, series, row) => None,
                Some(series) => Some(self.reader.aside(series, row, &inside)),
                None => self.reader.seen(row, &inside),
            };
            // Of the occurrences of one series that is set aside, one is enough, and rather one that is inside.
            let Some(one) = one else { continue };
            match seen.last_mut() {
                Some(last) if last.remote_id == one.remote_id => {
                    if matches!(last.what, What::Outside(_)) {
                        *last = one;
                    }
                }
                _ => seen.push(one),
            }
        }
        Brought {
            seen,
            readable: self.reader.readable(rows, self.scope),
            snapshot: None,
        }
    }
}

/// The token of the next page. More rows without one would make an unread rest look like an absence.
fn next_token(info: Paging) -> Result<Option<String>, Fault> {
    match info.next_page_token {
        None if info.more_records => Err(Fault::malformed("a list goes on without a page token")),
        token => Ok(token.filter(|_| info.more_records)),
    }
}

fn tombstone(deleted: DeletedRow) -> Seen {
    Seen {
        remote_id: deleted.id,
        former_ids: Vec::new(),
        version: None,
        marker: None,
        what: What::Deleted {
            at: deleted.deleted_time.as_deref().and_then(instant),
        },
    }
}
