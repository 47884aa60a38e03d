//! The gRPC service `Connector`.

use pretty_assertions::assert_eq;
use proto::connector::{
    Access, AuthorizationCode, AuthorizeRequest, CollectionsRequest, DescribeRequest,
    ExchangeRequest, FieldsRequest, RenewRequest, VerifyRequest, connector_client::ConnectorClient,
    exchange_request::Grant,
};
use tonic::Code;

use crate::stage::{Role, Stage};

async fn client() -> (Stage, Role, ConnectorClient<kit::grpc::Client>) {
    let stage = Stage::new().await;
    let connector = stage.connector().await;
    let address = connector.process.address("grpc").unwrap();
    let client = kit::grpc::client(&format!("http://{address}")).unwrap();
    (stage, connector, ConnectorClient::new(client))
}

fn access(token: &str) -> Access {
    Access {
        access_token: token.into(),
        api_base: "https://eu.memory.example".into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_says_what_it_is_and_what_an_account_offers() {
    let (_stage, _connector, mut client) = client().await;
    let about = client
        .describe(DescribeRequest {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (about.provider.as_str(), about.horizon_seconds),
        ("memory", 90)
    );
    assert_eq!(
        (about.kinds, about.request_timeout_seconds),
        (vec!["contact".to_owned()], 5)
    );
    assert!(about.carries_marker);

    let request = VerifyRequest {
        access: Some(access("t")),
    };
    let account = client.verify(request).await.unwrap().into_inner();
    assert_eq!(
        (account.account_id.as_str(), account.missing_rights.len()),
        ("account-1", 1)
    );

    let request = CollectionsRequest {
        access: Some(access("t")),
        kind: "contact".into(),
    };
    let collections = client
        .collections(request)
        .await
        .unwrap()
        .into_inner()
        .collections;
    assert_eq!(collections[0].form, "group");
    let request = FieldsRequest {
        access: Some(access("t")),
        kind: "contact".into(),
    };
    let fields = client.fields(request).await.unwrap().into_inner().fields;
    assert_eq!(
        (fields[0].path.as_str(), fields[0].max_length),
        ("emails[work]", 100)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_and_access_is_renewed() {
    let (_stage, _connector, mut client) = client().await;
    let request = AuthorizeRequest {
        redirect_uri: "http://127.0.0.1:1/back".into(),
        state: "st".into(),
        code_challenge: "ch".into(),
    };
    let url = client.authorize(request).await.unwrap().into_inner().url;
    assert!(
        url.contains("code_challenge=ch") && url.contains("state=st"),
        "{url}"
    );

    let code = AuthorizationCode {
        code: "good".into(),
        ..AuthorizationCode::default()
    };
    let request = ExchangeRequest {
        grant: Some(Grant::Code(code)),
    };
    let signed_in = client.exchange(request).await.unwrap().into_inner();
    assert_eq!(signed_in.secret, b"good");

    let request = RenewRequest {
        secret: signed_in.secret,
    };
    let renewed = client.renew(request).await.unwrap().into_inner();
    assert_eq!(
        (renewed.expires_in_seconds, renewed.replacement_secret),
        (3600, b"next".to_vec())
    );
    assert_eq!(
        renewed.access.unwrap().api_base,
        "https://eu.memory.example/"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_has_a_clear_status_and_tells_no_secret() {
    let (stage, _connector, mut client) = client().await;
    let status = client
        .renew(RenewRequest {
            secret: b"revoked".to_vec(),
        })
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    assert!(status.message().contains("revoked"), "{status}");

    let request = ExchangeRequest {
        grant: Some(Grant::SecretJson("wrong".into())),
    };
    let status = client.exchange(request).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    let status = client
        .exchange(ExchangeRequest::default())
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);

    let status = client.verify(VerifyRequest::default()).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let access = Access {
        access_token: "t".into(),
        api_base: "no url".into(),
    };
    let status = client
        .verify(VerifyRequest {
            access: Some(access),
        })
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);

    stage
        .memory
        .state()
        .refused_tokens
        .insert("very-secret-token".into());
    let request = VerifyRequest {
        access: Some(self::access("very-secret-token")),
    };
    let status = client.verify(request).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    assert!(!status.message().contains("very-secret"), "{status}");

    let request = FieldsRequest {
        access: Some(self::access("t")),
        kind: "invoice".into(),
    };
    let status = client.fields(request).await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::InvalidArgument, "Memory holds: contact")
    );
}
