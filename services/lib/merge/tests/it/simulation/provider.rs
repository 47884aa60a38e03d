//! A provider of the simulation: one record, which people edit and which rewrites what is written to it.

use merge::{PlannedEdit, Readable, Sight};
use model::{Comparison, Element, Fields, Pairing, Side, Value};

use crate::{dsl::readable_but, link::patched};

/// What the right provider makes of an empty family name: a placeholder, as a CRM that wants a surname does.
pub(crate) const PLACEHOLDER: &str = "acme";

/// A record as its provider holds it.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) fields: Fields,
    pub(crate) version: u64,
    pub(crate) edited_at: Option<i64>,
    pub(crate) in_scope: bool,
}

/// One side of the simulation.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) side: Side,
    pub(crate) record: Option<Held>,
    pub(crate) hidden: Vec<&'static str>,
    pub(crate) reachable: bool,
    /// How many addresses it holds; it quietly drops what is too much.
    pub(crate) limit: usize,
    versions: u64,
}

impl Provider {
    pub(crate) fn new(side: Side, limit: usize) -> Self {
        Self {
            side,
            record: None,
            hidden: Vec::new(),
            reachable: true,
            limit,
            versions: 0,
        }
    }

    /// What the record shows now.
    pub(crate) fn sight(&self) -> Option<(Sight, u64)> {
        let held = self.record.as_ref()?;
        let mut fields = held.fields.clone();
        fields.retain(|path, _| !self.hidden.contains(&path.field()));
        let readable = if self.hidden.is_empty() {
            Readable::All
        } else {
            Readable::Only(readable_but(&self.hidden))
        };
        let sight = Sight {
            fields,
            readable,
            edited_at_micros: held.edited_at,
            in_scope: held.in_scope,
            joinable: true,
        };
        Some((sight, held.version))
    }

    /// Somebody edits the record.
    pub(crate) fn edit(&mut self, now: i64, change: impl FnOnce(&mut Fields)) {
        self.versions += 1;
        let (version, limit, side) = (self.versions, self.limit, self.side);
        if let Some(held) = &mut self.record {
            change(&mut held.fields);
            rewrite(side, limit, &mut held.fields);
            held.version = version;
            held.edited_at = Some(now);
        }
    }

    /// A write of ours: edits of the record, or of an empty one.
    pub(crate) fn write(&mut self, pairings: &[Pairing], edits: &[PlannedEdit], adopt: bool) {
        self.versions += 1;
        let before = self.record.take();
        let in_scope = before.as_ref().is_none_or(|held| held.in_scope);
        let fields = before.map(|held| held.fields).unwrap_or_default();
        let mut fields = patched(pairings, self.side, &fields, edits);
        rewrite(self.side, self.limit, &mut fields);
        self.record = Some(Held {
            fields,
            version: self.versions,
            edited_at: None,
            in_scope: in_scope || adopt,
        });
    }

    /// The record moves into the collection or out of it.
    pub(crate) fn move_to(&mut self, inside: bool) {
        self.versions += 1;
        if let Some(held) = &mut self.record {
            held.version = self.versions;
            held.in_scope = inside;
        }
    }

    pub(crate) fn version(&self) -> Option<u64> {
        self.record.as_ref().map(|held| held.version)
    }
}

/// What a provider makes of what it is given: the right one cuts notes to four characters, writes e-mail
/// addresses in capitals and fills in a family name; both hold a limited number of addresses.
pub(crate) fn rewrite(side: Side, limit: usize, fields: &mut Fields) {
    if let Some(Value::Elements(elements)) = fields
        .values_mut()
        .find(|value| !value.as_elements().is_empty())
    {
        elements.truncate(limit);
        if side == Side::Right {
            elements.iter_mut().for_each(shout);
        }
    }
    if side == Side::Right {
        let note = model::Path::parse("custom[Note]").unwrap();
        if let Some(Value::Text(text)) = fields.get_mut(&note) {
            text.truncate(4);
        }
        let family = model::Path::parse("name.family").unwrap();
        fields
            .entry(family)
            .or_insert_with(|| Value::Text(PLACEHOLDER.to_owned()));
    }
}

fn shout(element: &mut Element) {
    for text in element.parts.values_mut() {
        *text = text.to_uppercase();
    }
}

/// Whether what the sides show on a pairing is the same, but for what the right provider rewrites.
pub(crate) fn equal(
    pairing: &Pairing,
    limit: usize,
    left: Option<&Value>,
    right: Option<&Value>,
) -> bool {
    let mut fields = Fields::new();
    fields.extend(left.map(|value| (pairing.right.clone(), value.clone())));
    rewrite(Side::Right, limit, &mut fields);
    let comparison: Comparison = pairing.comparison();
    comparison.same(left, right) || comparison.same(fields.get(&pairing.right), right)
}
