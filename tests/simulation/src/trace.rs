//! What each operation of a history changes, line by line: for whoever asks why one went wrong.

use std::collections::BTreeSet;

use model::Side;
use sqlx::Row as _;

use crate::world::World;

/// What the store knows, a row a line.
const ROWS: &str = "
    SELECT 'link ' || left_id || ' ' || right_id || ' ' || state || ' (' || reason || ')' || ' dirty ' || dirty || ' look up ' || coalesce(look_up_after::text, '')
           || ' base ' || coalesce(base::text, 'none') AS line FROM link
    UNION ALL
    SELECT 'write ' || left(w.id::text, 8) || ' ' || w.operation || ' side ' || w.side || ' for ' || l.left_id
           || '/' || l.right_id || ' ' || w.status || ' ' || coalesce(w.result, '') || ' ' || w.plan::text
      FROM write w JOIN link l ON l.id = w.link
    UNION ALL
    SELECT 'stored ' || remote_id || ' ' || presence || ' unmatched ' || unmatched || ' version ' || version_token || ' in scope ' || in_scope
           || ' ' || coalesce(fields::text, 'outline') FROM record
    UNION ALL
    SELECT 'sync ' || (to_jsonb(own) - 'definition')::text FROM sync own
    UNION ALL
    SELECT 'sweep ' || to_jsonb(own)::text FROM sweep own
    UNION ALL
    SELECT 'history ' || to_jsonb(history)::text FROM history
    ORDER BY 1";

/// The lines that describe a world; printed as they come and go.
#[derive(Debug, Default)]
pub(crate) struct Trace(BTreeSet<String>);

impl Trace {
    /// A trace if somebody asked for one.
    #[allow(clippy::disallowed_methods, reason = "a setting of the tests")]
    pub(crate) fn wanted() -> Option<Self> {
        std::env::var_os("RAPPORT_SIMULATION_TRACE").map(|_| Self::default())
    }

    /// Prints what something changed.
    #[allow(
        clippy::print_stderr,
        reason = "asked for by whoever looks at a history"
    )]
    pub(crate) async fn after(&mut self, what: &str, world: &World) {
        let now = lines(world).await;
        eprintln!("== at {} {what}", world.now / 1_000_000 % 1_000_000);
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
