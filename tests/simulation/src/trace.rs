//! What each operation of a history changes, line by line: for whoever asks why one went wrong.

use std::collections::BTreeSet;

use model::Side;
use sqlx::Row as _;

use crate::{operation::Operation, world::World};

/// What the store knows, a row a line.
const ROWS: &str = "
    SELECT 'link ' || left_id || ' ' || right_id || ' ' || state || ' (' || reason || ')' || ' dirty ' || dirty
           || ' base ' || coalesce(base::text, 'none') AS line FROM link
    UNION ALL
    SELECT 'write ' || left(w.id::text, 8) || ' ' || w.operation || ' side ' || w.side || ' for ' || l.left_id
           || '/' || l.right_id || ' ' || w.status || ' ' || coalesce(w.result, '') || ' ' || w.plan::text
      FROM write w JOIN link l ON l.id = w.link
    UNION ALL
    SELECT 'stored ' || remote_id || ' ' || presence || ' version ' || version_token || ' in scope ' || in_scope
           || ' ' || coalesce(fields::text, 'outline') FROM record
    UNION ALL
    SELECT 'history ' || to_jsonb(history)::text FROM history
    ORDER BY 1";

/// The lines that describe a world; printed as they come and go.
#[derive(Debug, Default)]
pub(crate) struct Trace(BTreeSet<String>);

impl Trace {
    /// Prints what an operation changed; none stands for coming to rest.
    #[allow(
        clippy::print_stderr,
        reason = "asked for by whoever looks at a history"
    )]
    pub(crate) async fn after(
        &mut self,
        number: usize,
        operation: Option<&Operation>,
        world: &World,
    ) {
        let now = lines(world).await;
        eprintln!(
            "== {number} at {} {}",
            world.now / 1_000_000 % 1_000_000,
            operation.map_or("at rest".to_owned(), |operation| format!("{operation:?}"))
        );
        for gone in self.0.difference(&now) {
            eprintln!("   - {gone}");
        }
        for new in now.difference(&self.0) {
            eprintln!("   + {new}");
        }
        self.0 = now;
    }
}

async fn lines(world: &World) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for side in Side::ALL {
        for (id, held) in world.providers.get(side).live() {
            lines.insert(format!(
                "live {id} version {} stamp {} in scope {} marker {} {}",
                held.version,
                held.stamp,
                held.in_scope,
                held.marker,
                serde_json::to_string(&held.fields).unwrap_or_default()
            ));
        }
    }
    let rows = sqlx::query(ROWS)
        .fetch_all(&world.store.pool)
        .await
        .expect("the store can be read");
    lines.extend(rows.iter().map(|row| row.get::<String, _>("line")));
    lines
}
