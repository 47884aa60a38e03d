//! The connectors, learnt from configured addresses. What a provider is, its connector says itself.

use std::{
    collections::BTreeMap,
    str::FromStr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use model::{Catalogue, CatalogueEntry, Path};
use proto::connector::{
    self as wire, AuthorizeRequest, CollectionsRequest, DescribeRequest, ExchangeRequest,
    FieldsRequest, RenewRequest, VerifyRequest, connector_client::ConnectorClient,
};
use tonic::{Code, Status};

use crate::{definition::About, error::Error};

/// For how long a connector's description is not asked for again.
const FRESH: Duration = Duration::from_mins(10);
const ATTEMPTS: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Where the connector of a provider answers: `google=http://127.0.0.1:7002`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectorAddress {
    /// The provider's name.
    pub provider: String,
    /// The URL of its gRPC server.
    pub url: String,
}

impl FromStr for ConnectorAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((provider, url)) if !provider.is_empty() && !url.is_empty() => Ok(Self {
                provider: provider.to_owned(),
                url: url.to_owned(),
            }),
            _ => Err("write PROVIDER=URL, for example google=http://127.0.0.1:7002".to_owned()),
        }
    }
}

/// The connectors by provider.
#[derive(Debug)]
pub(crate) struct Connectors(BTreeMap<String, Connector>);

impl Connectors {
    pub(crate) fn new(addresses: &[ConnectorAddress]) -> Result<Self, kit::grpc::ClientError> {
        let mut connectors = BTreeMap::new();
        for ConnectorAddress { provider, url } in addresses {
            let connector = Connector {
                provider: provider.clone(),
                client: ConnectorClient::new(kit::grpc::client(url)?),
                described: Mutex::default(),
            };
            connectors.insert(provider.clone(), connector);
        }
        Ok(Self(connectors))
    }

    /// The connector of this provider.
    pub(crate) fn of(&self, provider: &str) -> Result<&Connector, Error> {
        self.0.get(provider).ok_or_else(|| {
            let known: Vec<&str> = self.0.keys().map(String::as_str).collect();
            Error::NotFound(format!(
                "there is no provider \"{provider}\"; there are: {}",
                known.join(", ")
            ))
        })
    }

    /// Every connector.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Connector> {
        self.0.values()
    }
}

/// The connector of one provider.
#[derive(Debug)]
pub(crate) struct Connector {
    provider: String,
    client: ConnectorClient<kit::grpc::Client>,
    described: Mutex<Option<(Instant, About)>>,
}

/// A secret for which a person consented, and whose it is.
#[derive(Debug)]
pub(crate) struct SignedIn {
    pub(crate) secret: Vec<u8>,
    pub(crate) account_id: String,
}

impl Connector {
    /// The provider's name.
    pub(crate) fn provider(&self) -> &str {
        &self.provider
    }

    /// What the provider is; asked for when first needed, and again from time to time.
    pub(crate) async fn about(&self) -> Result<About, Error> {
        if let Some((at, about)) = *self.memory()
            && at.elapsed() < FRESH
        {
            return Ok(about);
        }
        let doing = format!("ask the {} connector what it is", self.provider);
        let mut pause = FIRST_PAUSE;
        let mut attempt = 1;
        let described = loop {
            match self.client.clone().describe(DescribeRequest {}).await {
                Ok(answer) => break answer.into_inner(),
                Err(status) if attempt < ATTEMPTS && passes(&status) => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                    attempt += 1;
                }
                Err(status) => {
                    return self
                        .remembered()
                        .ok_or_else(|| Error::from_peer(&doing, &status));
                }
            }
        };
        if described.provider != self.provider {
            return Err(Error::Refused(format!(
                "the connector at the address of \"{}\" is that of \"{}\": correct the setting",
                self.provider, described.provider
            )));
        }
        let about = About {
            horizon_seconds: described.horizon_seconds,
            request_timeout_seconds: described.request_timeout_seconds,
            carries_marker: described.carries_marker,
        };
        *self.memory() = Some((Instant::now(), about));
        Ok(about)
    }

    /// What the provider was when it was last asked, if ever.
    pub(crate) fn remembered(&self) -> Option<About> {
        self.memory().map(|(_, about)| about)
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Option<(Instant, About)>> {
        self.described
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Where to send a person to consent; empty if the provider wants a secret file instead.
    pub(crate) async fn authorize(&self, request: AuthorizeRequest) -> Result<String, Error> {
        let doing = format!("begin to sign in to {}", self.provider);
        let answer = self.client.clone().authorize(request).await;
        Ok(answer
            .map_err(|status| Error::from_peer(&doing, &status))?
            .into_inner()
            .url)
    }

    /// Turns consent or a secret file into a stored secret.
    pub(crate) async fn exchange(
        &self,
        grant: wire::exchange_request::Grant,
    ) -> Result<SignedIn, Error> {
        let doing = format!("sign in to {}", self.provider);
        let request = ExchangeRequest { grant: Some(grant) };
        let answer = self.client.clone().exchange(request).await;
        let signed_in = answer
            .map_err(|status| Error::from_peer(&doing, &status))?
            .into_inner();
        Ok(SignedIn {
            secret: signed_in.secret,
            account_id: signed_in.account_id,
        })
    }

    /// A fresh access token.
    pub(crate) async fn renew(&self, secret: Vec<u8>) -> Result<wire::RenewResponse, Error> {
        let doing = format!("get an access token from {}", self.provider);
        let answer = self.client.clone().renew(RenewRequest { secret }).await;
        Ok(answer
            .map_err(|status| Error::from_peer(&doing, &status))?
            .into_inner())
    }

    /// Whose token it is, and what it may not do.
    pub(crate) async fn verify(&self, access: wire::Access) -> Result<wire::VerifyResponse, Error> {
        let doing = format!("ask {} whose account it is", self.provider);
        let request = VerifyRequest {
            access: Some(access),
        };
        let answer = self.client.clone().verify(request).await;
        Ok(answer
            .map_err(|status| Error::from_peer(&doing, &status))?
            .into_inner())
    }

    /// The collections that the account offers.
    pub(crate) async fn collections(
        &self,
        access: wire::Access,
        kind: &str,
    ) -> Result<Vec<wire::Collection>, Error> {
        let doing = format!("list the collections of the {} account", self.provider);
        let request = CollectionsRequest {
            access: Some(access),
            kind: kind.to_owned(),
        };
        let answer = self.client.clone().collections(request).await;
        Ok(answer
            .map_err(|status| Error::from_peer(&doing, &status))?
            .into_inner()
            .collections)
    }

    /// The fields that the account offers, and what it can hold of a series, as its connector says it.
    pub(crate) async fn fields(
        &self,
        access: wire::Access,
        kind: &str,
    ) -> Result<(Catalogue, String), Error> {
        let doing = format!("list the fields of the {} account", self.provider);
        let request = FieldsRequest {
            access: Some(access),
            kind: kind.to_owned(),
        };
        let answer = self.client.clone().fields(request).await;
        let answer = answer
            .map_err(|status| Error::from_peer(&doing, &status))?
            .into_inner();
        // A path that this program does not know yet cannot be mapped; that is no reason to offer none.
        let known = answer.fields.into_iter().filter_map(entry);
        Ok((Catalogue(known.collect()), answer.series))
    }
}

fn entry(field: wire::Field) -> Option<CatalogueEntry> {
    Some(CatalogueEntry {
        path: Path::parse(&field.path).ok()?,
        name: field.name,
        readable: field.readable,
        writable: field.writable,
        max_length: (field.max_length > 0).then_some(field.max_length),
        max_elements: (field.max_elements > 0).then_some(field.max_elements),
        required: field.required,
    })
}

fn passes(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted | Code::Unknown
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_a_provider_and_a_url() {
        let address: ConnectorAddress = "google=http://127.0.0.1:7002".parse().unwrap();
        assert_eq!(address.provider, "google");
        assert_eq!(address.url, "http://127.0.0.1:7002");
        for bad in ["google", "=http://x", "google="] {
            assert!(bad.parse::<ConnectorAddress>().is_err(), "{bad}");
        }
    }
}
