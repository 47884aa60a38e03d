//! The database is set back to an older backup, and recovered.

use std::collections::BTreeSet;

use model::Side;
use reconciler::recover;
use sqlx::{Row as _, types::Json};

use crate::{
    coverage::Fault,
    provider::{Held, Kind},
    values::{LIST, WHO, shown, text_at, tokens},
    world::World,
};

impl World {
    /// The database goes back to its last backup; answers whether there is one.
    pub(crate) async fn go_back(&mut self) -> bool {
        if !self.store.has_backup() {
            return false;
        }
        self.hit(Fault::DatabaseSetBack);
        let known = self.told_by_history().await;
        self.set_clock().await;
        self.store.go_back().await;
        let done = recover::recover(&self.store.pool, &self.tide).await;
        self.complain(done.map(|_| ()));
        // What the bus carries speaks of a time that the database does not know.
        self.bus.lose_store();
        self.under_way.clear();
        let left = self.told_by_history().await;
        // The history of the lost time is lost.
        self.people
            .given_up
            .extend(known.difference(&left).cloned());
        self.estrange_what_was_made().await;
        self.define().await;
        true
    }

    /// Every value that the history tells of.
    pub(crate) async fn told_by_history(&self) -> BTreeSet<String> {
        let rows = sqlx::query("SELECT before FROM history WHERE before IS NOT NULL")
            .fetch_all(&self.store.pool)
            .await
            .expect("the history can be read");
        rows.iter()
            .filter_map(|row| row.get::<Option<Json<model::Value>>, _>("before"))
            .flat_map(|before| tokens(&before.0))
            .collect()
    }

    /// Records that our writers made in the lost time where no marker can be carried are found again by their key or
    /// their whole content. Where neither tells them any more, because the other side shows something else, nothing
    /// does; and a key that several records of a side share tells nothing without the name. Nor does anything tell
    /// of somebody without a key who has left a list view in the lost time that our record on the other side is theirs
    ///
    async fn estrange_what_was_made(&mut self) {
        for side in Side::ALL {
            if self.providers.get(side).kind == Kind::Group {
                continue;
            }
            let rows = sqlx::query("SELECT remote_id FROM record WHERE side = $1")
                .bind(if side == Side::Left { 1_i16 } else { 2_i16 })
                .fetch_all(&self.store.pool)
                .await
                .expect("the records can be read");
            let known: BTreeSet<String> = rows.iter().map(|row| row.get("remote_id")).collect();
            let other = self.providers.get(side.other());
            let own = || self.providers.get(side).live();
            let made = own().filter(|(id, held)| held.ours && !known.contains(*id));
            let mut estranged = Vec::new();
            for (_, held) in made {
                let key = |held: &Held| (text_at(&held.fields, WHO), shown(&held.fields, LIST));
                let name = |held: &Held| text_at(&held.fields, "name.family");
                let same = |other: &(&str, &Held)| key(other.1) == key(held);
                let alike: Vec<&Held> = other.live().filter(same).map(|(_, held)| held).collect();
                let is_shared = alike.len() > 1 || own().filter(same).count() > 1;
                let is_found = shown(&held.fields, LIST).is_some()
                    && alike
                        .iter()
                        .any(|other| !is_shared || name(other) == name(held));
                if !is_found {
                    estranged.push(held.fields.clone());
                }
            }
            let who = |held: &Held| text_at(&held.fields, WHO);
            let left_the_view = own().filter(|(id, held)| {
                let is_unknown = !held.ours && !known.contains(*id);
                is_unknown && !held.in_scope && shown(&held.fields, LIST).is_none()
            });
            for (_, held) in left_the_view {
                if other
                    .live()
                    .any(|(_, ours)| ours.ours && who(ours) == who(held))
                {
                    estranged.push(held.fields.clone());
                }
            }
            for fields in estranged {
                self.people.estranged(&fields);
            }
        }
    }
}
