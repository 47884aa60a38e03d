//! Rights that a recipe needs of an account. Administrators give and take them, so they are looked at from time to
//! time: a sync that lacks one waits, and goes on by itself when it is given.

use std::{collections::BTreeSet, sync::Arc};

use secrecy::ExposeSecret as _;
use sqlx::PgConnection;

use crate::{
    control::Control,
    error::Error,
    ids::{ConnectionId, TenantId},
    recipe,
    store::{
        audit::{self, Actor},
        connections::{self, Connection},
        syncs::{self, Sync},
    },
};

impl Control {
    /// Looks from time to time at what the accounts of syncs may do. Never returns.
    pub(crate) async fn watch_rights(self: Arc<Self>) {
        loop {
            tokio::time::sleep(self.rights_period).await;
            if let Err(error) = self.look_at_rights().await {
                tracing::warn!(reason = %error, "cannot see what accounts may do");
            }
        }
    }

    async fn look_at_rights(self: &Arc<Self>) -> Result<(), Error> {
        let mut db = self.db.acquire().await?;
        let mut used = BTreeSet::new();
        for sync in syncs::known_to_services(&mut db).await? {
            for side in [&sync.definition.left, &sync.definition.right] {
                used.insert((sync.tenant.to_string(), side.connection()));
            }
        }
        drop(db);
        for (tenant, connection) in used {
            let tenant =
                TenantId::parse(&tenant).map_err(|error| Error::Refused(error.to_string()))?;
            // An account that cannot be asked now says nothing about its rights, and hides no other.
            if let Err(error) = self.look_at_rights_of(&tenant, connection).await {
                tracing::debug!(%tenant, reason = %error, "an account does not say what it may do");
            }
        }
        Ok(())
    }

    async fn look_at_rights_of(
        self: &Arc<Self>,
        tenant: &TenantId,
        id: ConnectionId,
    ) -> Result<(), Error> {
        let known = self.stored_connection(tenant, id).await?;
        let access = self.access(tenant, id, None).await?;
        let connector = self.connectors.of(&known.provider)?;
        let account = connector
            .verify(proto::connector::Access {
                access_token: access.token.expose_secret().to_owned(),
                api_base: access.api_base,
            })
            .await?;
        if account.account_id != known.account_id || account.missing_rights == known.missing_rights
        {
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        connections::set_missing_rights(&mut tx, tenant, id, &account.missing_rights).await?;
        let entry = audit::Entry {
            actor: Actor::Service,
            action: "connection.rights",
            subject: id.0,
            detail: &account.missing_rights,
        };
        audit::write(&mut tx, tenant, entry).await?;
        let concerned = syncs::of_connection(&mut tx, tenant, id).await?;
        tx.commit().await?;
        for sync in concerned {
            self.announce(tenant, sync).await;
        }
        Ok(())
    }

    /// Why a sync waits for a right that its recipe needs, if it does.
    pub(crate) async fn waits_for_right(
        &self,
        db: &mut PgConnection,
        sync: &Sync,
    ) -> Result<Option<String>, Error> {
        let Some(recipe) = recipe::named(&sync.recipe) else {
            return Ok(None);
        };
        for (side, of_recipe) in [
            (&sync.definition.left, &recipe.left),
            (&sync.definition.right, &recipe.right),
        ] {
            if of_recipe.required_rights.is_empty() {
                continue;
            }
            let connection = connections::get(db, &sync.tenant, side.connection()).await?;
            let lacked = connection.as_ref().and_then(|connection| {
                let mut needed = of_recipe.required_rights.iter();
                needed.find(|right| connection.missing_rights.contains(*right))
            });
            if let (Some(connection), Some(right)) = (&connection, lacked) {
                return Ok(Some(lacks(connection, right)));
            }
        }
        Ok(None)
    }
}

fn lacks(connection: &Connection, right: &str) -> String {
    let Connection { name, provider, .. } = connection;
    format!(
        "the account of connection \"{name}\" lacks the right to {right}; grant it at {provider}, and the sync goes on"
    )
}
