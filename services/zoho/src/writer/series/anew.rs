//! A new meeting in the old one's place, where Zoho CRM sets what was asked for only when a meeting is made.
//!
//! The new one is made first, so that at no time there is none; what a lost answer left is found by what it holds.
//! Then what is different about occurrences is written, and at last the old one deleted. Each step is found done when
//! the write comes again.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use model::Record;
use provider::{Answer, Applied, Fault, Live, RefusedPath};
use serde_json::{Map, Value as Json};

use super::{Attempt, Changing};
use crate::{
    auth::account::current_user,
    client::BATCH,
    event::{self, plan},
    map::Changes,
    reader::{Reader, Whole},
    wire::Row,
    writer::{
        Writer,
        live::ids as ids_of,
        look_up::{PAGES, WINDOW},
        rights::keep_writable,
        update::later,
        verdict::{Ruling, rule},
    },
};

impl Writer<'_> {
    /// Makes the record anew as it is to be, and deletes the old one without a mail.
    pub(super) async fn make_anew(
        &self,
        changing: &Changing<'_>,
        after: &Record,
        refused: Vec<RefusedPath>,
    ) -> Result<Answer, Fault> {
        let old = &changing.update.remote_id;
        let plain = plan::without_changes(after);
        let mut changes = event::anew(&plain, &changing.rows[0], self.terms(changing.contacts));
        let writable = self.writable().await?;
        keep_writable(&mut changes, writable.as_deref(), self.kind.required());
        if changes.fields.is_empty() {
            return Ok(changes.refusal());
        }
        let live = match self.replacement(changing, &changes, &plain).await? {
            Some(found) => self.live(&found.id, &found.rows, changing.at, true)?,
            // It may be there, and no list shows it yet.
            None if !self.withdraw(old).await? => return Ok(held_back()),
            None => match self.insert_anew(changing, &mut changes, &plain).await? {
                Ok(live) => live,
                Err(answer) => return Ok(answer),
            },
        };
        self.note_made(old, &live, false);
        let wanted = event::changed_occurrences(after);
        let live = if wanted.is_empty() {
            live
        } else {
            match self.with_changes(&live, after).await? {
                Some(live) => live,
                None => return Ok(held_back()),
            }
        };
        self.note_made(old, &live, false);
        if self.moved_on(changing).await? {
            return self.give_up(changing).await;
        }
        self.note_made(old, &live, true);
        self.delete_old(changing).await?;
        self.attempts.forget(self.account_id, old);
        let live = Box::new(Live {
            in_scope: changing.in_scope,
            ..*live
        });
        let mut all = refused;
        all.append(&mut changes.refused);
        Ok(Answer::Applied(Applied {
            remote_id: live.remote_id.clone(),
            version: Some(live.version.clone()),
            answer: Some(live),
            refused: all,
        }))
    }

    /// What an earlier attempt made: young, and of the same values.
    async fn replacement(
        &self,
        changing: &Changing<'_>,
        changes: &Changes,
        plain: &Record,
    ) -> Result<Option<Whole>, Fault> {
        let old = changing.rows.first();
        let made = event::made(&changes.as_row(), old, plain, self.reader.clock());
        let made = made.map_err(|reason| Fault::malformed(reason.to_string()))?;
        let (rows, _) = self.newest(WINDOW, PAGES).await?;
        let young = |row: &Row| {
            let created = row.created();
            created.is_some_and(|created| changing.at.duration_since(created) < WINDOW)
        };
        let update = changing.update;
        let owner = |row: &Row| row.0.get("Owner")?.get("id").cloned();
        let of_another = |whole: &Whole| {
            let made_for = self.made.get(self.account_id, &whole.id);
            made_for.is_some_and(|old| old.as_deref() != Some(&update.remote_id))
                || whole.rows.first().and_then(owner) != old.and_then(owner)
        };
        let found = self.reader.fold(&rows).into_iter().find(|whole| {
            whole.id != update.remote_id
                && whole.rows.iter().all(young)
                && event::is_made_like(&whole.record, &made)
                && !of_another(whole)
        });
        let Some(id) = found.as_ref().and_then(|whole| whole.rows.first()?.id()) else {
            return Ok(None);
        };
        // Lists still show one for a while that was withdrawn.
        let is_there = self.client.row(self.module(), &self.fields, id).await?;
        Ok(found.filter(|_| is_there.is_some()))
    }

    /// Remembers what stands in the old one's place, as we wrote it.
    fn note_made(&self, old: &str, live: &Live, deletes: bool) {
        let made_for = Some(old.to_owned());
        self.made
            .remember(self.account_id, &live.remote_id, made_for);
        let before = self.attempts.get(self.account_id, old);
        let attempt = Attempt {
            made: Some((live.remote_id.clone(), self.now())),
            deletes: deletes || before.is_some_and(|before| before.deletes),
        };
        self.attempts.remember(self.account_id, old, attempt);
    }

    /// Deletes what an earlier attempt made in a record's place, unless somebody has taken it up since. False if it may
    /// be there, and lists do not show it whole yet.
    async fn withdraw(&self, old: &str) -> Result<bool, Fault> {
        let Some(attempt) = self.attempts.get(self.account_id, old) else {
            return Ok(true);
        };
        let Some((id, written)) = attempt.made else {
            return Ok(false);
        };
        let (mut found, at) = self.find(std::slice::from_ref(&id)).await?;
        let Some(rows) = found.remove(&id) else {
            return Ok(false);
        };
        let is_ours = rows.iter().all(|row| row.modified() <= Some(written));
        match self.whole(&id, &rows, at) {
            Err(Fault::Transient { .. }) => return Ok(false),
            Ok(_) if is_ours && self.would_mail(&rows).is_none() => self.delete_rows(&rows).await?,
            _ => {}
        }
        self.attempts.forget(self.account_id, old);
        Ok(true)
    }

    /// Whether a record that moved on can be planned again: nothing stands in its place beside it.
    pub(in crate::writer) async fn may_be_left(&self, id: &str) -> Result<bool, Fault> {
        let attempt = self.attempts.get(self.account_id, id);
        match attempt.and_then(|attempt| attempt.made) {
            Some(_) => self.withdraw(id).await,
            None => Ok(true),
        }
    }

    /// Whether somebody edited the old one, or cancelled some of it, since it was read. Lists may show the past, so that
    /// each row is read by itself as far as there are not too many.
    async fn moved_on(&self, changing: &Changing<'_>) -> Result<bool, Fault> {
        let ids = ids_of(&changing.rows);
        let (module, fields) = (self.module(), &self.fields);
        let mut now = BTreeMap::new();
        if ids.len() > BATCH {
            now = self.client.rows_by_id(module, fields, &ids).await?.0;
        } else {
            for id in &ids {
                let row = self.client.row(module, fields, id).await?;
                now.extend(row.map(|row| (id.clone(), row)));
            }
        }
        let attempt = self
            .attempts
            .get(self.account_id, &changing.update.remote_id);
        // Of what an earlier attempt began to delete some may be gone, and what is gone as a whole needs no more.
        let may_miss = now.is_empty() || attempt.is_some_and(|attempt| attempt.deletes);
        let moved = |row: &Row| match row.id().and_then(|id| now.get(id)) {
            Some(now) => now.modified() != row.modified(),
            None => !may_miss,
        };
        Ok(changing.rows.iter().any(moved))
    }

    /// The old one has an edit that the new one lacks: the new one goes, and the next plan is made from the edit.
    async fn give_up(&self, changing: &Changing<'_>) -> Result<Answer, Fault> {
        let old = &changing.update.remote_id;
        if !self.withdraw(old).await? {
            return Ok(held_back());
        }
        let (found, at) = self.find(std::slice::from_ref(old)).await?;
        let live = found.get(old).and_then(|rows| {
            let live = self.live(old, rows, at, changing.in_scope);
            live.ok()
        });
        Ok(Answer::Stale { live })
    }

    async fn insert_anew(
        &self,
        changing: &Changing<'_>,
        changes: &mut Changes,
        plain: &Record,
    ) -> Result<Result<Box<Live>, Answer>, Fault> {
        let mut row = changes.fields.clone();
        row.extend(self.carried(changing).await?);
        let old = &changing.update.remote_id;
        self.attempts
            .remember(self.account_id, old, Attempt::default());
        let sent = self.client.insert(self.module(), &self.body(&[row])).await;
        let verdicts = match sent {
            Ok(answer) => answer.body.data,
            Err(failure) => {
                if !matches!(
                    failure.fault,
                    Fault::LostAnswer { .. } | Fault::Malformed { .. }
                ) {
                    self.attempts.forget(self.account_id, old);
                }
                return Err(failure.fault);
            }
        };
        let verdict = verdicts.first().cloned().unwrap_or_default();
        match rule(&verdict, changes, self.kind.required()) {
            Ruling::Done {
                id: Some(id),
                version: Some(version),
            } => {
                let source = (plain, changing.rows.first());
                let live = self.as_sent(id, version, changes, source).await?;
                Ok(Ok(live))
            }
            Ruling::Done { .. } => Err(Fault::malformed("a created record without id and time")),
            // Of a record that stands for another all is made or nothing.
            Ruling::Again => {
                self.attempts.forget(self.account_id, old);
                if changes.refused.is_empty() {
                    return Err(Fault::transient("a guest is no contact any more"));
                }
                Ok(Err(changes.refusal()))
            }
            Ruling::Answer(answer) => {
                self.attempts.forget(self.account_id, old);
                Ok(Err(answer))
            }
        }
    }

    /// What else the old meeting has: its links, its tags, and the fields that this sync does not write.
    async fn carried(&self, changing: &Changing<'_>) -> Result<Map<String, Json>, Fault> {
        let id = changing.rows[0].id().unwrap_or_default();
        let Some(row) = self.client.whole_record(self.module(), id).await?.body else {
            return Ok(Map::new());
        };
        let writable = self.writable().await?;
        let asked: BTreeSet<&str> = self
            .fields
            .iter()
            .flat_map(|names| names.split(','))
            .collect();
        let written = |name: &str| {
            asked.contains(name) && writable.as_ref().is_none_or(|names| names.contains(name))
        };
        let profile = current_user(self.client).await?.profile;
        let profile = profile.as_ref().map(|profile| profile.id.as_str());
        let fields = self.client.fields(self.module()).await?.fields;
        Ok(event::carried(&row, &fields, profile, written))
    }

    /// Writes what is different about occurrences of the new series; none if lists do not show it whole yet.
    async fn with_changes(&self, live: &Live, after: &Record) -> Result<Option<Box<Live>>, Fault> {
        let id = live.remote_id.clone();
        let (mut found, at) = self.find(std::slice::from_ref(&id)).await?;
        let Some(rows) = found.remove(&id) else {
            return Ok(None);
        };
        let settled = Reader::is_settled(&rows, at, self.lag);
        let Ok(series) = self.reader.series(&rows, settled) else {
            return Ok(None);
        };
        let shown = |label: &str| {
            let mut originals = series.originals.iter();
            originals.any(|original| original.to_string() == label)
        };
        let wanted = event::changed_occurrences(after);
        if !wanted.iter().all(|element| shown(&element.label)) {
            return Ok(None);
        }
        let plan = plan::in_place(&series, after, &[]);
        let mut rows_now = rows;
        // Nobody but us knows this series yet.
        let at = at + SignedDuration::from_secs(60);
        let mut refused = Vec::new();
        let terms = self.terms(&event::NOBODY);
        self.write_rows(&mut rows_now, &plan, (at, terms), &mut refused)
            .await
            .map_err(|(fault, _)| Fault::transient(fault.to_string()))?;
        self.live(&id, &rows_now, jiff::Timestamp::MAX, true)
            .map(Some)
    }

    /// Deletes the old rows. That they are gone is what counts, whoever answered.
    async fn delete_old(&self, changing: &Changing<'_>) -> Result<(), Fault> {
        let Err(fault) = self.delete_rows(&changing.rows).await else {
            return Ok(());
        };
        let old = &changing.update.remote_id;
        match self.find(std::slice::from_ref(old)).await {
            Ok((found, _)) if !found.contains_key(old) => Ok(()),
            // The new one is found when the write comes again.
            _ => Err(Fault::transient(format!(
                "the old series cannot be deleted for now: {fault}"
            ))),
        }
    }
}

fn held_back() -> Answer {
    later("the new series is not shown yet")
}
