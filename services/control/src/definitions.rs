//! What the other services read: definitions and access tokens.

use std::sync::Arc;

use proto::control::{
    AccessTokenRequest, AccessTokenResponse, ReportUnauthorisedRequest, ReportUnauthorisedResponse,
    SideDefinition, SyncDefinition, SyncsRequest, SyncsResponse, definitions_server,
};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::PgConnection;
use tonic::{Request, Response, Status};

use crate::{
    connectors::Connector,
    control::Control,
    error::Error,
    ids::{ConnectionId, TenantId},
    store::{
        syncs::{self, State, Sync},
        tenants,
    },
};

/// The `Definitions` service.
pub(crate) struct Definitions(pub(crate) Arc<Control>);

#[tonic::async_trait]
impl definitions_server::Definitions for Definitions {
    async fn syncs(
        &self,
        request: Request<SyncsRequest>,
    ) -> Result<Response<SyncsResponse>, Status> {
        self.0.tokens.service(request.metadata())?;
        let SyncsRequest { provider, sync } = request.into_inner();
        Ok(Response::new(SyncsResponse {
            syncs: self.0.definitions(&provider, &sync).await?,
        }))
    }

    async fn access_token(
        &self,
        request: Request<AccessTokenRequest>,
    ) -> Result<Response<AccessTokenResponse>, Status> {
        self.0.tokens.service(request.metadata())?;
        let asked = request.into_inner();
        let (tenant, connection) = connection(&asked.tenant, &asked.connection)?;
        let refused =
            (!asked.refused_token.is_empty()).then(|| SecretString::from(asked.refused_token));
        let access = self.0.access(&tenant, connection, refused.as_ref()).await?;
        Ok(Response::new(AccessTokenResponse {
            access_token: access.token.expose_secret().to_owned(),
            api_base: access.api_base,
            expires_at_micros: access.expires_at.as_microsecond(),
            account_id: access.account_id,
        }))
    }

    async fn report_unauthorised(
        &self,
        request: Request<ReportUnauthorisedRequest>,
    ) -> Result<Response<ReportUnauthorisedResponse>, Status> {
        self.0.tokens.service(request.metadata())?;
        let asked = request.into_inner();
        let (tenant, connection) = connection(&asked.tenant, &asked.connection)?;
        self.0
            .set_unauthorised(&tenant, connection, &asked.reason)
            .await?;
        Ok(Response::new(ReportUnauthorisedResponse {}))
    }
}

fn connection(tenant: &str, connection: &str) -> Result<(TenantId, ConnectionId), Error> {
    let tenant = TenantId::parse(tenant).map_err(|error| Error::Invalid(error.to_string()))?;
    let connection = connection
        .parse()
        .map_err(|_| Error::Invalid("a connection is named by its id".to_owned()))?;
    Ok((tenant, ConnectionId(connection)))
}

impl Control {
    /// Every sync that has not ended; only those of one provider or the one sync, if named.
    async fn definitions(&self, provider: &str, sync: &str) -> Result<Vec<SyncDefinition>, Error> {
        let mut db = self.db.acquire().await?;
        let mut definitions = Vec::new();
        for known in syncs::known_to_services(&mut db).await? {
            let sides = [&known.definition.left, &known.definition.right];
            let of_provider =
                provider.is_empty() || sides.iter().any(|side| side.provider == provider);
            if of_provider && (sync.is_empty() || known.id.to_string() == sync) {
                definitions.push(self.definition(&mut db, known).await?);
            }
        }
        Ok(definitions)
    }

    async fn definition(&self, db: &mut PgConnection, sync: Sync) -> Result<SyncDefinition, Error> {
        let hash_key = tenants::hash_key(db, &self.keys, &sync.tenant).await?;
        let state = match sync.state {
            State::Active if self.waits_for_right(db, &sync).await?.is_some() => State::Paused,
            state => state,
        };
        let mut definition = SyncDefinition {
            tenant: sync.tenant.to_string(),
            sync: sync.id.to_string(),
            name: sync.name,
            generation: sync.generation,
            state: state.word().to_owned(),
            hash_key,
            ..sync.definition.to_wire()
        };
        for side in [&mut definition.left, &mut definition.right]
            .into_iter()
            .flatten()
        {
            self.refresh(side);
        }
        Ok(definition)
    }

    /// What the connector says by now of its provider, in place of what it said when the sync was applied.
    fn refresh(&self, side: &mut SideDefinition) {
        let known = self.connectors.of(&side.provider).ok();
        if let Some(about) = known.and_then(Connector::remembered) {
            side.horizon_seconds = about.horizon_seconds;
            side.request_timeout_seconds = about.request_timeout_seconds;
            side.carries_marker = about.carries_marker;
        }
    }
}
