//! The language of the tables of cases.
//!
//! A case is a line with its name, at the margin, and indented lines. `#` begins a comment. What is known:
//!
//! ```text
//! policy  left-to-right, conflict newest, tie right, deletion ignore, drift overwrite, outside skip,
//!         against-edit deletion-wins
//! map     title; note left-to-right; emails right<=2; name.given = nickname
//! base    title = Boss; note = on the left | on the right; emails = [work a@x, -] | [work a@x, home b@x]
//! left    at 5, outside, fixed, hidden note, sees title; title = Chef; emails = [work a@x]
//! right   gone            (or: out of reach, never)
//! link    dormant, adopted, created left
//! ```
//!
//! Without `map`, every path that occurs is mapped to itself; without `base`, the sides never agreed; a base
//! of `nothing` is one without entries. `-` is an empty value, or the place of a missing element. An element
//! is its label (`-` for none) and its value, or its parts as in `home city=Wien & street=Ring 1`. A text is
//! quoted where its outer white space matters.
//!
//! What is expected, written by hand:
//!
//! ```text
//! write    right title: Boss -> Chef (edit)       with `from X` after the cause where the source shows X
//! create   right title = Chef; note = -
//! delete   right
//! adopt    right
//! agree    title = Chef | chef
//! conflict title kept left: Chef over CEO
//! lost     right title: Boss (edit)
//! drift    title
//! full     right emails
//! state    in sync, pending, excluded: …, set aside: …, closed: …, stop: …
//! ```

use std::collections::BTreeMap;

use merge::{
    Base, Disposition, Overfull, PairBase, Plan, PlannedEdit, Policy, Presence, Readable, Sight,
    Standing, Write,
};
use model::{Date, Direction, Element, Fields, Pairing, Path, PerSide, Side, Value};

use crate::link::Link;

/// A case: its name, the line where it begins, and its lines by their first word.
#[derive(Debug)]
pub(crate) struct Block<'a> {
    pub(crate) name: &'a str,
    pub(crate) line: usize,
    pub(crate) lines: Vec<(&'a str, &'a str)>,
}

/// Cuts a table into its cases.
pub(crate) fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let content = line.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        if line.starts_with(' ') {
            let (word, rest) = content.split_once(' ').unwrap_or((content, ""));
            let block = blocks
                .last_mut()
                .expect("an indented line before the first case");
            block.lines.push((word, rest.trim()));
        } else {
            blocks.push(Block {
                name: content,
                line: number + 1,
                lines: Vec::new(),
            });
        }
    }
    blocks
}

const GIVEN: [&str; 7] = ["policy", "map", "base", "left", "right", "link", "frozen"];

impl Block<'_> {
    fn given(&self, word: &str) -> Option<&str> {
        self.lines
            .iter()
            .find(|(key, _)| *key == word)
            .map(|(_, rest)| *rest)
    }

    /// The expected lines, in order.
    pub(crate) fn expected(&self) -> Vec<String> {
        let is_expected = |(key, _): &&(&str, &str)| !GIVEN.contains(key);
        let line =
            |(key, rest): &(&str, &str)| format!("{key} {}", squeeze(rest)).trim().to_owned();
        let mut lines: Vec<_> = self.lines.iter().filter(is_expected).map(line).collect();
        lines.sort();
        lines
    }

    /// The link that the case describes.
    pub(crate) fn link(&self) -> Link {
        let sides =
            PerSide::new("left", "right").map(|side| self.given(side).expect("a side is missing"));
        let policy = policy(self.given("policy").unwrap_or_default());
        let pairings = match self.given("map") {
            Some(map) => map.split(';').map(|line| pairing(line.trim())).collect(),
            None => self.default_pairings(),
        };
        let (mut standing, mut created_by_us) = (Standing::Active, None);
        for word in words(self.given("link").unwrap_or_default()) {
            match word {
                "dormant" => standing = Standing::Dormant,
                "adopted" => standing = Standing::Adopted,
                other => {
                    let side = other.strip_prefix("created ").expect(other);
                    created_by_us = Some(side.parse().unwrap());
                }
            }
        }
        let frozen = words(self.given("frozen").unwrap_or_default())
            .map(|name| {
                let path = Path::parse(name).unwrap();
                let found = pairings.iter().find(|pairing| pairing.left == path);
                found.expect("a frozen path of no pairing").key()
            })
            .collect();
        Link {
            base: self.given("base").map(|text| base(text, &pairings)),
            sides: sides.map(presence),
            pairings,
            policy,
            created_by_us,
            standing,
            frozen,
        }
    }

    /// Every path that occurs, mapped to itself.
    fn default_pairings(&self) -> Vec<Pairing> {
        let mut names: Vec<String> = ["base", "left", "right"]
            .iter()
            .filter_map(|word| self.given(word))
            .flat_map(|text| text.split(';'))
            .filter_map(|part| Some(part.split_once(" = ")?.0.trim().to_owned()))
            .collect();
        names.sort();
        names.dedup();
        names.iter().map(|name| pairing(name)).collect()
    }
}

fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
}

fn policy(text: &str) -> Policy {
    let mut policy = Policy::default();
    for word in words(text) {
        match word.split_once(' ') {
            None => policy.direction = word.parse().unwrap(),
            Some(("conflict", value)) => policy.conflict = value.parse().unwrap(),
            Some(("tie", value)) => policy.conflict_tie = value.parse().unwrap(),
            Some(("deletion", value)) => policy.deletion = value.parse().unwrap(),
            Some(("drift", value)) => policy.drift = value.parse().unwrap(),
            Some(("outside", value)) => policy.outside = value.parse().unwrap(),
            Some(("twins", value)) => policy.twins = value.parse().unwrap(),
            Some(("against-edit", value)) => policy.deletion_against_edit = value.parse().unwrap(),
            Some((other, _)) => panic!("no policy is called {other}"),
        }
    }
    policy
}

pub(crate) fn policy_of(block: &Block<'_>) -> Policy {
    policy(block.given("policy").unwrap_or_default())
}

/// `title`, `note left-to-right`, `emails right<=2`, `name.given = nickname right-to-left`.
fn pairing(text: &str) -> Pairing {
    let mut direction = Direction::Both;
    let mut limits = PerSide::new(None, None);
    let mut paths = Vec::new();
    for word in text.split_whitespace().filter(|word| *word != "=") {
        if let Some((side, limit)) = word.split_once("<=") {
            *limits.get_mut(side.parse().unwrap()) = Some(limit.parse().unwrap());
        } else if let Ok(known) = word.parse() {
            direction = known;
        } else {
            paths.push(Path::parse(word).unwrap());
        }
    }
    let left = paths.first().expect("a mapping without a path").clone();
    let right = paths.get(1).unwrap_or(&left).clone();
    Pairing {
        left_limit: limits.left,
        right_limit: limits.right,
        ..Pairing::new("contact", left, right, direction).unwrap()
    }
}

fn base(text: &str, pairings: &[Pairing]) -> Base {
    if text == "nothing" {
        return Base::new();
    }
    let mut base = Base::new();
    for part in text.split(';') {
        let (path, value) = part.split_once(" = ").expect("a base without a value");
        let (left, right) = value.split_once(" | ").unwrap_or((value, value));
        let path = Path::parse(path.trim()).unwrap();
        let of = |pairing: &&Pairing| pairing.left == path || pairing.right == path;
        let pairing = pairings.iter().find(of).expect("a base of no pairing");
        let pair = PairBase {
            left: value_of(&pairing.left, left),
            right: value_of(&pairing.right, right),
            rewritten: false,
        };
        base.insert(pairing.key(), pair);
    }
    base
}

fn presence(text: &str) -> Presence {
    match text {
        "gone" => return Presence::Gone,
        "out of reach" => return Presence::OutOfReach,
        "never" => return Presence::Never,
        _ => {}
    }
    let mut sight = Sight {
        fields: Fields::new(),
        readable: Readable::All,
        edited_at_micros: None,
        in_scope: true,
        joinable: true,
    };
    let mut hidden = Vec::new();
    for part in text
        .split(';')
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        if let Some((path, value)) = part.split_once(" = ") {
            let path = Path::parse(path.trim()).unwrap();
            if let Some(value) = value_of(&path, value) {
                sight.fields.insert(path, value);
            }
            continue;
        }
        for word in words(part) {
            match word.split_once(' ') {
                None if word == "outside" => sight.in_scope = false,
                None if word == "fixed" => sight.joinable = false,
                None if word == "empty" => {}
                Some(("at", time)) => sight.edited_at_micros = Some(time.parse().unwrap()),
                Some(("hidden", path)) => hidden.push(path),
                _ => panic!("a side is not called {word}"),
            }
        }
    }
    if !hidden.is_empty() {
        sight.readable = Readable::Only(readable_but(&hidden));
    }
    Presence::Live(sight)
}

/// Every field of a contact but those that are hidden.
pub(crate) fn readable_but(hidden: &[&str]) -> std::collections::BTreeSet<Path> {
    readable_of("contact", hidden)
}

/// Every field of a kind but these.
pub(crate) fn readable_of(kind: &str, hidden: &[&str]) -> std::collections::BTreeSet<Path> {
    let fields = model::table(kind)
        .unwrap()
        .fields
        .iter()
        .map(|field| field.name);
    fields
        .filter(|name| !hidden.contains(name))
        .map(|name| Path::parse(name).unwrap())
        .collect()
}

fn value_of(path: &Path, text: &str) -> Option<Value> {
    let text = text.trim();
    if text == "-" {
        return None;
    }
    if let Some(list) = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
    {
        return Some(Value::Elements(
            list.split(',').map(|text| element(text.trim())).collect(),
        ));
    }
    if path.field() == "birthday" {
        return Some(Value::Date(text.parse::<Date>().unwrap()));
    }
    let text = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text);
    Some(Value::Text(text.replace("\\r", "\r").replace("\\n", "\n")))
}

fn element(text: &str) -> Element {
    if text == "-" {
        return Element::default();
    }
    let (label, value) = text.split_once(' ').expect("an element without a value");
    let label = if label == "-" { "" } else { label };
    if !value.contains('=') {
        return Element::simple(label, value.trim());
    }
    let part = |part: &str| {
        let (name, text) = part.split_once('=').expect("a part without a value");
        (name.trim().to_owned(), text.trim().to_owned())
    };
    Element {
        label: label.to_owned(),
        parts: value.split('&').map(part).collect(),
    }
}

fn show_value(value: Option<&Value>) -> String {
    match value {
        None => "-".to_owned(),
        Some(Value::Text(text)) if text.trim() != text => format!("{text:?}"),
        Some(Value::Text(text)) => text.replace('\r', "\\r").replace('\n', "\\n"),
        Some(Value::Date(date)) => date.to_string(),
        Some(Value::Elements(elements)) => {
            let elements: Vec<_> = elements.iter().map(show_element).collect();
            format!("[{}]", elements.join(", "))
        }
    }
}

fn show_element(element: &Element) -> String {
    if element.is_empty() {
        return "-".to_owned();
    }
    let label = if element.label.is_empty() {
        "-"
    } else {
        &element.label
    };
    let value = if let Some(value) = element.part(model::SIMPLE_PART) {
        value.to_owned()
    } else {
        let parts = element
            .parts
            .iter()
            .map(|(name, text)| format!("{name}={text}"));
        parts.collect::<Vec<_>>().join(" & ")
    };
    format!("{label} {value}")
}

fn show<T: serde::Serialize>(word: &T) -> String {
    let json = serde_json::to_value(word).unwrap();
    json.as_str().unwrap().replace('-', " ")
}

/// A plan in the language of the expected lines.
pub(crate) fn show_plan(plan: &Plan, pairings: &[Pairing]) -> Vec<String> {
    let names: BTreeMap<_, _> = pairings
        .iter()
        .map(|pairing| (pairing.key(), &pairing.left))
        .collect();
    let mut lines = Vec::new();
    for side in Side::ALL {
        match plan.writes.get(side) {
            None => {}
            Some(Write::Delete) => lines.push(format!("delete {side}")),
            Some(Write::Create(edits)) => lines.push(show_create(side, edits)),
            Some(Write::Update { edits, adopt }) => {
                lines.extend(adopt.then(|| format!("adopt {side}")));
                lines.extend(edits.iter().map(|planned| show_edit(side, planned)));
            }
        }
    }
    for (key, base) in &plan.agreed {
        let (left, right) = (
            show_value(base.left.as_ref()),
            show_value(base.right.as_ref()),
        );
        let values = if left == right {
            left
        } else {
            format!("{left} | {right}")
        };
        lines.push(format!("agree {} = {values}", names[key]));
    }
    for conflict in &plan.conflicts {
        let (kept, lost) = (
            show_value(conflict.kept_value.as_ref()),
            show_value(conflict.lost.as_ref()),
        );
        lines.push(format!(
            "conflict {} kept {}: {kept} over {lost}",
            names[&conflict.pair], conflict.kept
        ));
    }
    for loss in &plan.losses {
        let before = show_value(Some(&loss.before));
        lines.push(format!(
            "lost {} {}: {before} ({})",
            loss.side,
            loss.path,
            show(&loss.cause)
        ));
    }
    lines.extend(
        plan.drifts
            .iter()
            .map(|key| format!("drift {}", names[key])),
    );
    for (word, keys) in [("stays", &plan.frozen), ("thaws", &plan.thawed)] {
        lines.extend(keys.iter().map(|key| format!("{word} {}", names[key])));
    }
    let full = |one: &Overfull| format!("full {} {}", one.side, names[&one.pair]);
    lines.extend(plan.overfull.iter().map(full));
    lines.push(format!("state {}", show_state(plan.disposition)));
    lines.sort();
    lines
}

fn show_edit(side: Side, planned: &PlannedEdit) -> String {
    let (before, after) = (
        show_value(planned.edit.before.as_ref()),
        show_value(planned.edit.after.as_ref()),
    );
    let from = if planned.source == planned.edit.after {
        String::new()
    } else {
        format!(" from {}", show_value(planned.source.as_ref()))
    };
    let path = &planned.edit.path;
    format!(
        "write {side} {path}: {before} -> {after} ({}){from}",
        show(&planned.cause)
    )
}

fn show_create(side: Side, edits: &[PlannedEdit]) -> String {
    let edit = |planned: &PlannedEdit| {
        assert_eq!(
            planned.source, planned.edit.after,
            "a create takes the source's values"
        );
        format!(
            "{} = {}",
            planned.edit.path,
            show_value(planned.edit.after.as_ref())
        )
    };
    let edits: Vec<_> = edits.iter().map(edit).collect();
    format!("create {side} {}", edits.join("; "))
}

fn show_state(disposition: Disposition) -> String {
    match disposition {
        Disposition::InSync => "in sync".to_owned(),
        Disposition::Pending => "pending".to_owned(),
        Disposition::Excluded(reason) => format!("excluded: {reason}"),
        Disposition::SetAside(reason) => format!("set aside: {reason}"),
        Disposition::Closed(reason) => format!("closed: {reason}"),
        Disposition::StopSync(reason) => format!("stop: {reason}"),
    }
}
