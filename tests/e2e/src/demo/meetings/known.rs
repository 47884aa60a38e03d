//! Which meetings there are, as the sync counts them.

use std::collections::BTreeSet;

use crate::Sandbox;

use super::{EVENTS, MEETINGS, is_own, list, text};

/// Ids of every meeting of both accounts, left and right; a series is one.
pub(in crate::demo) async fn known(sandbox: &Sandbox) -> anyhow::Result<[BTreeSet<String>; 2]> {
    let rows = sandbox.get(MEETINGS).await?;
    let mut left = BTreeSet::new();
    for row in list(&rows["records"])? {
        left.insert(match row["$recurrence_id"].as_str() {
            Some(series) => format!("series:{series}"),
            None => text(row, "id")?.to_owned(),
        });
    }
    let events = sandbox.get(EVENTS).await?;
    let own = list(&events["events"])?
        .iter()
        .filter(|event| is_own(event));
    let right = own.map(|event| Ok(text(event, "id")?.to_owned()));
    Ok([left, right.collect::<anyhow::Result<_>>()?])
}
