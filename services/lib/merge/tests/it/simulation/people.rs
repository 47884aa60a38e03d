//! What people do to their records, and which values they entered.

use model::{Element, Fields, Path, Side, Value};

use super::{
    provider::PLACEHOLDER,
    world::{FIELDS, World},
};

impl World {
    pub(super) fn path(&self, side: Side, place: usize) -> Path {
        self.link.pairings[place].path(side).clone()
    }

    /// A value that was never there before; its first four characters tell it from all others.
    pub(super) fn fresh(&mut self) -> String {
        let token = format!("v{:03}", self.entered.len());
        self.entered.push(token.clone());
        format!("{token}-{}", self.clock)
    }

    pub(super) fn set(&mut self, side: Side, place: usize, to_something: bool) {
        if self.providers.get(side).record.is_none() {
            return;
        }
        let value = to_something.then(|| Value::Text(self.fresh()));
        let path = self.path(side, place);
        self.person(side, |fields| match value {
            Some(value) => drop(fields.insert(path, value)),
            None => drop(fields.remove(&path)),
        });
    }

    pub(super) fn change_elements(
        &mut self,
        side: Side,
        change: impl FnOnce(&mut Vec<Element>, String) -> bool,
    ) {
        if self.providers.get(side).record.is_none() {
            return;
        }
        let path = self.path(side, FIELDS);
        let value = self.fresh();
        let mut used = false;
        self.person(side, |fields| {
            let mut elements = fields
                .get(&path)
                .map_or(&[][..], Value::as_elements)
                .to_vec();
            used = change(&mut elements, value);
            match Value::elements(elements) {
                Some(value) => fields.insert(path, value),
                None => fields.remove(&path),
            };
        });
        if !used {
            self.entered.pop();
        }
    }

    /// Somebody edits a record; what they overwrite is theirs to lose.
    pub(super) fn person(&mut self, side: Side, change: impl FnOnce(&mut Fields)) {
        let before = self.tokens(side);
        let (now, newest) = (self.clock, self.entered.last().cloned());
        self.providers.get_mut(side).edit(now, change);
        let after = self.tokens(side);
        let gone = before
            .into_iter()
            .chain(newest)
            .filter(|token| !after.contains(token));
        self.replaced.extend(gone);
    }

    pub(super) fn hide(&mut self, side: Side, place: usize, hidden: bool) {
        let field = model::table("contact")
            .unwrap()
            .field(&self.path(side, place))
            .unwrap()
            .name;
        let provider = self.providers.get_mut(side);
        provider.hidden.retain(|name| *name != field);
        if hidden {
            provider.hidden.push(field);
        }
    }

    pub(super) fn tokens(&self, side: Side) -> Vec<String> {
        let held = self.providers.get(side).record.as_ref();
        held.map_or(Vec::new(), |held| {
            held.fields.values().flat_map(tokens_of).collect()
        })
    }
}

/// The first four characters of each text, by which a value is known however it was rewritten.
pub(super) fn tokens_of(value: &Value) -> impl Iterator<Item = String> {
    let texts: Vec<String> = match value {
        Value::Text(text) => vec![text.clone()],
        Value::Date(date) => vec![date.to_string()],
        Value::Elements(elements) => elements
            .iter()
            .flat_map(|element| element.parts.values().cloned())
            .collect(),
    };
    let tokens = texts.into_iter().filter(|text| text != PLACEHOLDER);
    tokens.map(|text| text.chars().take(4).collect::<String>().to_lowercase())
}
