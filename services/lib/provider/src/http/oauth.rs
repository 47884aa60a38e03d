//! The `oauth2` crate over our client.

use std::{future::Future, pin::Pin};

use ::http::{Response, StatusCode};
use oauth2::{
    AsyncHttpClient, HttpRequest, HttpResponse, RequestTokenError, StandardErrorResponse,
    basic::BasicErrorResponseType,
};

use super::{Call, HttpClient};
use crate::{
    fault::Fault,
    pace::{Lane, Quota, after},
};

/// Calls to a token endpoint, to be given to `request_async` of the `oauth2` crate.
pub struct OAuthCalls<'a> {
    http: &'a HttpClient,
    method: &'static str,
    quota: Quota,
}

impl HttpClient {
    /// Calls to a token endpoint under a name and a quota.
    pub fn oauth(&self, method: &'static str, quota: Quota) -> OAuthCalls<'_> {
        OAuthCalls {
            http: self,
            method,
            quota,
        }
    }
}

impl<'c> AsyncHttpClient<'c> for OAuthCalls<'_> {
    type Error = Fault;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Fault>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let request = self
                .http
                .request(parts.method, parts.uri.to_string())
                .headers(parts.headers)
                .body(body);
            let call = Call {
                method: self.method,
                quota: &self.quota,
                lane: Lane::Person,
                request,
                begin_before: None,
            };
            let reply = self.http.send(call).await?;
            if reply.status == StatusCode::TOO_MANY_REQUESTS {
                let until = reply.retry_after();
                let until = until.unwrap_or_else(|| after(std::time::Duration::from_mins(1)));
                return Err(Fault::Throttled { until });
            }
            if reply.status.is_server_error() {
                return Err(Fault::transient(format!("HTTP {}", reply.status.as_u16())));
            }
            let mut response = Response::new(reply.body.to_vec());
            *response.status_mut() = reply.status;
            *response.headers_mut() = reply.headers;
            Ok(response)
        })
    }
}

/// What a failed token request means. The error word of the endpoint is kept, its description is not: that may
/// name the account.
pub fn token_fault(
    error: RequestTokenError<Fault, StandardErrorResponse<BasicErrorResponseType>>,
) -> Fault {
    match error {
        RequestTokenError::Request(fault) => fault,
        RequestTokenError::Parse(error, _) => {
            Fault::malformed(format!("the token endpoint's answer at {}", error.path()))
        }
        RequestTokenError::Other(_) => Fault::malformed("the token endpoint's answer"),
        RequestTokenError::ServerResponse(answer) => match answer.error().as_ref() {
            word @ ("server_error" | "temporarily_unavailable" | "internal_failure") => {
                Fault::transient(format!("the token endpoint says {word}"))
            }
            word => Fault::Unauthorised {
                reason: format!("the token endpoint says {word}"),
            },
        },
    }
}
