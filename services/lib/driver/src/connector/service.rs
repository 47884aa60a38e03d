//! The gRPC service `Connector`: a provider's sign-in and offers, for control. Stateless.

use std::{str::FromStr as _, sync::Arc};

use proto::connector::{
    self as wire, AuthorizeRequest, AuthorizeResponse, CollectionsRequest, CollectionsResponse,
    DescribeRequest, DescribeResponse, ExchangeRequest, ExchangeResponse, FieldsRequest,
    FieldsResponse, RenewRequest, RenewResponse, VerifyRequest, VerifyResponse,
    connector_server::{self, ConnectorServer},
    exchange_request,
};
use provider::{Access, Fault, Grant, Lane, Session};
use secrecy::{ExposeSecret as _, SecretString};
use tonic::{Request, Response, Status};
use url::Url;

use super::Connector;
use crate::wire::status;

/// Serves on the configured address until the process stops.
pub(super) async fn serve(connector: Arc<Connector>) -> anyhow::Result<()> {
    let (process, settings) = (connector.process.clone(), connector.settings.grpc.clone());
    let mut routes = kit::grpc::Routes::builder();
    routes.add_service(ConnectorServer::new(Service(connector)));
    kit::grpc::serve(&process, &settings, routes.routes()).await?;
    Ok(())
}

struct Service(Arc<Connector>);

impl Service {
    fn session<'a>(&'a self, access: &'a Access) -> Session<'a> {
        Session {
            access,
            account_id: "",
            lane: Lane::Person,
            http: &self.0.http,
            begin_before: None,
        }
    }

    fn kind<'a>(&self, kind: &'a str) -> Result<&'a str, Status> {
        let about = &self.0.about;
        if about.kinds.contains(&kind) {
            return Ok(kind);
        }
        let kinds = about.kinds.join(", ");
        Err(Status::invalid_argument(format!(
            "{} holds: {kinds}",
            about.display_name
        )))
    }
}

fn access(access: Option<wire::Access>) -> Result<Access, Status> {
    let access = access.ok_or_else(|| Status::invalid_argument("the access is missing"))?;
    let api_base = match access.api_base.as_str() {
        "" => None,
        base => {
            let base = Url::from_str(base);
            Some(base.map_err(|_| Status::invalid_argument("the API base is not a URL"))?)
        }
    };
    Ok(Access::new(
        SecretString::from(access.access_token),
        api_base,
    ))
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err asks for"
)]
fn refused(fault: Fault) -> Status {
    tracing::info!(fault = fault.word(), "a call for control failed");
    status(&fault)
}

#[tonic::async_trait]
impl connector_server::Connector for Service {
    async fn describe(
        &self,
        _request: Request<DescribeRequest>,
    ) -> Result<Response<DescribeResponse>, Status> {
        let about = &self.0.about;
        let seconds = |time: std::time::Duration| u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
        Ok(Response::new(DescribeResponse {
            provider: about.provider.to_owned(),
            display_name: about.display_name.to_owned(),
            kinds: about.kinds.iter().map(ToString::to_string).collect(),
            horizon_seconds: seconds(about.horizon),
            request_timeout_seconds: seconds(about.request_timeout),
            carries_marker: about.carries_marker,
        }))
    }

    async fn authorize(
        &self,
        request: Request<AuthorizeRequest>,
    ) -> Result<Response<AuthorizeResponse>, Status> {
        let AuthorizeRequest {
            redirect_uri,
            state,
            code_challenge,
        } = request.into_inner();
        let url = self
            .0
            .provider
            .authorize_url(&redirect_uri, &state, &code_challenge)
            .await;
        Ok(Response::new(AuthorizeResponse {
            url: url.map_err(refused)?.into(),
        }))
    }

    async fn exchange(
        &self,
        request: Request<ExchangeRequest>,
    ) -> Result<Response<ExchangeResponse>, Status> {
        let grant = match request.into_inner().grant {
            Some(exchange_request::Grant::Code(code)) => Grant::Code {
                code: SecretString::from(code.code),
                redirect_uri: code.redirect_uri,
                code_verifier: SecretString::from(code.code_verifier),
                parameters: code.parameters.into_iter().collect(),
            },
            Some(exchange_request::Grant::SecretJson(json)) => {
                Grant::SecretFile(SecretString::from(json))
            }
            None => return Err(Status::invalid_argument("the grant is missing")),
        };
        let signed_in = self
            .0
            .provider
            .exchange(&self.0.http, grant)
            .await
            .map_err(refused)?;
        Ok(Response::new(ExchangeResponse {
            secret: signed_in.secret,
            account_id: signed_in.account.id,
            account_name: signed_in.account.name,
        }))
    }

    async fn renew(
        &self,
        request: Request<RenewRequest>,
    ) -> Result<Response<RenewResponse>, Status> {
        let secret = request.into_inner().secret;
        let renewed = self
            .0
            .provider
            .renew(&self.0.http, &secret)
            .await
            .map_err(refused)?;
        Ok(Response::new(RenewResponse {
            access: Some(wire::Access {
                access_token: renewed.access.token.expose_secret().to_owned(),
                api_base: renewed
                    .access
                    .api_base
                    .map(String::from)
                    .unwrap_or_default(),
            }),
            expires_in_seconds: u32::try_from(renewed.expires_in.as_secs()).unwrap_or(u32::MAX),
            replacement_secret: renewed.replacement.unwrap_or_default(),
        }))
    }

    async fn verify(
        &self,
        request: Request<VerifyRequest>,
    ) -> Result<Response<VerifyResponse>, Status> {
        let access = access(request.into_inner().access)?;
        let account = self
            .0
            .provider
            .verify(self.session(&access))
            .await
            .map_err(refused)?;
        Ok(Response::new(VerifyResponse {
            account_id: account.id,
            account_name: account.name,
            missing_rights: account.missing_rights,
        }))
    }

    async fn collections(
        &self,
        request: Request<CollectionsRequest>,
    ) -> Result<Response<CollectionsResponse>, Status> {
        let request = request.into_inner();
        let access = access(request.access)?;
        let kind = self.kind(&request.kind)?;
        let collections = self
            .0
            .provider
            .collections(self.session(&access), kind)
            .await;
        let collections = collections.map_err(refused)?.into_iter();
        Ok(Response::new(CollectionsResponse {
            collections: collections
                .map(|collection| wire::Collection {
                    id: collection.id,
                    name: collection.name,
                    form: collection.form,
                })
                .collect(),
        }))
    }

    async fn fields(
        &self,
        request: Request<FieldsRequest>,
    ) -> Result<Response<FieldsResponse>, Status> {
        let request = request.into_inner();
        let access = access(request.access)?;
        let kind = self.kind(&request.kind)?;
        let (session, provider) = (self.session(&access), &self.0.provider);
        let fields = provider.fields(session, kind).await.map_err(refused)?;
        let mut answer = FieldsResponse::from(fields);
        if kind == model::event::KIND {
            let limits = provider.series(session).await.map_err(refused)?;
            answer.series = limits.map(|limits| limits.to_string()).unwrap_or_default();
        }
        Ok(Response::new(answer))
    }
}
