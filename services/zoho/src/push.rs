//! Push channels of the Notification API: opened, closed, and what a delivery says.

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Uri};
use jiff::{SignedDuration, Timestamp};
use provider::{Channel, ChannelKey, Delivery, Fault, Push, PushError, Scope, Session};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::{
    Zoho,
    client::Client,
    fault::{self, Failure},
    kind::Kind,
    wire::{Callback, Watch, WatchGrant, WatchVerdicts, instant, stamp},
};

/// A week is the most; a time beyond it silently becomes an hour, so we stay away from the edge.
const LIFE: SignedDuration = SignedDuration::from_hours(7 * 24 - 2);
/// Characters that a channel's token takes.
const TOKEN: usize = 50;

#[async_trait]
impl Push for Zoho {
    async fn subscribe(
        &self,
        session: Session<'_>,
        scope: &Scope,
        address: &Url,
        key: &ChannelKey,
    ) -> Result<Channel, Fault> {
        let module = Kind::named(&scope.kind)?.module();
        let watch = watch(module, address, key, Timestamp::now())?;
        let verdicts = Client::new(session)?.watch(&watch).await?;
        Ok(granted(&watch, &verdicts)?)
    }

    async fn unsubscribe(&self, session: Session<'_>, channel: &Channel) -> Result<(), Fault> {
        match Client::new(session)?.unwatch(&channel.id).await {
            // It has ended, and was collected.
            Err(failure) if failure.verdict.code == "NOT_SUBSCRIBED" => Ok(()),
            answer => Ok(answer?),
        }
    }

    fn identify(
        &self,
        _headers: &HeaderMap,
        _uri: &Uri,
        body: &Bytes,
    ) -> Result<Delivery, PushError> {
        let callback: Callback =
            serde_json::from_slice(body).map_err(|_| PushError::Unrecognised)?;
        let channel = match callback.channel_id {
            Value::String(id) => id,
            Value::Number(id) => id.to_string(),
            _ => return Err(PushError::Unrecognised),
        };
        if channel.is_empty() || callback.token.is_empty() {
            return Err(PushError::Unrecognised);
        }
        // Deliveries carry neither a number nor a signature.
        Ok(Delivery {
            channel,
            token: SecretString::from(callback.token),
            sequence: None,
            news: true,
        })
    }
}

fn watch(module: &str, address: &Url, key: &ChannelKey, now: Timestamp) -> Result<Watch, Fault> {
    let token = key.token.expose_secret();
    if token.len() > TOKEN {
        return Err(Fault::Refused {
            path: None,
            reason: format!("a channel's token has at most {TOKEN} characters"),
        });
    }
    Ok(Watch {
        channel_id: key.id.to_string(),
        events: vec![format!("{module}.all")],
        channel_expiry: stamp(now + LIFE),
        token: token.to_owned(),
        notify_url: address.to_string(),
        notify_on_related_action: false,
        return_affected_field_values: false,
    })
}

/// What was really granted: a time that Zoho does not like becomes an hour without a word.
fn granted(watch: &Watch, verdicts: &WatchVerdicts) -> Result<Channel, Failure> {
    let verdict = verdicts
        .watch
        .first()
        .ok_or_else(|| Fault::malformed("no verdict on the channel"))?;
    if !verdict.succeeded() {
        let fault = fault::of_verdict(
            Kind::default(),
            verdict,
            http::StatusCode::BAD_REQUEST,
            Timestamp::now(),
        );
        return Err(Failure {
            verdict: verdict.clone(),
            fault,
        });
    }
    let events = verdict.details.get("events").and_then(Value::as_array);
    let grants = events
        .into_iter()
        .flatten()
        .filter_map(|event| WatchGrant::deserialize(event).ok());
    let ends =
        grants.filter_map(|grant| Some((instant(&grant.channel_expiry)?, grant.resource_name)));
    let (expires_at, resource) = ends
        .min_by_key(|(ends, _)| *ends)
        .ok_or_else(|| Fault::malformed("the channel's end is not stated"))?;
    Ok(Channel {
        id: watch.channel_id.clone(),
        expires_at,
        resource: resource.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key(token: &str) -> ChannelKey {
        ChannelKey {
            id: 1_000_000_068_001,
            token: SecretString::from(token),
        }
    }

    fn address() -> Url {
        "https://rapport.example/push/zoho".parse().unwrap()
    }

    #[test]
    fn a_channel_is_asked_for_less_than_a_week() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let watch = watch("Events", &address(), &key("t"), now).unwrap();
        assert_eq!(watch.events, ["Events.all"]);
        let life = instant(&watch.channel_expiry).unwrap().duration_since(now);
        assert!(
            life < SignedDuration::from_hours(7 * 24) && life > SignedDuration::from_hours(6 * 24)
        );
        assert_eq!(watch.channel_id, "1000000068001");
        assert!(!watch.notify_on_related_action);
    }

    #[test]
    fn a_token_that_does_not_fit_is_refused_before_the_call() {
        let long = key(&"t".repeat(51));
        assert!(watch("Contacts", &address(), &long, Timestamp::now()).is_err());
    }

    #[test]
    fn the_granted_end_counts_not_the_one_asked_for() {
        let watch = watch("Contacts", &address(), &key("t"), Timestamp::now()).unwrap();
        let verdicts: WatchVerdicts = serde_json::from_value(json!({"watch": [{
            "code": "SUCCESS", "message": "m", "status": "success",
            "details": {"events": [{"channel_expiry": "2026-11-22T13:00:00+00:00", "resource_name": "Contacts"}]},
        }]}))
        .unwrap();
        let channel = granted(&watch, &verdicts).unwrap();
        assert_eq!(channel.expires_at.to_string(), "2026-11-22T13:00:00Z");
        assert_eq!(channel.resource, "Contacts");
    }
}
