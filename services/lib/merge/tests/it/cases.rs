//! Runs the tables of cases. Each table is the specification of its theme; the plans in it are written by
//! hand. For each case it is also checked that planning again after the plan was carried out has nothing
//! left to do, and that exchanging the sides exchanges the plan.

use merge::{Disposition, Plan, Write};
use model::PerSide;
use pretty_assertions::assert_eq;

use crate::{
    dsl::{Block, blocks, show_plan},
    link::Link,
};

/// Runs every case of a table and reports all that fail, not only the first.
fn run(file: &str, text: &str, at_least: usize) {
    let blocks = blocks(text);
    assert!(
        blocks.len() >= at_least,
        "{file} has lost cases: {}",
        blocks.len()
    );
    let failed: Vec<String> = blocks
        .iter()
        .filter_map(|block| check(file, block).err())
        .collect();
    assert!(
        failed.is_empty(),
        "{} of {} cases fail:\n\n{}",
        failed.len(),
        blocks.len(),
        failed.join("\n\n")
    );
}

fn check(file: &str, block: &Block<'_>) -> Result<(), String> {
    let about = format!("{file}:{} {}", block.line, block.name);
    let link = block.link();
    let plan = link.plan();
    let (expected, actual) = (block.expected(), show_plan(&plan, &link.pairings));
    if expected != actual {
        let lines = |lines: Vec<String>| lines.join("\n  ");
        return Err(format!(
            "{about}\n expected\n  {}\n planned\n  {}",
            lines(expected),
            lines(actual)
        ));
    }
    let again = settled(&link, &plan).plan();
    if !again.is_empty() || again.disposition == Disposition::Pending {
        let lines = show_plan(&again, &link.pairings).join("\n  ");
        return Err(format!(
            "{about}\n plans again after the plan was carried out\n  {lines}"
        ));
    }
    check_swap(&link, &plan);
    Ok(())
}

/// The link once the plan was carried out, and once more where a record had to be adopted first.
fn settled(link: &Link, plan: &Plan) -> Link {
    let next = link.carry_out(plan);
    next.carry_out(&next.plan())
}

/// Exchanging the sides exchanges the plan.
pub(crate) fn check_swap(link: &Link, plan: &Plan) {
    let swapped_link = link.clone().swap();
    let swapped = swapped_link.plan();
    let sorted = |plan: &Plan, writes: PerSide<Option<Write>>| {
        let texts = |write: Option<Write>| {
            let mut texts: Vec<_> = write.iter().flat_map(Write::edits).map(edit_text).collect();
            texts.sort();
            (write.is_some(), texts)
        };
        let mut lost: Vec<_> = plan
            .losses
            .iter()
            .map(|loss| format!("{:?}{:?}", loss.before, loss.after))
            .collect();
        lost.sort();
        (
            writes.map(texts),
            lost,
            plan.conflicts.len(),
            plan.agreed.len(),
            plan.disposition,
        )
    };
    let here = sorted(plan, plan.writes.clone());
    let there = sorted(&swapped, swapped.writes.clone().swap());
    assert_eq!(here, there, "exchanging the sides changes the plan");
}

fn edit_text(planned: &merge::PlannedEdit) -> String {
    format!(
        "{:?} {:?} {:?}",
        planned.edit, planned.source, planned.cause
    )
}

// proves: R-14
#[test]
fn first_contact() {
    run(
        "first-contact.cases",
        include_str!("../cases/first-contact.cases"),
        25,
    );
}

// proves: R-13
#[test]
fn edits() {
    run("edits.cases", include_str!("../cases/edits.cases"), 25);
}

// proves: R-16
#[test]
fn conflicts() {
    run(
        "conflicts.cases",
        include_str!("../cases/conflicts.cases"),
        18,
    );
}

// proves: R-17
#[test]
fn one_way() {
    run("one-way.cases", include_str!("../cases/one-way.cases"), 25);
}

// proves: R-04
#[test]
fn unreadable() {
    run(
        "unreadable.cases",
        include_str!("../cases/unreadable.cases"),
        12,
    );
}

// proves: R-15
#[test]
fn elements() {
    run(
        "elements.cases",
        include_str!("../cases/elements.cases"),
        35,
    );
}

// proves
#[test]
fn deletion() {
    run(
        "deletion.cases",
        include_str!("../cases/deletion.cases"),
        25,
    );
}

// proves
#[test]
fn scope() {
    run("scope.cases", include_str!("../cases/scope.cases"), 25);
}

// proves: R-18
#[test]
fn creation() {
    run(
        "creation.cases",
        include_str!("../cases/creation.cases"),
        12,
    );
}

// proves: R-10
#[test]
fn frozen() {
    run("frozen.cases", include_str!("../cases/frozen.cases"), 8);
}
