//! Records that are found again: a link takes back what it had lost sight of.

use merge::{Answer, Base};
use model::{Fields, Record, project};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    definition::Definition,
    error::EngineError,
    plan,
    store::{
        link::{self, LinkRow},
        lost, matching,
        record::{self, RecordRow},
        write,
    },
};

/// A link takes a record that it had before it was gone.
pub(super) async fn revive(
    connection: &mut PgConnection,
    definition: &Definition,
    id: Uuid,
    record: &RecordRow,
) -> Result<(), EngineError> {
    take(connection, definition, id, record, false).await
}

/// A link takes the record that its create made, although the answer was lost.
pub(super) async fn adopt(
    connection: &mut PgConnection,
    definition: &Definition,
    id: Uuid,
    record: &RecordRow,
) -> Result<(), EngineError> {
    take(connection, definition, id, record, true).await
}

async fn take(
    connection: &mut PgConnection,
    definition: &Definition,
    id: Uuid,
    record: &RecordRow,
    made_by_us: bool,
) -> Result<(), EngineError> {
    write::revoke_of_links(connection, &[id]).await?;
    let mut links = link::lock(connection, &[id]).await?;
    let mut parted = Vec::new();
    for link in &mut links {
        let former = link.record(record.side).filter(|id| *id != record.id);
        parted.extend(former.map(|former| (former, link.id)));
        if made_by_us {
            take_base(connection, definition, link, record).await?;
            link.created_side = Some(record.side);
        }
        link.set_record(record.side, Some(record.id), &record.remote_id);
        link.unknown_count = 0;
        super::pending(link, "found again");
    }
    link::save(connection, &links).await?;
    record::part(connection, &parted).await?;
    matching::set_matched(connection, &[record.id]).await?;
    Ok(())
}

/// A link takes the base of the create whose answer was lost, as far as the record that was found shows what was sent.
/// So what somebody changed meanwhile, on whatever side, is an edit, and the rest agrees. Of several creates
/// that one counts of which most is shown, the last one of equals. Without a plan, as after a recovery, everything meets
/// for the first time.
pub(crate) async fn take_base(
    connection: &mut PgConnection,
    definition: &Definition,
    link: &mut LinkRow,
    record: &RecordRow,
) -> Result<(), EngineError> {
    let Some(fields) = &record.fields else {
        return Ok(());
    };
    // None was lost since the base was made.
    if link.base.is_some() && link.unknown_count == 0 {
        return Ok(());
    }
    let most = link.unknown_count.max(1);
    let plans = lost::plans(connection, link.id, record.side, "create", most).await?;
    let shown = Record {
        kind: definition.kind.clone(),
        fields: fields.clone(),
    };
    let readable = plan::readable(&record.readable);
    let mut base = Base::new();
    for edits in plans {
        let written: Fields = edits
            .iter()
            .filter_map(|planned| Some((planned.edit.path.clone(), planned.edit.after.clone()?)))
            .collect();
        let fields = project(&shown, &definition.paths(record.side), &written);
        let answer = Answer {
            fields: &fields,
            readable: &readable,
        };
        let found = merge::found(&definition.pairings, record.side, &edits, answer);
        if found.len() > base.len() {
            base = found;
        }
    }
    // A new record has never shown anything: what an earlier one had agreed on says nothing of it.
    if !base.is_empty() {
        link.base = Some(base);
    }
    Ok(())
}

/// A link takes for written what an update wrote whose answer was lost and its provider cut, as far as the record
/// shows it: it is nobody's edit. Only as many updates count as its present count of lost answers.
pub(crate) async fn take_what_was_cut(
    connection: &mut PgConnection,
    definition: &Definition,
    link: &mut LinkRow,
    record: &RecordRow,
) -> Result<(), EngineError> {
    let Some(fields) = &record.fields else {
        return Ok(());
    };
    let most = link.unknown_count;
    let plans = lost::plans(connection, link.id, record.side, "update", most).await?;
    let shown = Record {
        kind: definition.kind.clone(),
        fields: fields.clone(),
    };
    let fields = project(&shown, &definition.paths(record.side), &Fields::new());
    let readable = plan::readable(&record.readable);
    let shown = Answer {
        fields: &fields,
        readable: &readable,
    };
    for edits in plans {
        let nothing = Base::new();
        let base = link.base.as_ref().unwrap_or(&nothing);
        let cut = merge::cut(base, &definition.pairings, record.side, &edits, shown);
        if !cut.is_empty() {
            link.base.get_or_insert_default().extend(cut);
        }
    }
    Ok(())
}
