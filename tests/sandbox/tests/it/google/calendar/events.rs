//! Insert, import, patch, update, delete, move.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Diary, meeting, reason};
use crate::google::peer::text;

#[tokio::test]
async fn an_event_comes_back_the_way_google_shows_it() {
    let diary = Diary::kind().await;
    let mut body = meeting("Board", 1);
    body["transparency"] = json!("opaque");
    body["guestsCanModify"] = json!(false);
    body["reminders"] =
        json!({"useDefault": false, "overrides": [{"method": "popup", "minutes": 10}]});
    body["extendedProperties"] = json!({"private": {"own": "1"}, "shared": {"ours": "2"}});
    body["conferenceData"] = json!({"createRequest": {"requestId": "r1"}});
    let made = diary.insert(body.clone()).await;
    assert_eq!(made["kind"], "calendar#event");
    assert_eq!(made["status"], "confirmed");
    assert_eq!(made["eventType"], "default");
    assert_eq!(
        made["start"],
        json!({"dateTime": "2026-12-01T09:00:00+01:00", "timeZone": "Europe/Vienna"})
    );
    assert_eq!(made["iCalUID"], format!("{}@google.com", text(&made, "id")));
    assert_eq!(
        made["organizer"],
        json!({"email": "ana@example.com", "self": true})
    );
    assert_eq!(made["extendedProperties"]["shared"]["ours"], "2");
    assert_eq!(made["reminders"]["overrides"][0]["minutes"], 10);
    for absent in [
        "transparency",
        "guestsCanModify",
        "conferenceData",
        "attendees",
        "recurringEventId",
    ] {
        assert!(made.get(absent).is_none(), "{absent}");
    }
    let etag = text(&made, "etag");
    assert!(etag.starts_with('"') && etag.ends_with('"'));
    assert_eq!(diary.get(&format!("/{}", text(&made, "id"))).await, made);
    let met = diary
        .ok(Method::POST, "?conferenceDataVersion=1", body)
        .await;
    assert!(met["hangoutLink"].is_string());
}

#[tokio::test]
async fn times_are_shown_in_the_zone_that_is_asked_for() {
    let diary = Diary::kind().await;
    let made = diary
        .insert(json!({
            "start": {"dateTime": "2026-12-01T09:00:00", "timeZone": "America/Vancouver"},
            "end": {"dateTime": "2026-12-01T18:00:00Z"},
        }))
        .await;
    assert_eq!(
        made["start"],
        json!({"dateTime": "2026-12-01T17:00:00+01:00", "timeZone": "America/Vancouver"})
    );
    let path = format!("/{}?timeZone=UTC", text(&made, "id"));
    assert_eq!(
        diary.get(&path).await["start"]["dateTime"],
        "2026-12-01T16:00:00Z"
    );
    let bad = diary
        .on(Method::GET, &path.replace("UTC", "Nowhere"), Value::Null)
        .await;
    assert_eq!(bad.status, 400);
}

#[tokio::test]
async fn an_id_is_chosen_once_and_never_free_again() {
    let diary = Diary::kind().await;
    let mut body = meeting("Mine", 1);
    body["id"] = json!("0193c0ffee");
    diary.insert(body.clone()).await;
    let again = diary.on(Method::POST, "", body.clone()).await;
    assert_eq!(reason(&again), (409, "duplicate".to_owned()));
    diary.ok(Method::DELETE, "/0193c0ffee", Value::Null).await;
    assert_eq!(diary.on(Method::POST, "", body.clone()).await.status, 409);
    for id in ["abcd", "0193-c0ffee", "wxyz01", "ABCDEF"] {
        body["id"] = json!(id);
        let refused = diary.on(Method::POST, "", body.clone()).await;
        assert_eq!(reason(&refused), (400, "invalid".to_owned()), "{id}");
    }
    body["id"] = json!("0193c0ffef");
    body["iCalUID"] = json!("x@example.com");
    assert_eq!(
        diary.on(Method::POST, "", body.clone()).await.status,
        400,
        "one of both"
    );
    body.as_object_mut().unwrap().remove("id");
    assert_eq!(diary.insert(body).await["iCalUID"], "x@example.com");
}

#[tokio::test]
async fn a_patch_lays_over_and_an_update_replaces() {
    let diary = Diary::kind().await;
    let mut body = meeting("Board", 1);
    body["location"] = json!("Room 1");
    body["extendedProperties"] = json!({"private": {"a": "1", "b": "2"}});
    let path = format!("/{}", text(&diary.insert(body).await, "id"));
    let patch = json!({"location": null, "extendedProperties": {"private": {"a": null, "c": "3"}}});
    let patched = diary.ok(Method::PATCH, &path, patch).await;
    assert_eq!(
        patched["extendedProperties"]["private"],
        json!({"b": "2", "c": "3"})
    );
    assert!(patched.get("location").is_none());
    assert_eq!(patched["summary"], "Board");
    let replaced = diary.ok(Method::PUT, &path, meeting("New", 2)).await;
    assert_eq!(replaced["summary"], "New");
    assert!(replaced.get("extendedProperties").is_none());
    let missing = diary
        .on(Method::PUT, &path, json!({"summary": "No time"}))
        .await;
    assert_eq!(reason(&missing), (400, "required".to_owned()));
}

#[tokio::test]
async fn a_stale_etag_is_refused_and_a_star_forces() {
    let diary = Diary::kind().await;
    let made = diary.insert(meeting("Board", 1)).await;
    let path = format!("/{}", text(&made, "id"));
    let first = text(&made, "etag");
    let patch = json!({"summary": "Second"});
    let second = diary
        .matching(Method::PATCH, &path, &first, patch.clone())
        .await;
    assert_eq!(second.status, 200);
    assert_ne!(second.body["etag"], made["etag"]);
    let stale = diary
        .matching(Method::PATCH, &path, &first, json!({"summary": "Third"}))
        .await;
    assert_eq!(reason(&stale), (412, "conditionNotMet".to_owned()));
    assert_eq!(stale.body["error"]["errors"][0]["location"], "If-Match");
    let stale = diary
        .matching(Method::DELETE, &path, &first, Value::Null)
        .await;
    assert_eq!(stale.status, 412);
    let forced = diary
        .matching(Method::PATCH, &path, "*", json!({"summary": "Third"}))
        .await;
    assert_eq!(forced.status, 200);
    let request =
        diary
            .peer
            .lab
            .request("google", Method::GET, &format!("{}{path}", super::EVENTS));
    let known = request
        .bearer_auth(&diary.peer.token)
        .header("if-none-match", text(&forced.body, "etag"));
    assert_eq!(crate::client::send(known).await.status, 304);
}

#[tokio::test]
async fn a_deleted_event_is_gone_in_stages() {
    let diary = Diary::kind().await;
    let path = format!("/{}", text(&diary.insert(meeting("Board", 1)).await, "id"));
    let deleted = diary.on(Method::DELETE, &path, Value::Null).await;
    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    assert_eq!(diary.get(&path).await["status"], "cancelled");
    let again = diary.on(Method::DELETE, &path, Value::Null).await;
    assert_eq!(reason(&again), (410, "deleted".to_owned()));
    let unknown = diary.on(Method::DELETE, "/00000", Value::Null).await;
    assert_eq!(reason(&unknown), (404, "notFound".to_owned()));
    diary.settings(json!({"updates_resurrect": false})).await;
    let revive = json!({"status": "confirmed"});
    assert_eq!(
        diary.on(Method::PATCH, &path, revive.clone()).await.status,
        403
    );
    diary.settings(json!({"updates_resurrect": true})).await;
    assert_eq!(
        diary.ok(Method::PATCH, &path, revive).await["summary"],
        "Board"
    );
    diary.ok(Method::DELETE, &path, Value::Null).await;
    diary.peer.lab.advance(31 * 24 * 3600).await;
    let diary = Diary {
        peer: crate::google::peer::Peer {
            token: diary.peer.token_of(0).await,
            lab: diary.peer.lab,
        },
    };
    assert_eq!(diary.on(Method::GET, &path, Value::Null).await.status, 404);
}

#[tokio::test]
async fn reminders_move_the_etag_but_not_updated() {
    let diary = Diary::kind().await;
    let made = diary.insert(meeting("Board", 1)).await;
    let (_, token) = diary.full().await;
    let patch = json!({"reminders": {"useDefault": false, "overrides": [{"method": "email", "minutes": 60}]}});
    let patched = diary
        .ok(Method::PATCH, &format!("/{}", text(&made, "id")), patch)
        .await;
    assert_eq!(patched["updated"], made["updated"]);
    assert_ne!(patched["etag"], made["etag"]);
    assert_eq!(diary.delta(&token).await.0.len(), 1);
}

#[tokio::test]
async fn a_sequence_number_never_goes_back() {
    let diary = Diary::kind().await;
    let made = diary.insert(meeting("Board", 1)).await;
    let path = format!("/{}", text(&made, "id"));
    assert_eq!(made["sequence"], 0);
    let renamed = diary
        .ok(Method::PATCH, &path, json!({"summary": "x"}))
        .await;
    assert_eq!(renamed["sequence"], 0, "guests need not look again");
    let later = json!({"end": {"dateTime": "2026-12-01T11:00:00+01:00"}});
    assert_eq!(diary.ok(Method::PATCH, &path, later).await["sequence"], 1);
    let back = diary.on(Method::PATCH, &path, json!({"sequence": 0})).await;
    assert_eq!(back.status, 400);
    assert_eq!(
        diary.ok(Method::PATCH, &path, json!({"sequence": 7})).await["sequence"],
        7
    );
}

#[tokio::test]
async fn an_import_invites_nobody_and_its_uid_is_taken() {
    let diary = Diary::kind().await;
    let mut body = meeting("Theirs", 1);
    body["iCalUID"] = json!("theirs@example.org");
    body["organizer"] = json!({"email": "boss@example.org"});
    body["attendees"] = json!([{"email": "ben@example.com"}]);
    let made = diary
        .ok(Method::POST, "/import?sendUpdates=all", body.clone())
        .await;
    assert_eq!(made["organizer"]["email"], "boss@example.org");
    assert_eq!(made["privateCopy"], true);
    assert!(diary.mails().await.is_empty());
    let again = diary.on(Method::POST, "/import", body.clone()).await;
    assert_eq!(reason(&again), (409, "duplicate".to_owned()));
    diary.settings(json!({"import_replaces": true})).await;
    body["summary"] = json!("Newer");
    let replaced = diary.ok(Method::POST, "/import", body.clone()).await;
    assert_eq!(
        (&replaced["summary"], &replaced["id"]),
        (&json!("Newer"), &made["id"])
    );
    body.as_object_mut().unwrap().remove("iCalUID");
    assert_eq!(diary.on(Method::POST, "/import", body).await.status, 400);
}

#[tokio::test]
async fn an_event_moves_to_another_calendar() {
    let diary = Diary::kind().await;
    let calendar = diary
        .call(
            Method::POST,
            "/calendar/v3/calendars",
            json!({"summary": "Clients"}),
        )
        .await;
    let other = text(&calendar.body, "id");
    let id = text(&diary.insert(meeting("Board", 1)).await, "id");
    let moved = diary
        .ok(
            Method::POST,
            &format!("/{id}/move?destination={other}"),
            Value::Null,
        )
        .await;
    assert_eq!(moved["organizer"]["email"], other);
    let there = format!("/calendar/v3/calendars/{other}/events/{id}");
    assert_eq!(
        diary.call(Method::GET, &there, Value::Null).await.body["summary"],
        "Board"
    );
    assert_eq!(diary.get(&format!("/{id}")).await["status"], "cancelled");
    let nowhere = format!("/{id}/move?destination=nobody%40example.com");
    assert_eq!(
        diary.on(Method::POST, &nowhere, Value::Null).await.status,
        404
    );
}
