//! Who may act for which tenant.

use secrecy::{ExposeSecret as _, SecretString};
use tonic::metadata::MetadataMap;

use crate::{
    error::Error,
    ids::{DEFAULT_TENANT, TenantId},
};

/// The tokens of the tenants. Without any, every caller acts for the one tenant `default`; that is meant for
/// installations that listen on the loopback interface alone.
#[derive(Debug)]
pub(crate) struct Tokens {
    tenants: Vec<(blake3::Hash, TenantId)>,
    services: Option<blake3::Hash>,
    administrators: Option<blake3::Hash>,
}

/// The tokens cannot be read.
#[derive(Debug, thiserror::Error)]
#[error(
    "tenant token {0} must be written as `tenant:token`, with a token of at least {MIN_TOKEN_LENGTH} characters"
)]
pub(crate) struct TokenError(usize);

const MIN_TOKEN_LENGTH: usize = 16;

impl Tokens {
    /// Reads `tenant:token` pairs, separated by commas or white space, and the tokens of the other services and of
    /// the administrators.
    pub(crate) fn parse(
        tenants: Option<&SecretString>,
        services: Option<&SecretString>,
        administrators: Option<&SecretString>,
    ) -> Result<Self, TokenError> {
        let text = tenants.map_or("", |tokens| tokens.expose_secret());
        let mut tokens = Vec::new();
        let entries = text
            .split(|c: char| c == ',' || c.is_whitespace())
            .filter(|entry| !entry.is_empty());
        for (at, entry) in entries.enumerate() {
            let (tenant, token) = entry.split_once(':').ok_or(TokenError(at + 1))?;
            let tenant = TenantId::parse(tenant).map_err(|_| TokenError(at + 1))?;
            if token.len() < MIN_TOKEN_LENGTH {
                return Err(TokenError(at + 1));
            }
            tokens.push((blake3::hash(token.as_bytes()), tenant));
        }
        let hashed = |token: &SecretString| blake3::hash(token.expose_secret().as_bytes());
        Ok(Self {
            tenants: tokens,
            services: services.map(hashed),
            administrators: administrators.map(hashed),
        })
    }

    /// The tenant that the caller acts for. A request may leave it out.
    pub(crate) fn tenant(&self, metadata: &MetadataMap, asked: &str) -> Result<TenantId, Error> {
        let tenant = if self.tenants.is_empty() {
            TenantId::parse(DEFAULT_TENANT).map_err(|error| Error::Invalid(error.to_string()))?
        } else {
            let given = bearer(metadata).ok_or_else(|| {
                Error::Unauthenticated(
                    "a token is needed: set RAPPORT_TOKEN to your tenant's token".to_owned(),
                )
            })?;
            // Hashes are compared, and in constant time.
            let known = self.tenants.iter().find(|(hash, _)| *hash == given);
            known.map(|(_, tenant)| tenant.clone()).ok_or_else(|| {
                Error::Unauthenticated("the token is not known: check RAPPORT_TOKEN".to_owned())
            })?
        };
        if asked.is_empty() || asked == tenant.as_str() {
            Ok(tenant)
        } else {
            Err(Error::Forbidden(format!(
                "this caller acts for tenant \"{tenant}\" and no other; leave the tenant out"
            )))
        }
    }

    /// Lets an administrator of the installation in: what concerns every tenant is no tenant's to ask for. Where there
    /// are no tokens at all, whoever reaches the service is one.
    pub(crate) fn administrator(&self, metadata: &MetadataMap) -> Result<(), Error> {
        match self.administrators {
            Some(expected) if bearer(metadata) == Some(expected) => Ok(()),
            None if self.tenants.is_empty() => Ok(()),
            Some(_) => Err(Error::Unauthenticated(
                "this concerns every tenant: set RAPPORT_TOKEN to the administrators' token".to_owned(),
            )),
            None => Err(Error::Forbidden(
                "this concerns every tenant: start control with RAPPORT_ADMIN_TOKEN, and present it as RAPPORT_TOKEN"
                    .to_owned(),
            )),
        }
    }

    /// Lets the other services in.
    pub(crate) fn service(&self, metadata: &MetadataMap) -> Result<(), Error> {
        match self.services {
            Some(expected) if bearer(metadata) != Some(expected) => Err(Error::Unauthenticated(
                "only the services of this installation are answered here: set RAPPORT_SERVICE_TOKEN".to_owned(),
            )),
            _ => Ok(()),
        }
    }
}

fn bearer(metadata: &MetadataMap) -> Option<blake3::Hash> {
    let value = metadata.get("authorization")?.to_str().ok()?;
    let token = value.strip_prefix("Bearer ")?;
    Some(blake3::hash(token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Tokens {
        Tokens::parse(Some(&SecretString::from(text)), None, None).unwrap()
    }

    fn with(token: &str) -> MetadataMap {
        let mut metadata = MetadataMap::new();
        metadata.insert("authorization", format!("Bearer {token}").parse().unwrap());
        metadata
    }

    #[test]
    fn without_tokens_everybody_is_the_default_tenant_and_no_other() {
        let tokens = Tokens::parse(None, None, None).unwrap();
        let nobody = MetadataMap::new();
        assert_eq!(tokens.tenant(&nobody, "").unwrap().as_str(), "default");
        assert_eq!(
            tokens.tenant(&nobody, "default").unwrap().as_str(),
            "default"
        );
        assert!(matches!(
            tokens.tenant(&nobody, "acme"),
            Err(Error::Forbidden(_))
        ));
    }

    #[test]
    fn a_token_opens_its_own_tenant_only() {
        let tokens = tokens("acme:0123456789abcdef, other:fedcba9876543210");
        let acme = with("0123456789abcdef");
        assert_eq!(tokens.tenant(&acme, "").unwrap().as_str(), "acme");
        assert!(matches!(
            tokens.tenant(&acme, "other"),
            Err(Error::Forbidden(_))
        ));
        for stranger in [MetadataMap::new(), with("0123456789abcdeg"), with("")] {
            assert!(matches!(
                tokens.tenant(&stranger, "acme"),
                Err(Error::Unauthenticated(_))
            ));
        }
    }

    #[test]
    fn services_need_their_token_once_there_is_one() {
        let open = Tokens::parse(None, None, None).unwrap();
        assert!(open.service(&MetadataMap::new()).is_ok());
        let closed = Tokens::parse(None, Some(&SecretString::from("service-token")), None).unwrap();
        assert!(closed.service(&with("service-token")).is_ok());
        assert!(closed.service(&MetadataMap::new()).is_err());
        assert!(closed.service(&with("another")).is_err());
    }

    #[test]
    fn what_concerns_every_tenant_is_for_administrators() {
        let token = SecretString::from("administrators-token");
        let open = Tokens::parse(None, None, None).unwrap();
        assert!(open.administrator(&MetadataMap::new()).is_ok());
        let shared = tokens("acme:0123456789abcdef");
        let acme = with("0123456789abcdef");
        assert!(matches!(
            shared.administrator(&acme),
            Err(Error::Forbidden(_))
        ));
        let acme_token = SecretString::from("acme:0123456789abcdef");
        for tenants in [None, Some(&acme_token)] {
            let closed = Tokens::parse(tenants, None, Some(&token)).unwrap();
            assert!(closed.administrator(&with("administrators-token")).is_ok());
            for stranger in [&acme, &MetadataMap::new(), &with("")] {
                assert!(matches!(
                    closed.administrator(stranger),
                    Err(Error::Unauthenticated(_))
                ));
            }
        }
    }

    #[test]
    fn bad_tokens_are_refused_without_showing_them() {
        for bad in ["0123456789abcdef", "acme:short", "A B:0123456789abcdef"] {
            let error = Tokens::parse(Some(&SecretString::from(bad)), None, None).unwrap_err();
            assert!(!error.to_string().contains("short"));
            assert!(!error.to_string().contains("0123456789abcdef"));
        }
    }
}
