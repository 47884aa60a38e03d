//! Push channels of a calendar ("Push notifications"): opened, closed, and what a delivery says.
//!
//! A channel lives for a week at most and cannot be renewed; a new one replaces it. A delivery has no body: everything
//! is in its headers, and it says only that something changed.

use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use provider::{Channel, ChannelKey, Delivery, Fault, PushError, Scope};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::{
    client::Client,
    feed,
    wire::{ChannelParameters, NewChannel},
};

/// A week, which is what Google gives if nothing is asked ("`CalendarList`: watch"); its limit is not published.
const LIFE_SECONDS: &str = "604800";
/// What is taken for granted if Google does not say when a channel ends.
const UNSTATED_LIFE: SignedDuration = SignedDuration::from_hours(24);

/// Watches the events of a scope's calendar.
pub(crate) async fn subscribe(
    client: Client<'_>,
    scope: &Scope,
    address: &Url,
    key: &ChannelKey,
) -> Result<Channel, Fault> {
    let id = key.id.to_string();
    let channel = NewChannel {
        id: &id,
        kind: "web_hook",
        address: address.as_str(),
        token: key.token.expose_secret(),
        params: ChannelParameters { ttl: LIFE_SECONDS },
    };
    let opened = client.watch(feed::calendar(scope), &channel).await?;
    let stated = opened.body.expiration.as_ref().and_then(instant);
    Ok(Channel {
        expires_at: stated.unwrap_or(opened.at + UNSTATED_LIFE),
        resource: opened.body.resource_id,
        id,
    })
}

/// Closes a channel. Deliveries that are on their way still come.
pub(crate) async fn unsubscribe(client: Client<'_>, channel: &Channel) -> Result<(), Fault> {
    match client.stop(&channel.id, &channel.resource).await {
        // It has ended.
        Err(Fault::Gone { .. }) => Ok(()),
        answer => answer,
    }
}

/// Reads the headers of a delivery. Its number only grows, with gaps; the first message of a channel, `sync`, says
/// that it is open and tells of no change.
pub(crate) fn identify(headers: &HeaderMap) -> Result<Delivery, PushError> {
    let text = |name: &str| {
        let value = headers.get(name)?.to_str().ok()?;
        (!value.is_empty()).then(|| value.to_owned())
    };
    let required = |name: &str| text(name).ok_or(PushError::Unrecognised);
    let number: i64 = required("x-goog-message-number")?
        .parse()
        .map_err(|_| PushError::Unrecognised)?;
    let news = match required("x-goog-resource-state")?.as_str() {
        "sync" => false,
        "exists" | "not_exists" => true,
        _ => return Err(PushError::Unrecognised),
    };
    Ok(Delivery {
        channel: required("x-goog-channel-id")?,
        token: SecretString::from(required("x-goog-channel-token")?),
        sequence: Some(number),
        news,
    })
}

/// Milliseconds since 1970: a text by the API's types, a number in its guide's example.
fn instant(value: &Value) -> Option<Timestamp> {
    let milliseconds = match value {
        Value::String(text) => text.parse().ok()?,
        other => other.as_i64()?,
    };
    Timestamp::from_millisecond(milliseconds).ok()
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};
    use serde_json::json;

    use super::*;

    fn headers(changed: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let usual = [
            ("x-goog-channel-id", "7"),
            ("x-goog-channel-token", "secret"),
            ("x-goog-message-number", "12"),
            ("x-goog-resource-state", "exists"),
            ("x-goog-resource-id", "r1"),
        ];
        for (name, value) in usual.iter().chain(changed) {
            let name = HeaderName::from_static(name);
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn a_delivery_says_who_it_is_and_whether_something_changed() {
        let delivery = identify(&headers(&[])).unwrap();
        assert_eq!(
            (delivery.channel.as_str(), delivery.sequence),
            ("7", Some(12))
        );
        assert_eq!(delivery.token.expose_secret(), "secret");
        assert!(delivery.news);
        let greeting = [
            ("x-goog-resource-state", "sync"),
            ("x-goog-message-number", "1"),
        ];
        assert!(!identify(&headers(&greeting)).unwrap().news);
        assert!(identify(&headers(&[("x-goog-resource-state", "not_exists")])).is_ok());
    }

    #[test]
    fn what_lacks_a_header_or_has_another_word_is_no_delivery() {
        for (name, value) in [
            ("x-goog-channel-id", ""),
            ("x-goog-channel-token", ""),
            ("x-goog-message-number", "soon"),
            ("x-goog-message-number", ""),
            ("x-goog-resource-state", "update"),
        ] {
            assert!(
                identify(&headers(&[(name, value)])).is_err(),
                "{name}: {value}"
            );
        }
        assert!(identify(&HeaderMap::new()).is_err());
    }

    #[test]
    fn an_end_is_read_as_a_text_and_as_a_number() {
        let expected = "2026-11-30T00:00:00Z".parse().ok();
        assert_eq!(instant(&json!("1795996800000")), expected);
        assert_eq!(instant(&json!(1_795_996_800_000_i64)), expected);
        assert_eq!(instant(&json!("soon")), None);
    }
}
