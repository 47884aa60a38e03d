//! The public API: what people and the `rapport` command ask. Every call first finds out for which tenant.

use std::sync::Arc;

use proto::control::{
    AppliedSync, ApplyRequest, ApplyResponse, BeginConnectionRequest, BeginConnectionResponse,
    ChosenPolicy, Connection, DeleteSyncRequest, DeleteSyncResponse, FinishConnectionRequest,
    FinishConnectionResponse, ListConnectionsRequest, ListConnectionsResponse, ListSyncsRequest,
    ListSyncsResponse, SetSyncStateRequest, SetSyncStateResponse, SyncSummary, control_server,
};
use proto::reconcile as of_sync;
use tonic::{Request, Response, Status, Streaming};

use crate::{
    apply::Applied,
    control::Control,
    error::Error,
    ids::TenantId,
    recipe,
    sign_in::Finish,
    store::{
        connections,
        syncs::{self, Sync},
    },
};

/// The `Control` service.
pub(crate) struct Api(pub(crate) Arc<Control>);

impl Api {
    fn tenant<T>(&self, request: &Request<T>, asked: &str) -> Result<TenantId, Error> {
        self.0.tokens.tenant(request.metadata(), asked)
    }
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl control_server::Control for Api {
    async fn begin_connection(
        &self,
        request: Request<BeginConnectionRequest>,
    ) -> Answer<BeginConnectionResponse> {
        let tenant = self.tenant(&request, &request.get_ref().tenant)?;
        let asked = request.into_inner();
        let invitation = self
            .0
            .begin_sign_in(&tenant, &asked.provider, &asked.name, &asked.redirect_uri)
            .await?;
        Ok(Response::new(BeginConnectionResponse {
            url: invitation.url,
            state: invitation.state,
        }))
    }

    async fn finish_connection(
        &self,
        request: Request<FinishConnectionRequest>,
    ) -> Answer<FinishConnectionResponse> {
        let tenant = self.tenant(&request, &request.get_ref().tenant)?;
        let asked = request.into_inner();
        let finish = match (asked.state.is_empty(), asked.secret_json.is_empty()) {
            (false, true) => Finish::Consent {
                state: asked.state,
                parameters: asked.parameters,
            },
            (true, false) => Finish::SecretFile {
                provider: asked.provider,
                name: asked.name,
                json: asked.secret_json,
            },
            _ => {
                let message = "give either the state and parameters of a redirect, or the content of a secret file";
                return Err(Error::Invalid(message.to_owned()).into());
            }
        };
        let connection = self.0.finish_sign_in(&tenant, finish).await?;
        Ok(Response::new(FinishConnectionResponse {
            connection: connection.id.to_string(),
            account_name: connection.account_name,
            missing_rights: connection.missing_rights,
        }))
    }

    async fn list_connections(
        &self,
        request: Request<ListConnectionsRequest>,
    ) -> Answer<ListConnectionsResponse> {
        let tenant = self.tenant(&request, &request.get_ref().tenant)?;
        let mut db = self.0.db.acquire().await.map_err(Error::from)?;
        let stored = connections::all(&mut db, &tenant).await?;
        let connections = stored.into_iter().map(|connection| Connection {
            id: connection.id.to_string(),
            name: connection.name,
            provider: connection.provider,
            account_name: connection.account_name,
            state: connection.state.word().to_owned(),
            missing_rights: connection.missing_rights,
        });
        Ok(Response::new(ListConnectionsResponse {
            connections: connections.collect(),
        }))
    }

    async fn apply(&self, request: Request<ApplyRequest>) -> Answer<ApplyResponse> {
        let tenant = self.tenant(&request, &request.get_ref().tenant)?;
        let ApplyRequest { yaml, dry_run, .. } = request.into_inner();
        let applied = self.0.apply(&tenant, &yaml, dry_run).await?;
        Ok(Response::new(ApplyResponse {
            syncs: applied.into_iter().map(applied_sync).collect(),
        }))
    }

    async fn list_syncs(&self, request: Request<ListSyncsRequest>) -> Answer<ListSyncsResponse> {
        let tenant = self.tenant(&request, &request.get_ref().tenant)?;
        let mut db = self.0.db.acquire().await.map_err(Error::from)?;
        let stored = syncs::all(&mut db, &tenant).await?;
        let syncs = stored.into_iter().map(|sync| SyncSummary {
            policies: chosen_policies(&sync),
            id: sync.id.to_string(),
            left: sync.definition.left.title(),
            right: sync.definition.right.title(),
            name: sync.name,
            recipe: sync.recipe,
            state: sync.state.word().to_owned(),
            generation: sync.generation,
        });
        Ok(Response::new(ListSyncsResponse {
            syncs: syncs.collect(),
        }))
    }

    async fn set_sync_state(
        &self,
        request: Request<SetSyncStateRequest>,
    ) -> Answer<SetSyncStateResponse> {
        let tenant = self.tenant(&request, &request.get_ref().tenant)?;
        let SetSyncStateRequest { sync, state, .. } = request.into_inner();
        self.0.set_sync_state(&tenant, &sync, &state).await?;
        Ok(Response::new(SetSyncStateResponse {}))
    }

    async fn delete_sync(&self, request: Request<DeleteSyncRequest>) -> Answer<DeleteSyncResponse> {
        let tenant = self.tenant(&request, &request.get_ref().tenant)?;
        self.0
            .delete_sync(&tenant, &request.into_inner().sync)
            .await?;
        Ok(Response::new(DeleteSyncResponse {}))
    }

    async fn status(
        &self,
        request: Request<of_sync::StatusRequest>,
    ) -> Answer<of_sync::StatusResponse> {
        let (tenant, sync, asked) = self.authorised(request).await?;
        let mut answer = self.0.reconciler.clone().status(asked).await?;
        if let Some(reason) = self.0.waits_for_person(&tenant, &sync).await? {
            answer.get_mut().reason = reason;
        }
        Ok(answer)
    }

    async fn records(
        &self,
        request: Request<of_sync::RecordsRequest>,
    ) -> Answer<of_sync::RecordsResponse> {
        let (_, _, asked) = self.authorised(request).await?;
        self.0.reconciler.clone().records(asked).await
    }

    async fn history(
        &self,
        request: Request<of_sync::HistoryRequest>,
    ) -> Answer<of_sync::HistoryResponse> {
        let (_, _, asked) = self.authorised(request).await?;
        self.0.reconciler.clone().history(asked).await
    }

    async fn restore(
        &self,
        request: Request<of_sync::RestoreRequest>,
    ) -> Answer<of_sync::RestoreResponse> {
        let (tenant, sync, asked) = self.authorised(request).await?;
        self.0.audit_request(&tenant, &sync, "sync.restore").await?;
        self.0.reconciler.clone().restore(asked).await
    }

    async fn retry(
        &self,
        request: Request<of_sync::RetryRequest>,
    ) -> Answer<of_sync::RetryResponse> {
        let (_, _, asked) = self.authorised(request).await?;
        self.0.reconciler.clone().retry(asked).await
    }

    async fn resume(
        &self,
        request: Request<of_sync::ResumeRequest>,
    ) -> Answer<of_sync::ResumeResponse> {
        let (tenant, sync, asked) = self.authorised(request).await?;
        self.0.audit_request(&tenant, &sync, "sync.resume").await?;
        let answer = self.0.reconciler.clone().resume(asked).await?;
        self.0.announce(&tenant, sync.id).await;
        Ok(answer)
    }

    async fn run(&self, request: Request<of_sync::RunRequest>) -> Answer<of_sync::RunResponse> {
        let (tenant, sync, asked) = self.authorised(request).await?;
        let answer = self.0.reconciler.clone().run(asked).await?;
        // Connectors read both sides at once.
        self.0.announce(&tenant, sync.id).await;
        Ok(answer)
    }

    async fn preview(
        &self,
        request: Request<of_sync::PreviewRequest>,
    ) -> Answer<of_sync::PreviewResponse> {
        let (_, _, asked) = self.authorised(request).await?;
        self.0.reconciler.clone().preview(asked).await
    }

    async fn recover(
        &self,
        request: Request<of_sync::RecoverRequest>,
    ) -> Answer<of_sync::RecoverResponse> {
        self.0.tokens.administrator(request.metadata())?;
        Ok(Response::new(self.0.recover(request.into_inner()).await?))
    }

    type EventsStream = Streaming<of_sync::EventsResponse>;

    async fn events(&self, request: Request<of_sync::EventsRequest>) -> Answer<Self::EventsStream> {
        let (_, _, asked) = self.authorised(request).await?;
        self.0.reconciler.clone().events(asked).await
    }
}

/// Every policy of a sync, and whether its recipe has it so.
fn chosen_policies(sync: &Sync) -> Vec<ChosenPolicy> {
    let recipe = recipe::named(&sync.recipe);
    let usual = recipe.map_or_else(Vec::new, |recipe| recipe.policies.named());
    let named = sync.definition.policies.named().into_iter();
    let chosen = named.map(|(name, value)| ChosenPolicy {
        of_recipe: usual.contains(&(name, value.clone())),
        name: name.to_owned(),
        value,
    });
    chosen.collect()
}

fn applied_sync(applied: Applied) -> AppliedSync {
    AppliedSync {
        sync: applied.sync.to_string(),
        name: applied.name,
        result: applied.outcome.word().to_owned(),
        differences: applied.differences,
    }
}
