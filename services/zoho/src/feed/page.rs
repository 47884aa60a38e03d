//! One page of one list of a round.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use model::Path;
use provider::{CollectionState, Extent, Fault, Page, Scope, Seen, SnapshotPart, What};

use super::{
    occurrences::noted,
    round::{Before, Chain, Cursor, List, Roll, Round, Slice},
    series::Book,
    view,
};
use crate::{
    client::{Client, Records},
    fault::Failure,
    reader::Reader,
    wire::{DeletedRow, Paging, Row, instant},
};

/// Pages of one feed.
pub(super) struct Pages<'a> {
    pub(super) client: &'a Client<'a>,
    pub(super) scope: &'a Scope,
    pub(super) reader: Reader,
    pub(super) module: &'static str,
    pub(super) fields: Vec<String>,
    pub(super) overlap: SignedDuration,
}

/// What a page brought, before it is known how the round goes on.
#[derive(Default)]
pub(super) struct Brought {
    pub(super) seen: Vec<Seen>,
    pub(super) readable: Vec<Path>,
    pub(super) snapshot: Option<SnapshotPart>,
}

impl<'a> Pages<'a> {
    pub(super) fn new(
        client: &'a Client<'a>,
        scope: &'a Scope,
        reader: Reader,
        overlap: SignedDuration,
    ) -> Self {
        Self {
            client,
            scope,
            module: reader.module(),
            fields: reader.fields_to_ask(scope),
            reader,
            overlap,
        }
    }

    pub(super) fn view(&self) -> Option<&'a str> {
        let collection: &'a str = &self.scope.collection;
        (!collection.is_empty()).then_some(collection)
    }

    /// Begins a round. The collection comes first.
    pub(super) async fn begin(&self, cursor: Option<&str>) -> Result<Page, Failure> {
        let from = cursor
            .map(|cursor| Cursor::read(cursor, Timestamp::now()))
            .transpose()?;
        let follows = self.reader.follows_series();
        if from
            .as_ref()
            .is_some_and(|from| from.series.is_some() != follows)
        {
            // Nobody told of the series until now, or nobody wants to know of them any more.
            return Err(Fault::CursorExpired.into());
        }
        let quick = from
            .as_ref()
            .is_some_and(|from| from.may_be_fresh(Timestamp::now()));
        self.start(from, quick).await
    }

    async fn start(&self, from: Option<Cursor>, quick: bool) -> Result<Page, Failure> {
        let mut round = Round {
            began: Timestamp::MIN,
            newest: from.as_ref().and_then(|from| from.newest),
            book: self.reader.follows_series().then(|| {
                let known = from.as_ref().and_then(|from| from.series.clone());
                Book::of(known.unwrap_or_default())
            }),
            from,
            quick,
            members: BTreeSet::new(),
            known: Roll::default(),
            roll: Roll::default(),
            list: List::Members(Chain::default()),
            repeats: 0,
            zone: self.reader.zone().map(str::to_owned),
        };
        let Some(id) = self.view().filter(|_| !quick) else {
            round.list = self.modified(&round);
            return self.go_on(round).await;
        };
        let (state, at) = view::state(self.client, self.module, id).await?;
        if state != CollectionState::Present {
            return Ok(ended(state, at));
        }
        round.began = at;
        self.go_on(round).await
    }

    /// Reads the next page.
    pub(super) async fn go_on(&self, round: Round) -> Result<Page, Failure> {
        let read = self.read(round.clone()).await;
        match read {
            Err(failure) if failure.breaks_chain() => self.read(round.take_up_again()?).await,
            read => read,
        }
    }

    async fn read(&self, round: Round) -> Result<Page, Failure> {
        match round.list.clone() {
            List::Members(chain) => self.read_members(round, chain).await,
            List::Modified(slice) => self.read_modified(round, slice).await,
            List::View(chain) => self.read_view(round, chain).await,
            List::Deleted { page } => self.read_deleted(round, page).await,
            List::Series { after } => self.read_series(round, after).await,
        }
    }

    async fn read_members(&self, mut round: Round, chain: Chain) -> Result<Page, Failure> {
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

    async fn read_modified(&self, mut round: Round, mut slice: Slice) -> Result<Page, Failure> {
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
        let members = asked.as_ref().unwrap_or(&listed);
        let inside = |id: &str| self.view().is_none() || members.contains(id);
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

    /// Goes on after a list that was read to its end: with the series that it showed parts of, if any.
    async fn leave(
        &self,
        round: Round,
        left: Before,
        mut brought: Brought,
        at: Timestamp,
    ) -> Result<Page, Failure> {
        if round.book.as_ref().is_some_and(Book::is_touched) {
            brought.snapshot = part(&round, left, false);
            return going_on(&round.with_list(List::Series { after: left }), brought, at);
        }
        brought.snapshot = part(&round, left, true);
        self.after(round, left, brought, at).await
    }

    /// Goes on after a list, and the series that it showed parts of.
    pub(super) async fn after(
        &self,
        round: Round,
        left: Before,
        brought: Brought,
        at: Timestamp,
    ) -> Result<Page, Failure> {
        match left {
            Before::Modified => self.after_modified(round, brought, at).await,
            Before::View => going_on(&round.with_list(List::Deleted { page: 1 }), brought, at),
            Before::Deleted => self.end(&round, brought, at).await,
        }
    }

    async fn after_modified(
        &self,
        mut round: Round,
        brought: Brought,
        at: Timestamp,
    ) -> Result<Page, Failure> {
        if round.is_snapshot() {
            return self.end(&round, brought, at).await;
        }
        let told = round.from.as_ref().and_then(|cursor| cursor.view);
        let list = if self.view().is_some() && !round.quick && told != Some(round.known) {
            round.forget_members();
            List::View(Chain::default())
        } else {
            List::Deleted { page: 1 }
        };
        if round.quick && self.nothing_deleted(&round).await? {
            // Nothing is missing, and of each record that was shown it was asked whether it is in the view.
            return self.restarting(&round, brought, at);
        }
        going_on(&round.with_list(list), brought, at)
    }

    async fn nothing_deleted(&self, round: &Round) -> Result<bool, Failure> {
        let deleted = self
            .client
            .deleted(self.module, round.since(self.overlap), 1)
            .await?
            .body;
        Ok(deleted.data.is_empty() && !deleted.info.more_records)
    }

    /// Which of these rows are in the view, where the round has not listed its members.
    async fn asked_of_view(
        &self,
        round: &Round,
        rows: &[Row],
    ) -> Result<Option<BTreeSet<String>>, Failure> {
        if !round.quick || self.view().is_none() {
            return Ok(None);
        }
        let ids: Vec<String> = rows.iter().filter_map(Row::id).map(str::to_owned).collect();
        view::members_among(self.client, self.module, self.scope, &ids)
            .await
            .map(Some)
    }

    fn note_members(&self, round: &mut Round, rows: &[Row]) {
        for row in rows {
            if let Some(id) = row.id() {
                round.note_member(id.to_owned(), row.created(), self.overlap);
            }
        }
    }

    /// The whole view, because its members have changed: who is not in it any more has left the scope.
    async fn read_view(&self, mut round: Round, chain: Chain) -> Result<Page, Failure> {
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
    async fn read_deleted(&self, mut round: Round, number: u32) -> Result<Page, Failure> {
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

    /// The round is read to its end. The collection is looked at once more, for what was read meanwhile counts
    /// only if it was there all the time.
    async fn end(&self, round: &Round, brought: Brought, at: Timestamp) -> Result<Page, Failure> {
        match self.lost().await? {
            Some(lost) => Ok(lost),
            None => self.restarting(round, brought, at),
        }
    }

    /// The end of the round, if the view cannot be read any more.
    async fn lost(&self) -> Result<Option<Page>, Failure> {
        let Some(id) = self.view() else {
            return Ok(None);
        };
        let (state, at) = view::state(self.client, self.module, id).await?;
        Ok((state != CollectionState::Present).then(|| ended(state, at)))
    }

    /// The end of a round, and where the next one begins. A quick round changes nothing for the next thorough one.
    fn restarting(&self, round: &Round, brought: Brought, at: Timestamp) -> Result<Page, Failure> {
        let newest = round.newest;
        let series = round.book.as_ref().map(|book| book.known.clone());
        let cursor = match &round.from {
            Some(from) if round.quick => Cursor {
                newest,
                series,
                view: from.view,
                since: from.since,
            },
            _ => Cursor {
                since: round.began,
                view: self.view().map(|_| round.roll),
                newest,
                series,
            },
        };
        let Brought {
            seen,
            readable,
            snapshot,
        } = brought;
        Ok(Page {
            seen,
            readable,
            snapshot,
            restart: Some(cursor.write()?),
            next: None,
            provider_time: at,
            collection: CollectionState::Present,
        })
    }

    fn modified(&self, round: &Round) -> List {
        List::Modified(Slice {
            since: round.modified_since(self.overlap),
            ..Slice::default()
        })
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

/// What a page of a list is part of, and whether it is complete with it.
pub(super) fn part(round: &Round, list: Before, end: bool) -> Option<SnapshotPart> {
    let extent = match list {
        Before::Modified if round.is_snapshot() => Extent::Account,
        Before::View => Extent::Scope,
        Before::Modified | Before::Deleted => return None,
    };
    Some(SnapshotPart { extent, end })
}

/// The token of the next page. More rows without one would make an unread rest look like an absence.
fn next_token(info: Paging) -> Result<Option<String>, Fault> {
    match info.next_page_token {
        None if info.more_records => Err(Fault::malformed("a list goes on without a page token")),
        token => Ok(token.filter(|_| info.more_records)),
    }
}

pub(super) fn going_on(round: &Round, brought: Brought, at: Timestamp) -> Result<Page, Failure> {
    let next =
        serde_json::to_value(round).map_err(|_| Fault::malformed("the round cannot be written"))?;
    let Brought {
        seen,
        readable,
        snapshot,
    } = brought;
    Ok(Page {
        seen,
        readable,
        snapshot,
        restart: None,
        next: Some(next),
        provider_time: at,
        collection: CollectionState::Present,
    })
}

/// The end of a round whose collection cannot be read any more.
pub(super) fn ended(collection: CollectionState, at: Timestamp) -> Page {
    Page {
        seen: Vec::new(),
        readable: Vec::new(),
        snapshot: None,
        restart: None,
        next: None,
        provider_time: at,
        collection,
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
