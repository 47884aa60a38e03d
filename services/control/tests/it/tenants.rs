//! One tenant never sees or opens what is another's.

use proto::control::{
    AccessTokenRequest, BeginConnectionRequest, FinishConnectionRequest, ListConnectionsRequest,
    SyncsRequest, definitions_client::DefinitionsClient,
};
use tonic::{Code, Status};

use crate::stage::{Stage, parameters_of, with_token};

const ACME: &str = "0123456789abcdef-acme";
const OTHER: &str = "0123456789abcdef-other";

async fn two_tenants() -> Stage {
    Stage::start_with(|settings| {
        settings.tenant_tokens = Some(format!("acme:{ACME},other:{OTHER}").into());
        settings.service_token = Some("service-token".into());
    })
    .await
}

async fn sign_in(
    stage: &Stage,
    begins: &str,
    finishes: &str,
    account: &str,
) -> Result<String, Status> {
    let mut control = stage.control.clone();
    let begin = BeginConnectionRequest {
        provider: "google".to_owned(),
        name: "suite".to_owned(),
        ..BeginConnectionRequest::default()
    };
    let begun = control
        .begin_connection(with_token(begin, begins))
        .await?
        .into_inner();
    let code = stage.google.consent(&begun.url, account);
    let finish = FinishConnectionRequest {
        state: begun.state,
        parameters: parameters_of(&[("code", &code)]),
        ..FinishConnectionRequest::default()
    };
    let finished = control
        .finish_connection(with_token(finish, finishes))
        .await?;
    Ok(finished.into_inner().connection)
}

async fn token(stage: &Stage, tenant: &str, connection: &str) -> Result<String, Status> {
    let request = AccessTokenRequest {
        tenant: tenant.to_owned(),
        connection: connection.to_owned(),
        refused_token: String::new(),
    };
    let answer = stage
        .definitions
        .clone()
        .access_token(with_token(request, "service-token"))
        .await?;
    Ok(answer.into_inner().access_token)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_acts_for_the_tenant_of_its_token_and_no_other() {
    let stage = two_tenants().await;
    sign_in(&stage, ACME, ACME, "ana").await.unwrap();
    let list = |token, tenant: &str| {
        let request = ListConnectionsRequest {
            tenant: tenant.to_owned(),
        };
        let mut control = stage.control.clone();
        async move { control.list_connections(with_token(request, token)).await }
    };
    assert_eq!(
        list(ACME, "").await.unwrap().into_inner().connections.len(),
        1
    );
    assert!(
        list(OTHER, "")
            .await
            .unwrap()
            .into_inner()
            .connections
            .is_empty()
    );
    assert_eq!(
        list(OTHER, "acme").await.unwrap_err().code(),
        Code::PermissionDenied
    );
    assert_eq!(
        list("nobody-knows-this-one", "acme")
            .await
            .unwrap_err()
            .code(),
        Code::Unauthenticated
    );
    let bare = stage
        .control
        .clone()
        .list_connections(ListConnectionsRequest::default())
        .await;
    assert_eq!(bare.unwrap_err().code(), Code::Unauthenticated);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_is_finished_by_the_tenant_that_began_it() {
    let stage = two_tenants().await;
    let refused = sign_in(&stage, ACME, OTHER, "ana").await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_swapped_between_tenants_does_not_open() {
    let stage = two_tenants().await;
    let ana = sign_in(&stage, ACME, ACME, "ana").await.unwrap();
    let bob = sign_in(&stage, OTHER, OTHER, "bob").await.unwrap();
    token(&stage, "acme", &ana).await.unwrap();
    sqlx::query(
        "UPDATE control.connections c SET secret = o.secret, token = NULL \
         FROM control.connections o WHERE o.tenant <> c.tenant",
    )
    .execute(&stage.database.pool)
    .await
    .unwrap();
    let renewals = stage.google.renewals();
    for (tenant, connection) in [("acme", &ana), ("other", &bob)] {
        let refused = token(&stage, tenant, connection).await.unwrap_err();
        assert_eq!(refused.code(), Code::Internal);
        assert!(
            refused.message().contains("does not open"),
            "{}",
            refused.message()
        );
    }
    assert_eq!(stage.google.renewals(), renewals);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_connection_does_not_exist() {
    let stage = two_tenants().await;
    let ana = sign_in(&stage, ACME, ACME, "ana").await.unwrap();
    assert_eq!(
        token(&stage, "other", &ana).await.unwrap_err().code(),
        Code::NotFound
    );
    let again = sign_in(&stage, OTHER, OTHER, "ana").await.unwrap();
    assert_ne!(
        ana, again,
        "the same account is another connection in another tenant"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_services_read_definitions_and_tokens() {
    let stage = two_tenants().await;
    let refused = stage
        .definitions
        .clone()
        .syncs(SyncsRequest::default())
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    let as_tenant = with_token(SyncsRequest::default(), ACME);
    assert!(stage.definitions.clone().syncs(as_tenant).await.is_err());
    let call = |token: Option<&str>| {
        let token = token.map(Into::into);
        let client = kit::grpc::client_with_token(&stage.url(), token.as_ref()).unwrap();
        async move {
            DefinitionsClient::new(client)
                .syncs(SyncsRequest::default())
                .await
        }
    };
    assert!(call(Some("service-token")).await.is_ok());
    for stranger in [None, Some("another-token")] {
        let refused = call(stranger).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated);
    }
}
