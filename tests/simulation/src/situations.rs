//! Which situations a world is in, told by the providers' own truth and by what is on its way.

use std::collections::BTreeMap;

use model::{Fields, Side};
use proto::write::{Write, write::Operation as What};

use crate::{
    coverage::{Fault, Situation},
    definition::MAPPED,
    provider::Held,
    values::{WHO, shown, text_at, tokens},
    world::World,
};

impl World {
    /// A fault happens now.
    pub(crate) fn hit(&mut self, fault: Fault) {
        if self.quiet {
            return;
        }
        let situations = self.situations();
        self.coverage.hit(fault, &situations);
    }

    /// A write goes out.
    pub(crate) fn under_way(&mut self, write: &Write) {
        let situation = match &write.operation {
            Some(What::Create(_)) => Situation::Creating,
            Some(What::Update(_)) => Situation::Updating,
            Some(What::Delete(_)) => Situation::Deleting,
            Some(What::Read(_)) | None => return,
        };
        self.under_way.insert(write.id.clone(), situation);
    }

    fn situations(&self) -> Vec<Situation> {
        let left = self.by_person(Side::Left);
        let right = self.by_person(Side::Right);
        let mut found = Vec::new();
        for (who, own) in &left {
            match right.get(who).map(|others| (own[0], others[0])) {
                Some((one, other)) => {
                    if one.in_scope != other.in_scope {
                        found.push(Situation::Outside);
                    }
                    self.compare(&one.fields, &other.fields, &mut found);
                }
                None => found.push(self.alone(who)),
            }
        }
        let alone = right.keys().filter(|who| !left.contains_key(*who));
        found.extend(alone.map(|who| self.alone(who)));
        if left.values().chain(right.values()).any(|own| own.len() > 1) {
            found.push(Situation::Twins);
        }
        found.extend(self.under_way.values());
        if Side::ALL
            .into_iter()
            .any(|side| self.connectors.reads_everything(side))
        {
            found.push(Situation::Snapshot);
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn by_person(&self, side: Side) -> BTreeMap<String, Vec<&Held>> {
        let mut people: BTreeMap<String, Vec<&Held>> = BTreeMap::new();
        for (_, held) in self.providers.get(side).live() {
            if let Some(who) = text_at(&held.fields, WHO) {
                people.entry(who).or_default().push(held);
            }
        }
        people
    }

    fn alone(&self, who: &str) -> Situation {
        if self.people.deleted.contains(who) {
            Situation::Deleted
        } else {
            Situation::Added
        }
    }

    fn compare(&self, left: &Fields, right: &Fields, found: &mut Vec<Situation>) {
        for name in MAPPED {
            let own = shown(left, name)
                .map(|value| tokens(&value))
                .unwrap_or_default();
            let other = shown(right, name)
                .map(|value| tokens(&value))
                .unwrap_or_default();
            if own == other {
                continue;
            }
            found.push(Situation::Edited);
            let typed = |tokens: &[String], side: Side| {
                tokens
                    .iter()
                    .any(|token| self.people.typed_on.get(token) == Some(&side))
            };
            if typed(&own, Side::Left) && typed(&other, Side::Right) {
                found.push(Situation::Conflict);
            }
        }
    }
}
