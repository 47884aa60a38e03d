//! What shares a call.

use model::{Edit, Path, Record, Value, Version};
use pretty_assertions::assert_eq;
use provider::{Create, Delete, Read, Update};

use super::*;

fn write(id: usize, operation: Operation) -> Write {
    Write {
        id: id.to_string(),
        kind: "contact".into(),
        operation,
    }
}

fn version() -> Version {
    Version {
        token: "%1".into(),
        changed_at_micros: None,
        coarse: false,
    }
}

fn update(record: usize, paths: &[&str]) -> Operation {
    let edits = paths.iter().map(|path| Edit {
        path: path.parse().unwrap(),
        before: None,
        after: Some(Value::Text("x".into())),
    });
    Operation::Update(Update {
        remote_id: format!("people/c{record}"),
        expected: version(),
        edits: edits.collect(),
        marker: None,
        adopt: false,
    })
}

fn create(marker: Option<&str>) -> Operation {
    Operation::Create(Create {
        record: Record::new("contact"),
        marker: marker.map(str::to_owned),
        look_up: true,
        known_until: None,
        match_paths: Vec::new(),
    })
}

fn sizes(operations: Vec<Operation>) -> Vec<(BatchKind, usize)> {
    let writes = operations
        .into_iter()
        .enumerate()
        .map(|(id, operation)| write(id, operation))
        .collect();
    batches(writes)
        .into_iter()
        .map(|batch| (batch.kind, batch.writes.len()))
        .collect()
}

// proves: R-27
#[test]
fn only_updates_of_the_same_fields_share_a_call() {
    let operations = vec![
        update(1, &["name.given"]),
        update(2, &["emails[work]"]),
        update(3, &["name.family", "name.given"]),
        update(4, &["name.given", "title"]),
    ];
    let update = BatchKind::Update;
    assert_eq!(sizes(operations), [(update, 2), (update, 1), (update, 1)]);
}

#[test]
fn a_call_takes_two_hundred() {
    let deletes = (0..450).map(|record| {
        Operation::Delete(Delete {
            remote_id: format!("people/c{record}"),
            expected: version(),
        })
    });
    let delete = BatchKind::Delete;
    assert_eq!(
        sizes(deletes.collect()),
        [(delete, 200), (delete, 200), (delete, 50)]
    );
}

#[test]
fn creates_without_a_marker_go_alone() {
    let create_kind = BatchKind::Create;
    assert_eq!(
        sizes(vec![
            create(Some("a")),
            create(None),
            create(Some("b")),
            create(None)
        ]),
        [(create_kind, 2), (create_kind, 1), (create_kind, 1)]
    );
}

#[test]
fn writes_to_one_record_keep_their_order() {
    let read = |record| {
        Operation::Read(Read {
            remote_id: format!("people/c{record}"),
            former_ids: Vec::new(),
        })
    };
    let operations = vec![
        update(1, &["title"]),
        read(1),
        update(2, &["title"]),
        update(1, &["title"]),
        read(2),
    ];
    let writes: Vec<_> = operations
        .into_iter()
        .enumerate()
        .map(|(id, operation)| write(id, operation))
        .collect();
    let order: Vec<Vec<String>> = batches(writes)
        .into_iter()
        .map(|batch| batch.writes.into_iter().map(|write| write.id).collect())
        .collect();
    assert_eq!(order, [vec!["0", "2"], vec!["1", "4"], vec!["3"]]);
}

#[test]
fn a_refused_path_may_stand_for_several() {
    let path = |text: &str| text.parse::<Path>().unwrap();
    assert!(concerns("emails", &path("emails[work]")));
    assert!(concerns("name", &path("name.given")));
    assert!(concerns("name.given", &path("name.given")));
    assert!(concerns("custom", &path("custom[X]")));
    assert!(!concerns("name.given", &path("name.family")));
    assert!(!concerns("note", &path("notebook")));
}
