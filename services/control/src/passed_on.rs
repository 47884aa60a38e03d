//! What is asked of a sync and answered by the reconciler: control authorises it and passes it on.

use proto::reconcile::{
    EventsRequest, HistoryRequest, PreviewRequest, RecordsRequest, RestoreRequest, ResumeRequest,
    RetryRequest, RunRequest, StatusRequest, SyncRef,
};
use tonic::Request;

use crate::{
    api::Api,
    control::Control,
    error::Error,
    ids::TenantId,
    store::{
        audit::{self, Actor},
        connections::{self, State},
        syncs::{self, Sync},
    },
};

/// A request about one sync.
pub(crate) trait AboutSync {
    /// Where the request says which sync it is about.
    fn sync(&mut self) -> &mut SyncRef;
}

macro_rules! about_sync {
    ($($request:ty),+) => {
        $(impl AboutSync for $request {
            fn sync(&mut self) -> &mut SyncRef {
                self.sync.get_or_insert_default()
            }
        })+
    };
}

about_sync!(
    StatusRequest,
    RecordsRequest,
    HistoryRequest,
    RestoreRequest,
    RetryRequest,
    ResumeRequest,
    RunRequest,
    PreviewRequest,
    EventsRequest
);

impl Api {
    /// The request as the reconciler takes it: the caller may act for the tenant, and the sync, which callers may
    /// call by its name, exists there.
    pub(crate) async fn authorised<R: AboutSync>(
        &self,
        request: Request<R>,
    ) -> Result<(TenantId, Sync, R), Error> {
        let (metadata, _extensions, mut asked) = request.into_parts();
        let about = asked.sync();
        let tenant = self.0.tokens.tenant(&metadata, &about.tenant)?;
        let sync = self.0.sync(&tenant, &about.sync).await?;
        *about = SyncRef {
            tenant: tenant.to_string(),
            sync: sync.id.to_string(),
        };
        Ok((tenant, sync, asked))
    }
}

impl Control {
    /// Writes down that a person asked for something that the reconciler does.
    pub(crate) async fn audit_request(
        &self,
        tenant: &TenantId,
        sync: &Sync,
        action: &str,
    ) -> Result<(), Error> {
        let mut db = self.db.acquire().await?;
        let entry = audit::Entry {
            actor: Actor::Tenant,
            action,
            subject: sync.id.0,
            detail: &[],
        };
        audit::write(&mut db, tenant, entry).await
    }

    /// Why a sync waits for a person to sign in or to grant a right, if it does.
    pub(crate) async fn waits_for_person(
        &self,
        tenant: &TenantId,
        sync: &Sync,
    ) -> Result<Option<String>, Error> {
        let mut db = self.db.acquire().await?;
        for side in [&sync.definition.left, &sync.definition.right] {
            let connection = connections::get(&mut db, tenant, side.connection()).await?;
            if let Some(connection) = connection
                && let State::Unauthorised(reason) = &connection.state
            {
                return Ok(Some(format!(
                    "connection \"{}\" must sign in again ({reason}): run `rapport connect {} --name {}`",
                    connection.name, connection.provider, connection.name
                )));
            }
        }
        if sync.state == syncs::State::Active {
            return self.waits_for_right(&mut db, sync).await;
        }
        Ok(None)
    }
}
