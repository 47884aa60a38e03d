//! A page as batches, bounded by count and by bytes.

use prost::Message as _;
use proto::change::{Change, ChangeBatch, Unreadable, change::What};

/// Changes that a batch has at most.
pub(super) const MAX_CHANGES: usize = 500;

/// Bytes that a batch has at most, encoded.
pub(super) const MAX_BYTES: usize = 512 * 1024;

/// Bytes kept free for what is set afterwards: epoch, number, the end's cursor and flags.
const RESERVED: usize = 16 * 1024;

/// A change has a tag and a length before it.
const PER_CHANGE: usize = 6;

/// Splits changes into batches that are otherwise like the template. A change that fits into no batch is set aside
/// with the reason, and its neighbours go on.
pub(super) fn split(template: &ChangeBatch, changes: Vec<Change>) -> Vec<ChangeBatch> {
    let room = MAX_BYTES.saturating_sub(template.encoded_len() + RESERVED);
    let mut batches = Vec::new();
    let mut bytes = 0;
    let mut current = Vec::new();
    for change in changes {
        let change = fitting(change, room);
        let size = change.encoded_len() + PER_CHANGE;
        if !current.is_empty() && (current.len() == MAX_CHANGES || bytes + size > room) {
            batches.push(batch(template, std::mem::take(&mut current)));
            bytes = 0;
        }
        bytes += size;
        current.push(change);
    }
    if !current.is_empty() {
        batches.push(batch(template, current));
    }
    batches
}

fn batch(template: &ChangeBatch, changes: Vec<Change>) -> ChangeBatch {
    ChangeBatch {
        changes,
        ..template.clone()
    }
}

fn fitting(change: Change, room: usize) -> Change {
    if change.encoded_len() + PER_CHANGE <= room {
        return change;
    }
    let reason = format!("the record is larger than {} KB", MAX_BYTES / 1024);
    Change {
        remote_id: change.remote_id,
        version: change.version,
        what: Some(What::Unreadable(Unreadable { reason })),
        ..Change::default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proto::record::{Field, Record, Value, value};

    use super::*;

    fn change(id: usize, bytes: usize) -> Change {
        let text = Some(value::Value::Text("x".repeat(bytes)));
        let field = Field {
            path: "note".into(),
            value: Some(Value { value: text }),
        };
        let record = Record {
            kind: "contact".into(),
            fields: vec![field],
        };
        Change {
            remote_id: id.to_string(),
            what: Some(What::Record(record)),
            ..Change::default()
        }
    }

    fn template() -> ChangeBatch {
        ChangeBatch {
            tenant: "acme".into(),
            cursor_after: "before".into(),
            ..Default::default()
        }
    }

    #[test]
    fn no_changes_are_no_batch() {
        assert!(split(&template(), Vec::new()).is_empty());
    }

    // proves: R-05
    #[test]
    fn a_change_that_fits_nowhere_is_set_aside_and_its_neighbours_go_on() {
        let batches = split(
            &template(),
            vec![change(1, 10), change(2, MAX_BYTES), change(3, 10)],
        );
        let changes: Vec<_> = batches.iter().flat_map(|batch| &batch.changes).collect();
        assert_eq!(changes.len(), 3);
        assert!(
            matches!(&changes[1].what, Some(What::Unreadable(why)) if why.reason.contains("512"))
        );
        assert_eq!(changes[1].remote_id, "2");
        assert!(matches!(&changes[2].what, Some(What::Record(_))));
    }

    proptest! {
        // proves: R-05
        #[test]
        fn batches_keep_order_and_bounds(sizes in prop::collection::vec(0_usize..90_000, 0..1200)) {
            let changes: Vec<_> = sizes.iter().enumerate().map(|(id, size)| change(id, size % 4000 * (1 + 20 * usize::from(size % 97 == 0)))).collect();
            let ids: Vec<_> = changes.iter().map(|change| change.remote_id.clone()).collect();
            let batches = split(&template(), changes);
            for batch in &batches {
                prop_assert!(batch.encoded_len() <= MAX_BYTES);
                prop_assert!((1..=MAX_CHANGES).contains(&batch.changes.len()));
                prop_assert_eq!(&batch.cursor_after, "before");
            }
            let split: Vec<_> = batches.into_iter().flat_map(|batch| batch.changes).map(|change| change.remote_id).collect();
            prop_assert_eq!(split, ids);
        }
    }
}
