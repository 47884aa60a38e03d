//! Push: Calendar watches events; the People API watches nothing (People API discovery document), so contacts are polled.

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Uri};
use provider::{Channel, ChannelKey, Delivery, Fault, Push, PushError, Scope, Session};
use url::Url;

use crate::{Google, calendar};

#[async_trait]
impl Push for Google {
    fn watches(&self, kind: &str) -> bool {
        kind == calendar::EVENT
    }

    async fn subscribe(
        &self,
        session: Session<'_>,
        scope: &Scope,
        address: &Url,
        key: &ChannelKey,
    ) -> Result<Channel, Fault> {
        if !self.watches(&scope.kind) {
            return Err(Fault::Refused {
                path: None,
                reason: format!("Google pushes no changes of kind {}", scope.kind),
            });
        }
        calendar::push::subscribe(self.calendar(session), scope, address, key).await
    }

    async fn unsubscribe(&self, session: Session<'_>, channel: &Channel) -> Result<(), Fault> {
        calendar::push::unsubscribe(self.calendar(session), channel).await
    }

    fn identify(
        &self,
        headers: &HeaderMap,
        _uri: &Uri,
        _body: &Bytes,
    ) -> Result<Delivery, PushError> {
        calendar::push::identify(headers)
    }
}
