//! What the accounts offer: their collections and fields, asked through the connectors.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    access::Access,
    control::Control,
    error::Error,
    ids::TenantId,
    resolve::Offer,
    store::connections::{self, Connection},
};

/// What the accounts offer, each asked once for each kind of record.
pub(crate) struct Offers<'a> {
    control: &'a Arc<Control>,
    tenant: &'a TenantId,
    connections: Vec<Connection>,
    known: BTreeMap<(String, String), Offer>,
}

impl<'a> Offers<'a> {
    pub(crate) async fn new(
        control: &'a Arc<Control>,
        tenant: &'a TenantId,
    ) -> Result<Self, Error> {
        let mut db = control.db.acquire().await?;
        Ok(Self {
            control,
            tenant,
            connections: connections::all(&mut db, tenant).await?,
            known: BTreeMap::new(),
        })
    }

    /// What to say if there is no connection of this name.
    pub(crate) fn missing(&self, name: &str) -> Option<String> {
        if self
            .connections
            .iter()
            .any(|connection| connection.name == name)
        {
            return None;
        }
        let names: Vec<&str> = self.connections.iter().map(|c| c.name.as_str()).collect();
        let known = if names.is_empty() {
            "none yet".to_owned()
        } else {
            names.join(", ")
        };
        Some(format!(
            "there is no connection \"{name}\"; there are: {known}; make one with `rapport connect PROVIDER --name {name}`"
        ))
    }

    pub(crate) async fn of(&mut self, name: &str, kind: &str) -> Result<Offer, Error> {
        let key = (name.to_owned(), kind.to_owned());
        if let Some(offer) = self.known.get(&key) {
            return Ok(offer.clone());
        }
        let connection = self
            .connections
            .iter()
            .find(|connection| connection.name == name);
        let connection = connection
            .ok_or_else(|| Error::NotFound(format!("there is no connection \"{name}\"")))?;
        let offer = self.ask(connection, kind).await?;
        self.known.insert(key, offer.clone());
        Ok(offer)
    }

    /// Asks the account; once more with another token if the provider refuses the one in use.
    async fn ask(&self, connection: &Connection, kind: &str) -> Result<Offer, Error> {
        let access = self
            .control
            .access(self.tenant, connection.id, None)
            .await?;
        match self.ask_with(connection, kind, &access).await {
            Err(Error::Unauthenticated(_)) => {
                let refused = Some(&access.token);
                let access = self
                    .control
                    .access(self.tenant, connection.id, refused)
                    .await?;
                self.ask_with(connection, kind, &access).await
            }
            answer => answer,
        }
    }

    async fn ask_with(
        &self,
        connection: &Connection,
        kind: &str,
        access: &Access,
    ) -> Result<Offer, Error> {
        let connector = self.control.connectors.of(&connection.provider)?;
        let about = connector.about().await?;
        let (collections, (catalogue, series)) = tokio::try_join!(
            connector.collections(access.to_wire(), kind),
            connector.fields(access.to_wire(), kind),
        )?;
        Ok(Offer {
            connection: connection.id,
            name: connection.name.clone(),
            provider: connection.provider.clone(),
            account_id: connection.account_id.clone(),
            missing_rights: connection.missing_rights.clone(),
            about,
            collections,
            catalogue,
            series,
        })
    }
}
