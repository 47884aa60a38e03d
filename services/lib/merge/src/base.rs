//! Bases: how both sides looked when they last agreed.

use std::collections::BTreeMap;

use model::{Comparison, Element, Fields, PairKey, Pairing, PerSide, Side, Value};
use serde::{Deserialize, Serialize};

use crate::{align, decide, fields, plan::PlannedEdit, policy::Policy, situation::Readable};

/// How both sides of one pairing looked when they last agreed.
///
/// On a multi-valued pairing both lists have the same length, and elements at the same place belong
/// together. An element without label and parts holds the place of one that its side does not have: a
/// provider that quietly drops a fourth address never looks like one that deleted it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairBase {
    /// What the left side showed; none if it was empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Value>,
    /// What the right side showed; none if it was empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub right: Option<Value>,
    /// Whether both differ because a provider rewrote what it was given and said so, or because our own
    /// rendering changed: a difference that is nobody's loss (R-35).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rewritten: bool,
}

/// The bases of a link. A pairing without an entry has no base: its next merge is a first contact (R-14).
pub type Base = BTreeMap<PairKey, PairBase>;

/// The record as the answer to a conditional write carried it (R-12).
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// What it shows on the pairings' paths ([`model::project`]).
    pub fields: &'a Fields,
    /// Which paths the answer could tell.
    pub readable: &'a Readable,
}

/// A pair of elements, of which one may be missing.
pub(crate) type ElementPair = PerSide<Option<Element>>;

impl PairBase {
    /// What a side showed.
    pub fn get(&self, side: Side) -> Option<&Value> {
        match side {
            Side::Left => self.left.as_ref(),
            Side::Right => self.right.as_ref(),
        }
    }

    pub(crate) fn of(values: PerSide<Option<Value>>) -> Self {
        Self {
            left: values.left,
            right: values.right,
            rewritten: false,
        }
    }

    /// The pairs of elements of a multi-valued pairing.
    pub(crate) fn pairs(&self) -> Vec<ElementPair> {
        let list = |value: &Option<Value>| {
            value
                .as_ref()
                .map_or(Vec::new(), |value| value.as_elements().to_vec())
        };
        let (left, right) = (list(&self.left), list(&self.right));
        let at = |list: &[Element], index: usize| {
            list.get(index)
                .filter(|element| !element.is_empty())
                .cloned()
        };
        (0..left.len().max(right.len()))
            .map(|index| PerSide::new(at(&left, index), at(&right, index)))
            .collect()
    }

    /// The base that these pairs of elements make. Pairs of nothing are dropped.
    pub(crate) fn of_pairs(pairs: impl IntoIterator<Item = ElementPair>) -> Self {
        let (left, right): (Vec<_>, Vec<_>) = pairs
            .into_iter()
            .filter(|pair| pair.left.is_some() || pair.right.is_some())
            .map(|pair| {
                (
                    pair.left.unwrap_or_default(),
                    pair.right.unwrap_or_default(),
                )
            })
            .unzip();
        let list =
            |elements: Vec<Element>| (!elements.is_empty()).then_some(Value::Elements(elements));
        Self {
            left: list(left),
            right: list(right),
            rewritten: false,
        }
    }

    /// Whether both sides differ under a pairing's comparison.
    pub fn differs(&self, pairing: &Pairing) -> bool {
        let comparison = pairing.comparison();
        if pairing.is_list() {
            self.pairs()
                .iter()
                .any(|pair| elements_differ(pair, comparison))
        } else {
            !comparison.same(self.left.as_ref(), self.right.as_ref())
        }
    }
}

fn elements_differ(pair: &ElementPair, comparison: Comparison) -> bool {
    match (&pair.left, &pair.right) {
        (Some(left), Some(right)) => !comparison.same_element(left, right),
        (left, right) => left.is_some() || right.is_some(),
    }
}

/// The pairings whose two bases differ although nothing recorded explains it: no provider's rewriting, and
/// no value on the target of a one-way flow that its source lacks (R-35). Forgetting their bases makes the
/// next plan a first contact.
pub fn unexplained(base: &Base, pairings: &[Pairing], policy: &Policy) -> Vec<PairKey> {
    let wrong = |pairing: &&Pairing| {
        let Some(flow) = fields::flow(policy, pairing) else {
            return false;
        };
        let Some(entry) = base.get(&pairing.key()).filter(|entry| !entry.rewritten) else {
            return false;
        };
        let source = decide::target(flow).map(Side::other);
        let comparison = pairing.comparison();
        if pairing.is_list() {
            entry.pairs().iter().any(|pair| {
                source.is_none_or(|source| pair.get(source).is_some())
                    && elements_differ(pair, comparison)
            })
        } else {
            source.is_none_or(|source| entry.get(source).is_some()) && entry.differs(pairing)
        }
    };
    pairings.iter().filter(wrong).map(Pairing::key).collect()
}

/// What a side showed on its paths when both last agreed: by this a labelled path finds its element again
/// ([`model::project`], R-15).
pub fn hints(base: &Base, pairings: &[Pairing], side: Side) -> Fields {
    let hint = |pairing: &Pairing| {
        let value = base.get(&pairing.key())?.get(side)?;
        Some((pairing.path(side).clone(), value.clone()))
    };
    pairings
        .iter()
        .filter(|pairing| !pairing.is_list())
        .filter_map(hint)
        .collect()
}

/// The bases once a write to `side` is applied: of each edit both sides move together (R-12), the source to
/// the value that the plan was made from, the target to what the write's own answer carried, or else to what
/// was written. Leave out edits whose path was refused.
///
/// `seen` is what the side showed on its paths when the plan was made; it tells the elements that were there
/// before from the written ones. A create makes another record: give it an empty `base` and nothing as `seen`,
/// whatever was there before, or what it leaves out would look cleared.
pub fn applied(
    base: &Base,
    pairings: &[Pairing],
    side: Side,
    edits: &[PlannedEdit],
    seen: &Fields,
    answer: Option<Answer<'_>>,
) -> Base {
    let mut moved = base.clone();
    for pairing in pairings {
        let key = pairing.key();
        let own: Vec<_> = edits.iter().filter(|planned| planned.pair == key).collect();
        let path = pairing.path(side);
        let told = answer
            .filter(|answer| answer.readable.covers(path))
            .map(|answer| answer.fields.get(path));
        if own.is_empty() {
            continue;
        }
        let entry = moved.entry(key).or_default();
        if pairing.is_list() {
            let answer = told.map(|value| value.map_or(&[][..], Value::as_elements));
            *entry = applied_elements(
                entry,
                side,
                &own,
                seen.get(path),
                answer,
                pairing.comparison(),
            );
        } else if let Some(planned) = own.last() {
            let mut values = PerSide::new(planned.source.clone(), planned.source.clone());
            *values.get_mut(side) =
                told.map_or_else(|| planned.edit.after.clone(), Option::<&Value>::cloned);
            let explained = told.is_some() || entry.rewritten;
            *entry = PairBase::of(values);
            entry.rewritten = explained && entry.differs(pairing);
        }
    }
    moved
}

fn applied_elements(
    base: &PairBase,
    side: Side,
    edits: &[&PlannedEdit],
    seen: Option<&Value>,
    answer: Option<&[Element]>,
    comparison: Comparison,
) -> PairBase {
    let first = |value: &Option<Value>| {
        value
            .as_ref()
            .and_then(|value| value.as_elements().first().cloned())
    };
    let mut pairs = base.pairs();
    for planned in edits {
        let replaced = planned
            .replaces
            .as_ref()
            .map(PairBase::pairs)
            .unwrap_or_default();
        if let Some(at) = pairs.iter().position(|pair| replaced.contains(pair)) {
            pairs.remove(at);
        }
    }
    // What the list should hold now: elements that no edit names, then the written ones.
    let removed: Vec<_> = edits
        .iter()
        .filter_map(|planned| first(&planned.edit.before))
        .collect();
    let mut bystanders: Vec<Element> =
        seen.map_or(Vec::new(), |value| value.as_elements().to_vec());
    for element in &removed {
        if let Some(at) = bystanders.iter().position(|other| other == element) {
            bystanders.remove(at);
        }
    }
    let written: Vec<_> = edits
        .iter()
        .map(|planned| first(&planned.edit.after))
        .collect();
    let renderings = match answer {
        None => written.clone(),
        Some(answer) => renderings(&bystanders, &written, answer, comparison),
    };
    let mut rewritten =
        base.rewritten && pairs.iter().any(|pair| elements_differ(pair, comparison));
    for (planned, rendering) in edits.iter().zip(renderings) {
        let mut pair = PerSide::new(first(&planned.source), first(&planned.source));
        *pair.get_mut(side) = rendering;
        rewritten |= answer.is_some() && elements_differ(&pair, comparison);
        pairs.push(pair);
    }
    PairBase {
        rewritten,
        ..PairBase::of_pairs(pairs)
    }
}

/// How the answer shows each written element; none where it does not.
fn renderings(
    bystanders: &[Element],
    written: &[Option<Element>],
    answer: &[Element],
    comparison: Comparison,
) -> Vec<Option<Element>> {
    let shown: Vec<&Element> = answer
        .iter()
        .filter(|element| !element.is_empty())
        .collect();
    // A reading may have shown what was written before the answer came: then it is no bystander of itself.
    let mut bystanders: Vec<&Element> = bystanders.iter().collect();
    for element in written.iter().flatten() {
        let same = |other: &&Element| comparison.same_identity(element, other);
        let expected = bystanders.iter().copied().chain(written.iter().flatten());
        if shown.iter().copied().filter(same).count() < expected.filter(same).count()
            && let Some(at) = bystanders.iter().position(same)
        {
            bystanders.remove(at);
        }
    }
    let written_ones = written.iter().flatten();
    let expected: Vec<&Element> = bystanders.iter().copied().chain(written_ones).collect();
    let pairs = align::with_earlier(&expected, &shown, comparison);
    let mut found = pairs[bystanders.len()..]
        .iter()
        .map(|at| at.map(|at| shown[at].clone()));
    written
        .iter()
        .map(|element| element.as_ref().and_then(|_| found.next().flatten()))
        .collect()
}

#[cfg(test)]
mod tests {
    use model::{Direction, Path, Record, project};

    use super::*;
    use crate::plan::Cause;

    fn pairing(path: &str) -> Pairing {
        let path = Path::parse(path).unwrap();
        Pairing::new("contact", path.clone(), path, Direction::Both).unwrap()
    }

    fn text(value: &str) -> Option<Value> {
        (!value.is_empty()).then(|| Value::Text(value.to_owned()))
    }

    fn pair(left: Option<Value>, right: Option<Value>) -> PairBase {
        PairBase::of(PerSide::new(left, right))
    }

    fn wrong(pairing: &Pairing, entry: PairBase, policy: &Policy) -> bool {
        let base = Base::from([(pairing.key(), entry)]);
        !unexplained(&base, std::slice::from_ref(pairing), policy).is_empty()
    }

    /// The base after "Chief Executive Officer" was written to the right and the answer showed something.
    fn after_answer(answer: Option<&str>) -> PairBase {
        let title = pairing("title");
        let planned = PlannedEdit {
            pair: title.key(),
            edit: model::Edit {
                path: title.right.clone(),
                before: None,
                after: text("Chief Executive Officer"),
            },
            source: text("Chief Executive Officer"),
            replaces: None,
            cause: Cause::Edit,
        };
        let mut record = Record::new("contact");
        if let Some(shown) = answer.and_then(text) {
            record.fields.insert(title.right.clone(), shown);
        }
        let fields = project(&record, std::slice::from_ref(&title.right), &Fields::new());
        let answer = answer.map(|_| Answer {
            fields: &fields,
            readable: &Readable::All,
        });
        let moved = applied(
            &Base::new(),
            std::slice::from_ref(&title),
            Side::Right,
            &[planned],
            &Fields::new(),
            answer,
        );
        moved[&title.key()].clone()
    }

    // proves: R-12, R-15
    #[test]
    fn what_a_reading_showed_before_the_answer_came_is_still_what_was_written() {
        let emails = pairing("emails");
        let one = |address: &str| {
            let parts = [("address".to_owned(), address.to_owned())].into();
            let label = "work".to_owned();
            Element { label, parts }
        };
        let (ana, bo) = (one("ana@x.example"), one("bo@x.example"));
        let added = Some(Value::Elements(vec![bo.clone()]));
        let planned = PlannedEdit {
            pair: emails.key(),
            edit: model::Edit {
                path: emails.right.clone(),
                before: None,
                after: added.clone(),
            },
            source: added,
            replaces: None,
            cause: Cause::Edit,
        };
        let before = PairBase::of_pairs([PerSide::new(Some(ana.clone()), Some(ana.clone()))]);
        let base = Base::from([(emails.key(), before)]);
        let both = Value::Elements(vec![ana, bo]);
        let fields = Fields::from([(emails.right.clone(), both.clone())]);
        let answer = Answer {
            fields: &fields,
            readable: &Readable::All,
        };
        let pairings = std::slice::from_ref(&emails);
        let moved = applied(
            &base,
            pairings,
            Side::Right,
            &[planned],
            &fields,
            Some(answer),
        );
        let entry = &moved[&emails.key()];
        assert_eq!(entry.right.as_ref(), Some(&both));
        assert!(!entry.rewritten);
    }

    // proves: R-35
    #[test]
    fn bases_that_differ_are_unexplained_unless_the_provider_said_that_it_rewrote() {
        let (title, policy) = (pairing("title"), Policy::default());
        assert!(wrong(&title, pair(text("CEO"), text("CTO")), &policy));
        assert!(wrong(&title, pair(text("CEO"), None), &policy));
        assert!(
            !wrong(&title, pair(text("CEO"), text("CEO ")), &policy),
            "the comparison counts"
        );
        let trimmed = after_answer(Some("Chief Exec"));
        assert!(trimmed.rewritten);
        assert!(!wrong(&title, trimmed, &policy));
        assert!(!after_answer(Some("Chief Executive Officer")).rewritten);
        assert!(!after_answer(None).rewritten);
    }

    // proves: R-35
    #[test]
    fn what_the_target_of_a_one_way_flow_has_of_its_own_is_explained() {
        let title = pairing("title");
        let policy = Policy {
            direction: Direction::LeftToRight,
            ..Policy::default()
        };
        assert!(!wrong(&title, pair(None, text("CTO")), &policy));
        assert!(wrong(&title, pair(text("CTO"), None), &policy));
        assert!(wrong(&title, pair(text("CEO"), text("CTO")), &policy));
    }

    // proves: R-35
    #[test]
    fn elements_are_compared_one_by_one() {
        let (emails, policy) = (pairing("emails"), Policy::default());
        let element = |address: &str| Element::simple("work", address);
        let list = |addresses: &[&str]| {
            let elements = addresses.iter().map(|address| element(address)).collect();
            Some(Value::Elements(elements))
        };
        assert!(!wrong(
            &emails,
            pair(list(&["a@x", "b@x"]), list(&["a@x", "B@x"])),
            &policy
        ));
        assert!(wrong(
            &emails,
            pair(list(&["a@x", "b@x"]), list(&["a@x", "c@x"])),
            &policy
        ));
        let dropped = Some(Value::Elements(vec![element("a@x"), Element::default()]));
        let entry = pair(list(&["a@x", "b@x"]), dropped);
        assert!(wrong(&emails, entry.clone(), &policy));
        let told = PairBase {
            rewritten: true,
            ..entry
        };
        assert!(!wrong(&emails, told, &policy));
    }

    #[test]
    fn a_base_of_before_the_flag_is_read() {
        let old: PairBase = serde_json::from_str(r#"{"left": {"text": "a"}}"#).unwrap_or_default();
        assert!(!old.rewritten);
        let kept = serde_json::to_string(&PairBase::default()).unwrap();
        assert_eq!(kept, "{}");
    }
}
