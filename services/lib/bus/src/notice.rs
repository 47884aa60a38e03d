//! What other systems subscribe to, as CloudEvents 1.0 in structured JSON.

use jiff::Timestamp;
use proto::{
    notice::{ConflictResolved, PhaseChanged, RecordSetAside, RecordWritten},
    record::Side,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The media type of a notice on the wire.
pub(crate) const CONTENT_TYPE: &str = "application/cloudevents+json; charset=utf-8";

/// A CloudEvent 1.0 whose data is JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloudEvent {
    /// Always "1.0".
    pub specversion: String,
    /// Unique together with `source`; the same when the same event is published again from history.
    pub id: String,
    /// The sync, as `/tenants/<tenant>/syncs/<sync>`.
    pub source: String,
    /// For example `io.rapport.record.written.v1`.
    #[serde(rename = "type")]
    pub event_type: String,
    /// The link that it concerns, if it concerns one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// When it happened.
    pub time: Timestamp,
    /// Always "application/json".
    pub datacontenttype: String,
    /// Extension attribute: the customer organisation.
    pub tenant: String,
    /// Extension attribute: the sync.
    pub sync: String,
    /// Extension attribute: the kind of record, for example `contact`.
    pub kind: String,
    /// The notice in proto3 JSON: ids and paths, no values.
    pub data: Value,
}

/// Where an event comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The customer organisation.
    pub tenant: String,
    /// The sync.
    pub sync: String,
    /// The kind of record, for example `contact`.
    pub kind: String,
}

/// Something that happened, for other systems.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    /// A write was applied.
    RecordWritten(RecordWritten),
    /// Two edits of one path met.
    ConflictResolved(ConflictResolved),
    /// A record cannot be synced for now.
    RecordSetAside(RecordSetAside),
    /// A sync's phase changed.
    PhaseChanged(PhaseChanged),
}

impl Notice {
    const fn event_type(&self) -> &'static str {
        match self {
            Self::RecordWritten(_) => "io.rapport.record.written.v1",
            Self::ConflictResolved(_) => "io.rapport.conflict.resolved.v1",
            Self::RecordSetAside(_) => "io.rapport.record.set-aside.v1",
            Self::PhaseChanged(_) => "io.rapport.phase.changed.v1",
        }
    }

    fn link(&self) -> Option<&str> {
        let link = match self {
            Self::RecordWritten(notice) => &notice.link,
            Self::ConflictResolved(notice) => &notice.link,
            Self::RecordSetAside(notice) => &notice.link,
            Self::PhaseChanged(_) => return None,
        };
        (!link.is_empty()).then_some(link)
    }

    /// The notice in proto3's canonical JSON.
    fn to_json(&self) -> Value {
        let mut data = match self {
            Self::RecordWritten(notice) => json!({
                "link": notice.link,
                "side": side(notice.side()),
                "remoteId": notice.remote_id,
                "paths": notice.paths,
                "history": notice.history,
                "traceId": notice.trace_id,
            }),
            Self::ConflictResolved(notice) => json!({
                "link": notice.link,
                "paths": notice.paths,
                "kept": side(notice.kept()),
                "traceId": notice.trace_id,
            }),
            Self::RecordSetAside(notice) => json!({
                "link": notice.link,
                "reason": notice.reason,
                "traceId": notice.trace_id,
            }),
            Self::PhaseChanged(notice) => json!({
                "phase": notice.phase,
                "reason": notice.reason,
            }),
        };
        if let Value::Object(members) = &mut data {
            members.retain(|_, value| !is_default(value));
        }
        data
    }
}

/// The name of a side in proto3 JSON; unset members are left out.
fn side(side: Side) -> Value {
    match side {
        Side::Unspecified => Value::Null,
        set => set.as_str_name().into(),
    }
}

/// Proto3 JSON leaves out what has its default value.
fn is_default(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

impl CloudEvent {
    /// An event for this notice; `id` identifies it for ever.
    pub fn new(id: &str, origin: &Origin, time: Timestamp, notice: &Notice) -> Self {
        Self {
            specversion: "1.0".to_owned(),
            id: id.to_owned(),
            source: format!("/tenants/{}/syncs/{}", origin.tenant, origin.sync),
            event_type: notice.event_type().to_owned(),
            subject: notice.link().map(ToOwned::to_owned),
            time,
            datacontenttype: "application/json".to_owned(),
            tenant: origin.tenant.clone(),
            sync: origin.sync.clone(),
            kind: origin.kind.clone(),
            data: notice.to_json(),
        }
    }

    pub(crate) fn origin(&self) -> Origin {
        Origin {
            tenant: self.tenant.clone(),
            sync: self.sync.clone(),
            kind: self.kind.clone(),
        }
    }

    /// The last word of its subject: what happened, without the prefix and the version of the type.
    pub(crate) fn what(&self) -> String {
        let name = self
            .event_type
            .strip_prefix("io.rapport.")
            .unwrap_or(&self.event_type);
        let name = name.strip_suffix(".v1").unwrap_or(name);
        name.replace('.', "-")
    }
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use proto::{notice::RecordWritten, record::Side};
    use serde_json::json;

    use super::{CloudEvent, Notice, Origin};

    #[test]
    fn event_is_a_structured_cloudevent() {
        let origin = Origin {
            tenant: "acme".to_owned(),
            sync: "s1".to_owned(),
            kind: "contact".to_owned(),
        };
        let notice = Notice::RecordWritten(RecordWritten {
            link: "l1".to_owned(),
            side: Side::Right.into(),
            remote_id: "people/c1".to_owned(),
            paths: vec!["title".to_owned()],
            history: vec![],
            trace_id: String::new(),
        });
        let event = CloudEvent::new(
            "e1",
            &origin,
            "2026-11-22T10:00:00Z".parse().unwrap(),
            &notice,
        );
        assert_eq!(
            serde_json::to_value(&event).unwrap(),
            json!({
                "specversion": "1.0",
                "id": "e1",
                "source": "/tenants/acme/syncs/s1",
                "type": "io.rapport.record.written.v1",
                "subject": "l1",
                "time": "2026-11-22T10:00:00Z",
                "datacontenttype": "application/json",
                "tenant": "acme",
                "sync": "s1",
                "kind": "contact",
                "data": { "link": "l1", "side": "SIDE_RIGHT", "remoteId": "people/c1", "paths": ["title"] },
            })
        );
        assert_eq!(event.what(), "record-written");
    }
}
