//! What one call takes: writes of one operation, in batches.

use std::collections::BTreeMap;

use provider::{Batch, Create, Delete, Operation, Read, Update, Write};

use crate::client::BATCH;

/// Groups writes by operation, a hundred at most. Writes to one record stay in their order, in different batches.
pub(crate) fn batches(writes: Vec<Write>) -> Vec<Batch> {
    let mut batches: Vec<Batch> = Vec::new();
    // The first batch that may still take a write to this record: not before its earlier ones.
    let mut earliest: BTreeMap<String, usize> = BTreeMap::new();
    for write in writes {
        let kind = write.operation.kind();
        let record = write.operation.remote_id().map(str::to_owned);
        let from = record
            .as_ref()
            .and_then(|id| earliest.get(id))
            .copied()
            .unwrap_or_default();
        let open = |batch: &Batch| batch.kind == kind && batch.writes.len() < BATCH;
        let at = batches.iter().skip(from).position(open).map(|at| at + from);
        let at = at.unwrap_or_else(|| {
            batches.push(Batch {
                kind,
                writes: Vec::new(),
            });
            batches.len() - 1
        });
        batches[at].writes.push(write);
        if let Some(id) = record {
            earliest.insert(id, at + 1);
        }
    }
    batches
}

/// The operations of a batch, all of which are of the batch's kind.
pub(super) fn operations<'b, T>(
    batch: &'b Batch,
    as_kind: fn(&'b Operation) -> Option<&'b T>,
) -> Vec<&'b T> {
    let operations: Vec<&T> = batch
        .writes
        .iter()
        .filter_map(|write| as_kind(&write.operation))
        .collect();
    debug_assert_eq!(
        operations.len(),
        batch.writes.len(),
        "a batch mixes operations"
    );
    operations
}

/// A create.
pub(super) fn as_create(operation: &Operation) -> Option<&Create> {
    if let Operation::Create(create) = operation {
        Some(create)
    } else {
        None
    }
}

/// An update.
pub(super) fn as_update(operation: &Operation) -> Option<&Update> {
    if let Operation::Update(update) = operation {
        Some(update)
    } else {
        None
    }
}

/// A delete.
pub(super) fn as_delete(operation: &Operation) -> Option<&Delete> {
    if let Operation::Delete(delete) = operation {
        Some(delete)
    } else {
        None
    }
}

/// A read.
pub(super) fn as_read(operation: &Operation) -> Option<&Read> {
    if let Operation::Read(read) = operation {
        Some(read)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use model::Version;
    use provider::BatchKind;

    use super::*;
    use crate::kind::Kind;

    fn read(id: &str) -> Operation {
        Operation::Read(Read {
            remote_id: id.to_owned(),
            former_ids: Vec::new(),
        })
    }

    fn delete(id: &str) -> Operation {
        let expected = Version {
            token: "t".to_owned(),
            changed_at_micros: None,
            coarse: true,
        };
        Operation::Delete(Delete {
            remote_id: id.to_owned(),
            expected,
        })
    }

    fn grouped(operations: Vec<Operation>) -> Vec<(BatchKind, Vec<String>)> {
        let writes = operations
            .into_iter()
            .enumerate()
            .map(|(number, operation)| Write {
                id: number.to_string(),
                kind: Kind::Contact.name().to_owned(),
                operation,
            });
        let ids = |batch: &Batch| batch.writes.iter().map(|write| write.id.clone()).collect();
        batches(writes.collect())
            .iter()
            .map(|batch| (batch.kind, ids(batch)))
            .collect()
    }

    fn ids(ids: &[&str]) -> Vec<String> {
        ids.iter().map(|id| (*id).to_owned()).collect()
    }

    #[test]
    fn writes_of_one_kind_share_a_call() {
        let batches = grouped(vec![read("a"), delete("b"), read("c")]);
        assert_eq!(
            batches,
            [
                (BatchKind::Read, ids(&["0", "2"])),
                (BatchKind::Delete, ids(&["1"]))
            ]
        );
    }

    #[test]
    fn writes_to_one_record_keep_their_order() {
        let batches = grouped(vec![read("a"), delete("a"), read("a"), read("b")]);
        let expected = [
            (BatchKind::Read, ids(&["0", "3"])),
            (BatchKind::Delete, ids(&["1"])),
            (BatchKind::Read, ids(&["2"])),
        ];
        assert_eq!(batches, expected);
    }

    #[test]
    fn a_call_takes_a_hundred() {
        let batches = grouped((0..250).map(|number| read(&number.to_string())).collect());
        let sizes: Vec<usize> = batches.iter().map(|(_, writes)| writes.len()).collect();
        assert_eq!(sizes, [100, 100, 50]);
    }
}
