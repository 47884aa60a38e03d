//! Opens push channels for feeds that have none, replaces them before they end, and closes what is not needed.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use provider::{Channel, ChannelKey, Fault, Lane, Push};
use secrecy::{ExposeSecret as _, SecretString};
use tracing::Instrument as _;
use url::Url;

use super::{Connector, receiver::token_hash};
use crate::{
    backoff::{about, until},
    definitions::{ConnectionKey, DefinedSide},
    store::{
        channels::{self, Leaving, Wanting},
        feeds,
    },
    tokens::Refused,
    trace,
};

/// Channels that one look works on at most.
const AT_A_TIME: usize = 20;

/// Channels that are opened side by side.
const AT_ONCE: usize = 8;

/// After a failure, a channel is tried again after this; its feed is polled meanwhile.
const AFTER_FAILURE: Duration = Duration::from_mins(1);

/// A right, or an address that the provider does not accept, changes by a person's hand only.
const AFTER_REFUSAL: Duration = Duration::from_hours(1);

/// Ids survive a provider that reads them as a floating-point number. They are no secret; the token is.
const LARGEST_ID: i64 = (1 << 53) - 1;

impl Connector {
    /// Until the process stops. Does nothing if the provider does not push or no public URL is set.
    pub(super) async fn keep_channels(&self) {
        let Some(push) = self.provider.push() else {
            return;
        };
        let Some(base) = &self.settings.push.push_url else {
            return;
        };
        loop {
            match self.work_on_channels(push, base).await {
                // More may wait: a thousand feeds that begin together are not left to polls for minutes.
                Ok(true) => {}
                Ok(false) => tokio::time::sleep(about(self.settings.push.push_check_seconds)).await,
                Err(error) => {
                    tracing::error!(%error, "push channels cannot be kept");
                    tokio::time::sleep(about(self.settings.push.push_check_seconds)).await;
                }
            }
        }
    }

    /// Opens and closes what is due, and says whether there may be more.
    async fn work_on_channels(&self, push: &dyn Push, base: &Url) -> Result<bool, sqlx::Error> {
        let wanting = channels::wanting(&self.pool, AT_A_TIME).await?;
        let wanted = wanting.len();
        stream::iter(wanting)
            .map(Ok)
            .try_for_each_concurrent(AT_ONCE, |wanting| self.meet(push, base, wanting))
            .await?;
        let overlap = self.settings.push.push_overlap_seconds;
        let leaving = channels::leaving(&self.pool, overlap, AT_A_TIME).await?;
        let left = leaving.len();
        for leaving in leaving {
            let span = tracing::info_span!(
                parent: None,
                "push.close",
                tenant = leaving.key.tenant,
                sync = leaving.key.sync,
                side = %leaving.key.side,
            );
            self.close(push, &leaving).instrument(span).await?;
        }
        Ok(wanted == AT_A_TIME || left == AT_A_TIME)
    }

    async fn meet(&self, push: &dyn Push, base: &Url, wanting: Wanting) -> Result<(), sqlx::Error> {
        let Some(side) = self.definitions.side(&wanting.key) else {
            return Ok(());
        };
        if !push.watches(&side.scope.kind) {
            return channels::wait(&self.pool, &wanting.key, AFTER_REFUSAL).await;
        }
        let span = tracing::info_span!(
            parent: None,
            "push.open",
            tenant = wanting.key.tenant,
            sync = wanting.key.sync,
            side = %wanting.key.side,
        );
        self.open(push, base, &wanting, &side)
            .instrument(span)
            .await
    }

    /// Opens a channel. It is stored before the provider is asked, since deliveries may come before its answer.
    async fn open(
        &self,
        push: &dyn Push,
        base: &Url,
        wanting: &Wanting,
        side: &DefinedSide,
    ) -> Result<(), sqlx::Error> {
        let id = rand::random_range(1..=LARGEST_ID);
        let token = SecretString::from(URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()));
        let hash = token_hash(token.expose_secret());
        channels::opening(&self.pool, id, wanting, hash.as_bytes()).await?;
        let key = ChannelKey {
            id: id.cast_unsigned(),
            token,
        };
        match self.subscribe(push, base, side, &key).await {
            Ok(channel) => {
                channels::opened(&self.pool, id, &channel).await?;
                channels::wait(&self.pool, &wanting.key, Duration::ZERO).await?;
                // What changed before the channel was open was not pushed.
                feeds::hint(&self.pool, &wanting.key, &trace::current()).await?;
                self.woken.notify_one();
                self.metrics.channel("opened");
            }
            Err(fault) => {
                tracing::warn!(%fault, "a push channel cannot be opened");
                channels::wait(&self.pool, &wanting.key, wait_after(&fault)).await?;
                // One whose answer was lost may be open: it is closed as far as we know it, or ends by itself.
                if !matches!(fault, Fault::LostAnswer { .. }) {
                    channels::remove(&self.pool, id).await?;
                }
                self.metrics.channel("not_opened");
            }
        }
        Ok(())
    }

    async fn subscribe(
        &self,
        push: &dyn Push,
        base: &Url,
        side: &DefinedSide,
        key: &ChannelKey,
    ) -> Result<Channel, Fault> {
        let address = address(base, self.about.provider, key.id)?;
        let token = self.tokens.of_side(side, None).await?;
        let session = token.session(&self.http, Lane::Change);
        match push.subscribe(session, &side.scope, &address, key).await {
            Err(Fault::Unauthorised { reason }) => {
                let refused = Refused {
                    token: &token,
                    reason: &reason,
                };
                let token = self.tokens.of_side(side, Some(refused)).await?;
                let session = token.session(&self.http, Lane::Change);
                push.subscribe(session, &side.scope, &address, key).await
            }
            answer => answer,
        }
    }

    /// Closes a channel. One that cannot be closed ends by itself, and is refused when it is forgotten here.
    async fn close(&self, push: &dyn Push, leaving: &Leaving) -> Result<(), sqlx::Error> {
        let result = if until(leaving.expires_at).is_zero() {
            Ok(())
        } else {
            self.unsubscribe(push, leaving).await
        };
        match result {
            Err(Fault::Transient { .. } | Fault::LostAnswer { .. } | Fault::Throttled { .. }) => {
                self.metrics.channel("not_closed");
            }
            result => {
                if let Err(fault) = result {
                    tracing::info!(%fault, "a push channel is left to end by itself");
                }
                channels::remove(&self.pool, leaving.id).await?;
                self.metrics.channel("closed");
            }
        }
        Ok(())
    }

    async fn unsubscribe(&self, push: &dyn Push, leaving: &Leaving) -> Result<(), Fault> {
        let key = ConnectionKey {
            tenant: leaving.key.tenant.clone(),
            connection: leaving.connection.clone(),
        };
        let token = self.tokens.of(&key, None).await?;
        let channel = Channel {
            id: leaving.remote_id.clone(),
            expires_at: leaving.expires_at,
            resource: leaving.resource.clone(),
        };
        push.unsubscribe(token.session(&self.http, Lane::Change), &channel)
            .await
    }
}

/// Where a channel's deliveries go: `URL/push/PROVIDER/CHANNEL`.
fn address(base: &Url, provider: &str, channel: u64) -> Result<Url, Fault> {
    let mut address = base.clone();
    address
        .path_segments_mut()
        .map_err(|()| Fault::Refused {
            path: None,
            reason: "the public URL for pushes has no path".to_owned(),
        })?
        .pop_if_empty()
        .extend(["push", provider, &channel.to_string()]);
    Ok(address)
}

fn wait_after(fault: &Fault) -> Duration {
    match fault {
        Fault::Throttled { until: time } => until(*time).clamp(AFTER_FAILURE, AFTER_REFUSAL),
        Fault::Forbidden { .. } | Fault::Refused { .. } | Fault::Unauthorised { .. } => {
            AFTER_REFUSAL
        }
        _ => about(AFTER_FAILURE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_keep_the_path_of_the_public_url() {
        for base in [
            "https://hooks.example.com/rapport",
            "https://hooks.example.com/rapport/",
        ] {
            let address = address(&Url::parse(base).unwrap(), "zoho", 7).unwrap();
            assert_eq!(
                address.as_str(),
                "https://hooks.example.com/rapport/push/zoho/7"
            );
        }
        let fault = address(&Url::parse("mailto:me@example.com").unwrap(), "zoho", 7);
        assert!(matches!(fault, Err(Fault::Refused { .. })));
    }
}
