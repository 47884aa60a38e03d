//! Notification channels ("Push notifications"): what is watched, by whom, for how long.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use url::Url;

use super::error::CalendarError;
use super::settings::CalendarSettings;
use crate::dice::stable_number;

/// Life of a channel that does not ask for one.
const DEFAULT_SECONDS: i64 = 604_800;

/// A channel.
#[derive(Debug, Clone)]
pub(in crate::google) struct Channel {
    /// Chosen by the client.
    pub(super) id: String,
    pub(super) resource_id: String,
    pub(super) resource_uri: String,
    pub(super) address: Url,
    pub(super) token: Option<String>,
    /// Milliseconds since 1970.
    pub(super) expiration: i64,
    pub(super) account: String,
    /// Id of the calendar whose events it watches.
    pub(super) calendar: String,
    /// Number of the last message.
    pub(super) messages: u64,
}

/// Every channel, by its id, and what they were told.
#[derive(Debug, Default)]
pub(in crate::google) struct Channels {
    pub(super) open: BTreeMap<String, Channel>,
    /// Ids are never free again.
    used: BTreeMap<String, String>,
    /// Notifications that were sent: newest last.
    pub(super) sent: Vec<Value>,
}

impl Channels {
    /// Opens a channel, or refuses what the body asks for.
    pub(super) fn open(
        &mut self,
        body: &Value,
        account: &str,
        calendar: &str,
        base_url: &str,
        settings: &CalendarSettings,
        now: i64,
    ) -> Result<Channel, CalendarError> {
        let id = body["id"]
            .as_str()
            .filter(|id| is_channel_id(id))
            .ok_or_else(|| refused("channelIdInvalid", "Invalid channel id"))?;
        if self.used.contains_key(id) {
            return Err(refused(
                "channelIdNotUnique",
                &format!("Channel id {id} not unique"),
            ));
        }
        if !matches!(body["type"].as_str(), Some("web_hook" | "webhook")) {
            return Err(CalendarError::invalid("Invalid value for: type"));
        }
        let token = match &body["token"] {
            Value::Null => None,
            Value::String(token) if token.len() <= 256 => Some(token.clone()),
            _ => return Err(CalendarError::invalid("Invalid value for: token")),
        };
        let resource_id = resource_id(account, calendar);
        let channel = Channel {
            id: id.to_owned(),
            resource_uri: format!("{base_url}/calendar/v3/calendars/{calendar}/events?alt=json"),
            address: address(&body["address"], settings)?,
            token,
            expiration: expiration(body, settings, now)?,
            account: account.to_owned(),
            calendar: calendar.to_owned(),
            messages: 0,
            resource_id,
        };
        self.used.insert(channel.id.clone(), account.to_owned());
        self.open.insert(channel.id.clone(), channel.clone());
        Ok(channel)
    }

    /// Closes a channel; only its owner may.
    pub(super) fn stop(
        &mut self,
        id: &str,
        resource_id: &str,
        account: &str,
        now: i64,
    ) -> Result<(), CalendarError> {
        self.open.retain(|_, channel| channel.expiration > now);
        let found = self
            .open
            .get(id)
            .filter(|channel| channel.resource_id == resource_id && channel.account == account);
        if found.is_none() {
            return Err(CalendarError::new(
                404,
                "global",
                "notFound",
                format!("Channel '{id}' not found for project '100000000001'"),
            ));
        }
        self.open.remove(id);
        Ok(())
    }

    /// The channels that hear of a change to these calendars, each with the number of its next message. Numbers grow,
    /// with gaps.
    pub(super) fn heard<'a>(
        &mut self,
        calendars: impl Iterator<Item = &'a String>,
        now: i64,
    ) -> Vec<Channel> {
        let calendars: Vec<&String> = calendars.collect();
        // What has expired stops without a word.
        self.open.retain(|_, channel| channel.expiration > now);
        self.open
            .values_mut()
            .filter(|channel| calendars.contains(&&channel.calendar))
            .map(|channel| {
                let step = stable_number(channel.messages, &[&channel.id]) % 3;
                channel.messages += 1 + step;
                channel.clone()
            })
            .collect()
    }
}

impl Channel {
    /// The answer to a watch call.
    pub(super) fn json(&self) -> Value {
        let mut shown = json!({
            "kind": "api#channel", "id": self.id, "resourceId": self.resource_id,
            "resourceUri": self.resource_uri, "expiration": self.expiration.to_string(),
        });
        if let Some(token) = &self.token {
            shown["token"] = json!(token);
        }
        shown
    }
}

/// The same for every channel of one account on one calendar.
fn resource_id(account: &str, calendar: &str) -> String {
    let hash = blake3::hash(format!("{account}\n{calendar}").as_bytes());
    hash.to_hex()[..27].to_owned()
}

fn is_channel_id(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_+/=".contains(c))
}

fn address(value: &Value, settings: &CalendarSettings) -> Result<Url, CalendarError> {
    let text = value.as_str().unwrap_or_default();
    let not_https = || {
        refused(
            "push.webhookUrlNotHttps",
            &format!("WebHook callback must be HTTPS: {text}"),
        )
    };
    let url = Url::parse(text).map_err(|_| not_https())?;
    let loopback = match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    };
    let free = url.scheme() == "http" && (loopback || !settings.https_channels);
    if url.scheme() == "https" || free {
        Ok(url)
    } else {
        Err(not_https())
    }
}

/// The sooner of what is asked for (`expiration` in milliseconds, or `params.ttl` in seconds) and the ceiling.
fn expiration(body: &Value, settings: &CalendarSettings, now: i64) -> Result<i64, CalendarError> {
    let number = |value: &Value| match value {
        Value::Null => Ok(None),
        Value::Number(number) => Ok(number.as_i64()),
        Value::String(text) => text
            .parse()
            .map(Some)
            .map_err(|_| CalendarError::invalid("Invalid value for: expiration")),
        _ => Err(CalendarError::invalid("Invalid value for: expiration")),
    };
    let asked = match (
        number(&body["expiration"])?,
        number(&body["params"]["ttl"])?,
    ) {
        (Some(at), _) => at,
        (None, seconds) => now + seconds.unwrap_or(DEFAULT_SECONDS).saturating_mul(1000),
    };
    let longest = i64::try_from(settings.channel_seconds).unwrap_or(i64::MAX / 2000) * 1000;
    Ok(asked.min(now + longest))
}

/// The domain and status of these refusals are unverified.
fn refused(reason: &'static str, message: &str) -> CalendarError {
    CalendarError::new(400, "global", reason, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(channels: &mut Channels, body: &Value) -> Result<Channel, CalendarError> {
        let settings = CalendarSettings::unkind();
        channels.open(
            body,
            "ana@example.com",
            "c1",
            "http://here",
            &settings,
            1_000,
        )
    }

    #[test]
    fn an_id_is_taken_for_ever() {
        let mut channels = Channels::default();
        let body = json!({"id": "one", "type": "web_hook", "address": "https://a.example/x"});
        let channel = open(&mut channels, &body).unwrap();
        assert_eq!(channel.expiration, 1_000 + DEFAULT_SECONDS * 1000);
        channels
            .stop("one", &channel.resource_id, "ana@example.com", 2_000)
            .unwrap();
        assert!(open(&mut channels, &body).is_err());
    }

    #[test]
    fn bad_channels_are_refused() {
        let good = json!({"id": "one", "type": "web_hook", "address": "https://a.example/x"});
        for (name, value) in [
            ("id", json!("")),
            ("id", json!("a b")),
            ("id", json!("i".repeat(65))),
            ("type", json!("email")),
            ("address", json!("http://a.example/x")),
            ("address", json!("nowhere")),
            ("token", json!("t".repeat(257))),
            ("expiration", json!("soon")),
        ] {
            let mut body = good.clone();
            body[name] = value;
            assert!(open(&mut Channels::default(), &body).is_err(), "{body}");
        }
        let mut local = good;
        local["address"] = json!("http://127.0.0.1:9/x");
        assert!(open(&mut Channels::default(), &local).is_ok());
    }

    #[test]
    fn only_the_owner_stops_a_channel_and_expired_ones_are_silent() {
        let mut channels = Channels::default();
        let body = json!({"id": "one", "type": "web_hook", "address": "https://a.example/x",
            "params": {"ttl": "60"}});
        let channel = open(&mut channels, &body).unwrap();
        let stopped = channels.stop("one", &channel.resource_id, "ben@example.com", 2_000);
        assert!(stopped.is_err());
        let calendars = ["c1".to_owned()];
        let heard = channels.heard(calendars.iter(), 2_000);
        let again = channels.heard(calendars.iter(), 2_000);
        assert!(again[0].messages > heard[0].messages);
        assert!(channels.heard(calendars.iter(), 61_001).is_empty());
    }
}
