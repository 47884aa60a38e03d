//! A connector whose provider has a few accounts. It keeps to the contract: codes are single-use and bound to
//! their verifier, secrets may be replaced, grants can be revoked.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use proto::connector::{
    Access, AuthorizeRequest, AuthorizeResponse, Collection, CollectionsRequest,
    CollectionsResponse, DescribeRequest, DescribeResponse, ExchangeRequest, ExchangeResponse,
    Field, FieldsRequest, FieldsResponse, RenewRequest, RenewResponse, VerifyRequest,
    VerifyResponse,
    connector_server::{Connector, ConnectorServer},
    exchange_request::Grant,
};
use tokio::sync::Semaphore;
use tonic::{Request, Response, Status, service::Routes};

/// What a test can see and change.
#[derive(Debug)]
pub(crate) struct Provider {
    name: &'static str,
    state: Mutex<State>,
    /// Renewals wait for a permit of this.
    pub renewals_allowed: Semaphore,
}

#[derive(Debug)]
struct State {
    challenges: BTreeMap<String, String>,
    redirects: BTreeMap<String, String>,
    codes: BTreeMap<String, (String, String)>,
    secrets: BTreeMap<Vec<u8>, String>,
    tokens: BTreeMap<String, String>,
    missing_rights: Vec<String>,
    fields: Vec<Field>,
    series: String,
    collections: Vec<Collection>,
    replaces_secrets: bool,
    token_seconds: u32,
    issued: u32,
    renewals: u32,
    begun_renewals: u32,
}

/// Starts a connector; the URL is where it answers.
pub(crate) async fn start(
    name: &'static str,
    collections: &[(&str, &str, &str)],
    fields: &[(&str, bool)],
) -> (Arc<Provider>, String) {
    let collection = |(id, name, form): &(&str, &str, &str)| Collection {
        id: (*id).to_owned(),
        name: (*name).to_owned(),
        form: (*form).to_owned(),
    };
    let field = |(path, writable): &(&str, bool)| Field {
        path: (*path).to_owned(),
        name: (*path).to_owned(),
        readable: true,
        writable: *writable,
        ..Field::default()
    };
    let provider = Arc::new(Provider {
        name,
        renewals_allowed: Semaphore::new(Semaphore::MAX_PERMITS),
        state: Mutex::new(State {
            challenges: BTreeMap::new(),
            redirects: BTreeMap::new(),
            codes: BTreeMap::new(),
            secrets: BTreeMap::new(),
            tokens: BTreeMap::new(),
            missing_rights: Vec::new(),
            fields: fields.iter().map(field).collect(),
            series: String::new(),
            collections: collections.iter().map(collection).collect(),
            replaces_secrets: false,
            token_seconds: 3600,
            issued: 0,
            renewals: 0,
            begun_renewals: 0,
        }),
    });
    let service = ConnectorServer::from_arc(Arc::new(Double(Arc::clone(&provider))));
    let address = super::serve(Routes::new(service)).await;
    (provider, format!("http://{address}"))
}

impl Provider {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// A person with this account consents at the address that a sign-in gave; what comes back is the code.
    pub(crate) fn consent(&self, url: &str, account: &str) -> String {
        let state_parameter = url.split_once("state=").unwrap().1.to_owned();
        let mut state = self.state();
        let challenge = state.challenges.remove(&state_parameter).unwrap();
        state.issued += 1;
        let code = format!("code-{}", state.issued);
        state
            .codes
            .insert(code.clone(), (challenge, account.to_owned()));
        code
    }

    /// Where a sign-in asked to be sent back to, and its state.
    pub(crate) fn asked_to_redirect(&self, url: &str) -> (String, String) {
        let state = url.split_once("state=").unwrap().1.to_owned();
        (self.state().redirects[&state].clone(), state)
    }

    /// The account withdraws every grant.
    pub(crate) fn revoke(&self, account: &str) {
        let mut state = self.state();
        state.secrets.retain(|_, of| of != account);
        state.tokens.retain(|_, of| of != account);
    }

    /// Access tokens that were issued end at once, without saying so.
    pub(crate) fn end_tokens(&self) {
        self.state().tokens.clear();
    }

    pub(crate) fn replace_secrets(&self) {
        self.state().replaces_secrets = true;
    }

    pub(crate) fn issue_short_tokens(&self, seconds: u32) {
        self.state().token_seconds = seconds;
    }

    pub(crate) fn withhold_right(&self, right: &str) {
        self.state().missing_rights.push(right.to_owned());
    }

    /// What the account can hold of a series.
    pub(crate) fn hold_of_series(&self, limits: &str) {
        limits.clone_into(&mut self.state().series);
    }

    pub(crate) fn add_field(&self, path: &str) {
        self.add_field_that(path, true);
    }

    /// A field that can be read, and perhaps written.
    pub(crate) fn add_field_that(&self, path: &str, writable: bool) {
        let mut state = self.state();
        state.fields.retain(|field| field.path != path);
        state.fields.push(Field {
            path: path.to_owned(),
            readable: true,
            writable,
            ..Field::default()
        });
    }

    pub(crate) fn add_collection(&self, id: &str, name: &str, form: &str) {
        self.state().collections.push(Collection {
            id: id.to_owned(),
            name: name.to_owned(),
            form: form.to_owned(),
        });
    }

    pub(crate) fn renewals(&self) -> u32 {
        self.state().renewals
    }

    pub(crate) fn begun_renewals(&self) -> u32 {
        self.state().begun_renewals
    }

    pub(crate) fn accepts(&self, token: &str) -> bool {
        self.state().tokens.contains_key(token)
    }
}

impl State {
    fn new_secret(&mut self, account: &str) -> Vec<u8> {
        self.issued += 1;
        let secret = format!("secret-{}-{account}", self.issued).into_bytes();
        self.secrets.insert(secret.clone(), account.to_owned());
        secret
    }

    fn account(&self, access: Option<Access>) -> Result<String, Status> {
        let token = access.unwrap_or_default().access_token;
        let account = self.tokens.get(&token).cloned();
        account.ok_or_else(|| Status::unauthenticated("the token is not valid"))
    }
}

struct Double(Arc<Provider>);

#[tonic::async_trait]
impl Connector for Double {
    async fn describe(
        &self,
        _: Request<DescribeRequest>,
    ) -> Result<Response<DescribeResponse>, Status> {
        Ok(Response::new(DescribeResponse {
            provider: self.0.name.to_owned(),
            display_name: self.0.name.to_uppercase(),
            kinds: vec!["contact".to_owned()],
            horizon_seconds: 120,
            request_timeout_seconds: 30,
            carries_marker: true,
        }))
    }

    async fn authorize(
        &self,
        request: Request<AuthorizeRequest>,
    ) -> Result<Response<AuthorizeResponse>, Status> {
        let asked = request.into_inner();
        let mut state = self.0.state();
        state
            .challenges
            .insert(asked.state.clone(), asked.code_challenge);
        state
            .redirects
            .insert(asked.state.clone(), asked.redirect_uri);
        Ok(Response::new(AuthorizeResponse {
            url: format!(
                "https://{}.example/consent?state={}",
                self.0.name, asked.state
            ),
        }))
    }

    async fn exchange(
        &self,
        request: Request<ExchangeRequest>,
    ) -> Result<Response<ExchangeResponse>, Status> {
        let mut state = self.0.state();
        let account = match request.into_inner().grant {
            Some(Grant::Code(code)) => {
                let refused = || Status::invalid_argument("the code is not valid");
                let (challenge, account) = state.codes.remove(&code.code).ok_or_else(refused)?;
                let verified =
                    BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, code.code_verifier.as_bytes()));
                if verified != challenge {
                    return Err(refused());
                }
                account
            }
            Some(Grant::SecretJson(json)) => {
                let account = json
                    .strip_prefix("{\"account\":\"")
                    .and_then(|rest| rest.strip_suffix("\"}"));
                let refused = || Status::invalid_argument("the secret file lacks \"account\"");
                account.ok_or_else(refused)?.to_owned()
            }
            None => return Err(Status::invalid_argument("no grant")),
        };
        let secret = state.new_secret(&account);
        Ok(Response::new(ExchangeResponse {
            secret,
            account_id: format!("id-of-{account}"),
            account_name: format!("{account} of {}", self.0.name),
        }))
    }

    async fn renew(
        &self,
        request: Request<RenewRequest>,
    ) -> Result<Response<RenewResponse>, Status> {
        self.0.state().begun_renewals += 1;
        let _permit = self.0.renewals_allowed.acquire().await.unwrap();
        let mut state = self.0.state();
        state.renewals += 1;
        let secret = request.into_inner().secret;
        let account = state.secrets.get(&secret).cloned();
        let account = account.ok_or_else(|| Status::unauthenticated("the grant was revoked"))?;
        let mut replacement_secret = Vec::new();
        if state.replaces_secrets {
            state.secrets.remove(&secret);
            replacement_secret = state.new_secret(&account);
        }
        state.issued += 1;
        let access_token = format!("token-{}-{account}", state.issued);
        state.tokens.insert(access_token.clone(), account);
        Ok(Response::new(RenewResponse {
            access: Some(Access {
                access_token,
                api_base: format!("https://api.{}.example", self.0.name),
            }),
            expires_in_seconds: state.token_seconds,
            replacement_secret,
        }))
    }

    async fn verify(
        &self,
        request: Request<VerifyRequest>,
    ) -> Result<Response<VerifyResponse>, Status> {
        let state = self.0.state();
        let account = state.account(request.into_inner().access)?;
        Ok(Response::new(VerifyResponse {
            account_id: format!("id-of-{account}"),
            account_name: format!("{account} of {}", self.0.name),
            missing_rights: state.missing_rights.clone(),
        }))
    }

    async fn collections(
        &self,
        request: Request<CollectionsRequest>,
    ) -> Result<Response<CollectionsResponse>, Status> {
        let state = self.0.state();
        state.account(request.into_inner().access)?;
        Ok(Response::new(CollectionsResponse {
            collections: state.collections.clone(),
        }))
    }

    async fn fields(
        &self,
        request: Request<FieldsRequest>,
    ) -> Result<Response<FieldsResponse>, Status> {
        let state = self.0.state();
        state.account(request.into_inner().access)?;
        Ok(Response::new(FieldsResponse {
            fields: state.fields.clone(),
            series: state.series.clone(),
        }))
    }
}
