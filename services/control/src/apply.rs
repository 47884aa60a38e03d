//! Applying sync files: all of a file or nothing of it.

use std::{collections::BTreeSet, sync::Arc};

use sqlx::PgConnection;

use crate::{
    control::Control,
    definition::Definition,
    differences::Differences,
    document::{self, Document, Kind, Problem},
    error::Error,
    ids::{SyncId, TenantId, check_name},
    lifecycle::still_ending,
    offers::Offers,
    recipe::{self, Recipe},
    resolve::resolve,
    rings::{self, Flow},
    store::{
        audit::{self, Actor},
        syncs::{self, State, Sync},
        tenants,
    },
};

/// What became of one document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Applied {
    pub(crate) sync: SyncId,
    pub(crate) name: String,
    pub(crate) outcome: Outcome,
    pub(crate) differences: Vec<String>,
}

/// What became of a sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Created,
    Changed,
    Unchanged,
}

impl Outcome {
    /// The word for it in the contracts.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
        }
    }
}

/// A document with everything in it found.
struct Resolved {
    name: String,
    recipe: &'static Recipe,
    definition: Definition,
}

/// A sync as it is to be, and whether it is stored so.
struct Placed {
    sync: Sync,
    outcome: Outcome,
    differences: Vec<String>,
    store: bool,
}

impl Control {
    /// Checks each document against both accounts, then stores them all.
    ///
    /// A dry run holds a new sync in preview, where it is planned and never written. Of a sync that runs it only
    /// says what would differ: holding it would stop it.
    pub(crate) async fn apply(
        self: &Arc<Self>,
        tenant: &TenantId,
        yaml: &str,
        dry_run: bool,
    ) -> Result<Vec<Applied>, Error> {
        let documents =
            document::parse(yaml).map_err(|problem| Error::Invalid(problem.to_string()))?;
        let resolved = self.resolve_all(tenant, &documents).await?;
        for one in &resolved {
            let identity = one.definition.identity(tenant);
            self.await_ending(tenant, identity).await?;
        }
        let placed = self.store_all(tenant, resolved, dry_run).await?;
        kit::point("control.stored");
        for changed in placed.iter().filter(|placed| placed.store) {
            self.announce(tenant, changed.sync.id).await;
        }
        let applied = placed.into_iter().map(|placed| Applied {
            sync: placed.sync.id,
            name: placed.sync.name,
            outcome: placed.outcome,
            differences: placed.differences,
        });
        Ok(applied.collect())
    }

    async fn resolve_all(
        self: &Arc<Self>,
        tenant: &TenantId,
        documents: &[Document],
    ) -> Result<Vec<Resolved>, Error> {
        let mut problems = Vec::new();
        let mut names = BTreeSet::new();
        let mut resolved = Vec::new();
        let mut offers = Offers::new(self, tenant).await?;
        for document in documents {
            let name = &document.name;
            if let Err(error) = check_name(&name.value) {
                problems.push(Problem::at(name, error.to_string()));
            }
            if !names.insert(name.value.clone()) {
                problems.push(Problem::at(
                    name,
                    format!("\"{}\" is the name of two syncs", name.value),
                ));
            }
            match self.resolve_one(document, &mut offers).await? {
                Ok(one) => resolved.push(one),
                Err(mut found) => problems.append(&mut found),
            }
        }
        if problems.is_empty() {
            return Ok(resolved);
        }
        let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
        Err(Error::Invalid(lines.join("\n")))
    }

    async fn resolve_one(
        &self,
        document: &Document,
        offers: &mut Offers<'_>,
    ) -> Result<Result<Resolved, Vec<Problem>>, Error> {
        let Kind::Sync = document.kind;
        let Some(recipe) = recipe::named(&document.recipe.value) else {
            let known: Vec<&str> = recipe::all()
                .iter()
                .map(|recipe| recipe.name.as_str())
                .collect();
            let message = format!(
                "there is no recipe \"{}\"; there are: {}",
                document.recipe.value,
                known.join(", ")
            );
            return Ok(Err(vec![Problem::at(&document.recipe, message)]));
        };
        let mut unknown = Vec::new();
        for side in [&document.left, &document.right] {
            let connection = &side.value.connection;
            if let Some(message) = offers.missing(&connection.value) {
                unknown.push(Problem::at(connection, message));
            }
        }
        if !unknown.is_empty() {
            return Ok(Err(unknown));
        }
        let left = offers
            .of(&document.left.value.connection.value, &recipe.kind)
            .await?;
        let right = offers
            .of(&document.right.value.connection.value, &recipe.kind)
            .await?;
        let definition = match resolve(document, recipe, &left, &right, self.any_frequency) {
            Ok(definition) => definition,
            Err(problems) => return Ok(Err(problems)),
        };
        Ok(Ok(Resolved {
            name: document.name.value.clone(),
            recipe,
            definition,
        }))
    }

    async fn store_all(
        &self,
        tenant: &TenantId,
        resolved: Vec<Resolved>,
        dry_run: bool,
    ) -> Result<Vec<Placed>, Error> {
        let mut tx = self.db.begin().await?;
        tenants::lock(&mut tx, tenant).await?;
        let mut placed = Vec::new();
        for one in resolved {
            let one = place(&mut tx, tenant, one, dry_run).await?;
            if one.store {
                syncs::put(&mut tx, &one.sync).await.map_err(named_twice)?;
                let action = format!("sync.{}", one.outcome.word());
                let entry = audit::Entry {
                    actor: Actor::Tenant,
                    action: &action,
                    subject: one.sync.id.0,
                    detail: &one.differences,
                };
                audit::write(&mut tx, tenant, entry).await?;
            }
            placed.push(one);
        }
        refuse_rings(&mut tx, tenant, &placed).await?;
        tx.commit().await?;
        Ok(placed)
    }
}

/// What a resolved document makes of what is stored.
async fn place(
    db: &mut PgConnection,
    tenant: &TenantId,
    one: Resolved,
    dry_run: bool,
) -> Result<Placed, Error> {
    let identity = one.definition.identity(tenant);
    let same_scope = syncs::with_identity(db, tenant, identity).await?;
    let stored = syncs::named(db, tenant, &one.name)
        .await?
        .filter(|sync| sync.state != State::Deleting);
    if let Some(other) = same_scope
        .as_ref()
        .filter(|sync| sync.state != State::Deleting)
        && other.name != one.name
    {
        return Err(Error::Refused(format!(
            "sync \"{}\" pairs these two collections already; change that one, or delete it first",
            other.name
        )));
    }
    // It was deleted again while this file waited.
    if let Some(ending) = same_scope.as_ref().filter(|sync| sync.is_ending()) {
        return Err(still_ending(ending));
    }
    match stored {
        Some(stored) => changed(stored, one, dry_run),
        None => created(db, tenant, same_scope, one, dry_run).await,
    }
}

fn changed(stored: Sync, one: Resolved, dry_run: bool) -> Result<Placed, Error> {
    if !one.definition.same_accounts(&stored.definition) {
        return Err(Error::Refused(format!(
            "sync \"{}\" is between the accounts {} and {}, and its links are theirs; delete it first, or give the \
             new one another name",
            one.name,
            stored.definition.left.connection_name,
            stored.definition.right.connection_name
        )));
    }
    let differences = Differences::between(&stored.definition, &one.definition);
    let generation = stored.generation + u64::from(differences.new_generation);
    let mut lines = differences.lines;
    let state = match stored.state {
        State::Preview if !dry_run => {
            lines.push("~ state: preview → active".to_owned());
            State::Active
        }
        state => state,
    };
    let outcome = if lines.is_empty() {
        Outcome::Unchanged
    } else {
        Outcome::Changed
    };
    // What a connector says of its provider differs in no line, and is worth storing.
    let refreshed = one.definition != stored.definition;
    let store =
        (!dry_run || stored.state == State::Preview) && (outcome == Outcome::Changed || refreshed);
    let definition = one.definition.revised(Some(&stored.definition), generation);
    Ok(Placed {
        sync: Sync {
            recipe: one.recipe.name.clone(),
            state,
            generation,
            definition,
            ..stored
        },
        outcome,
        differences: lines,
        store,
    })
}

/// A new sync, or one that was deleted and comes back with its id, so that its links are adopted.
async fn created(
    db: &mut PgConnection,
    tenant: &TenantId,
    deleted: Option<Sync>,
    one: Resolved,
    dry_run: bool,
) -> Result<Placed, Error> {
    let (id, generation) = match &deleted {
        Some(before) => (before.id, before.generation + 1),
        None => (free_id(db, tenant, &one.definition).await?, 1),
    };
    let before = deleted.as_ref().map(|deleted| &deleted.definition);
    let differences = match deleted {
        Some(_) => vec!["it was deleted before: its links are adopted".to_owned()],
        None => Vec::new(),
    };
    Ok(Placed {
        sync: Sync {
            tenant: tenant.clone(),
            id,
            name: one.name,
            recipe: one.recipe.name.clone(),
            state: if dry_run {
                State::Preview
            } else {
                State::Active
            },
            generation,
            ended: false,
            definition: one.definition.revised(before, generation),
        },
        outcome: Outcome::Created,
        differences,
        store: true,
    })
}

async fn free_id(
    db: &mut PgConnection,
    tenant: &TenantId,
    definition: &Definition,
) -> Result<SyncId, Error> {
    let identity = definition.identity(tenant);
    let mut attempt = 0;
    loop {
        let id = identity.sync_id(attempt);
        if syncs::get(db, tenant, id).await?.is_none() {
            return Ok(id);
        }
        attempt += 1;
    }
}

/// Looks at every sync as it is to be, those of a dry run included.
async fn refuse_rings(
    db: &mut PgConnection,
    tenant: &TenantId,
    placed: &[Placed],
) -> Result<(), Error> {
    let changed: Vec<SyncId> = placed.iter().map(|placed| placed.sync.id).collect();
    let mut flows = syncs::flows(db, tenant).await?;
    flows.retain(|flow| !changed.contains(&flow.sync));
    let to_be = placed.iter().map(|placed| &placed.sync);
    flows.extend(to_be.map(|sync| Flow::of(sync.id, &sync.definition)));
    let closing = rings::closing(&changed, &flows)
        .and_then(|closing| placed.iter().find(|placed| placed.sync.id == closing));
    match closing {
        None => Ok(()),
        Some(placed) => Err(Error::Refused(format!(
            "with sync \"{}\" changes would run in a ring through three or more accounts; make one of the syncs \
             one-way, or leave one out",
            placed.sync.name
        ))),
    }
}

/// Two documents of one file pair the same collections.
fn named_twice(error: Error) -> Error {
    match error {
        Error::Database(sqlx::Error::Database(source)) if source.is_unique_violation() => {
            Error::Refused(
                "two syncs pair the same two collections, or share a name; keep one of them"
                    .to_owned(),
            )
        }
        other => other,
    }
}
