//! Notices for other systems.

use bus::{Bus, CloudEvent, Notice, Notices, Origin, Since};
use pretty_assertions::assert_eq;
use proto::notice::PhaseChanged;

use crate::support::{PATIENCE, bus, outside};

fn event(id: &str, tenant: &str, sync: &str) -> CloudEvent {
    let origin = Origin {
        tenant: tenant.to_owned(),
        sync: sync.to_owned(),
        kind: "contact".to_owned(),
    };
    let notice = Notice::PhaseChanged(PhaseChanged {
        phase: "live".to_owned(),
        reason: String::new(),
    });
    CloudEvent::new(
        id,
        &origin,
        "2026-11-22T10:00:00Z".parse().unwrap(),
        &notice,
    )
}

async fn publish(bus: &Bus, events: &[CloudEvent]) {
    for event in events {
        bus.publish_notice(event).await.unwrap();
    }
}

async fn ids(notices: &mut Notices, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..count {
        let next = tokio::time::timeout(PATIENCE, notices.next())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        ids.push(next.event.id);
    }
    ids
}

#[tokio::test]
async fn a_tenant_reads_its_own_notices_from_any_point() {
    let (bus, _nats) = bus().await;
    publish(
        &bus,
        &[
            event("e1", "acme", "s1"),
            event("x1", "other", "s1"),
            event("e2", "acme", "s2"),
            event("e3", "acme", "s1"),
        ],
    )
    .await;
    let mut all = bus.notices("acme", None, Since::Beginning).await.unwrap();
    assert_eq!(ids(&mut all, 3).await, ["e1", "e2", "e3"]);
    let mut one = bus
        .notices("acme", Some("s1"), Since::Beginning)
        .await
        .unwrap();
    let first = one.next().await.unwrap().unwrap();
    assert_eq!(first.event, event("e1", "acme", "s1"));
    let mut rest = bus
        .notices("acme", None, Since::After(first.number))
        .await
        .unwrap();
    assert_eq!(ids(&mut rest, 2).await, ["e2", "e3"]);
    let mut later = bus.notices("acme", None, Since::Now).await.unwrap();
    publish(&bus, &[event("e4", "acme", "s1")]).await;
    assert_eq!(ids(&mut later, 1).await, ["e4"]);
}

#[tokio::test]
async fn the_same_event_published_again_is_stored_once() {
    let (bus, nats) = bus().await;
    publish(
        &bus,
        &[event("e1", "acme", "s1"), event("e1", "acme", "s1")],
    )
    .await;
    let jetstream = outside(&nats.url).await;
    let stream = jetstream
        .get_stream(format!("{}-NOTICES", nats.namespace))
        .await
        .unwrap();
    assert_eq!(stream.cached_info().state.messages, 1);
    let stored = stream.get_raw_message(1).await.unwrap();
    assert_eq!(
        stored.subject.as_str(),
        format!("{}.notices.acme.s1.contact.phase-changed", nats.namespace)
    );
    let content_type = stored.headers.get("Content-Type").unwrap().as_str();
    assert!(
        content_type.starts_with("application/cloudevents+json"),
        "{content_type}"
    );
}
