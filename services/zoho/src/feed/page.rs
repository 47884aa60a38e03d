//! Which page of which list comes next in a round, from its beginning to its end.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use model::Path;
use provider::{CollectionState, Extent, Fault, Page, Scope, Seen, SnapshotPart};

use super::{
    cursor::{Cursor, Roll},
    round::{Before, Chain, List, Round, Slice},
    series::Book,
    view,
};
use crate::{client::Client, fault::Failure, reader::Reader};

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

    pub(super) async fn start(&self, from: Option<Cursor>, quick: bool) -> Result<Page, Failure> {
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

    /// Goes on after a list that was read to its end: with the series that it showed parts of, if any.
    pub(super) async fn leave(
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

    /// The round is read to its end. The collection is looked at once more, for what was read meanwhile counts
    /// only if it was there all the time.
    async fn end(&self, round: &Round, brought: Brought, at: Timestamp) -> Result<Page, Failure> {
        match self.lost().await? {
            Some(lost) => Ok(lost),
            None => self.restarting(round, brought, at),
        }
    }

    /// The end of the round, if the view cannot be read any more.
    pub(super) async fn lost(&self) -> Result<Option<Page>, Failure> {
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

    pub(super) fn modified(&self, round: &Round) -> List {
        List::Modified(Slice {
            since: round.modified_since(self.overlap),
            ..Slice::default()
        })
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
