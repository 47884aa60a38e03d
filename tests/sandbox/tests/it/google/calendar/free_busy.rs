//! Free and busy times, settings and palettes.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Diary, meeting, reason, weekly};
use crate::client::Answer;
use crate::google::peer::text;

async fn query(diary: &Diary, body: Value) -> Answer {
    diary
        .call(Method::POST, "/calendar/v3/freeBusy", body)
        .await
}

fn december(items: &[&str]) -> Value {
    let items: Vec<Value> = items.iter().map(|id| json!({ "id": id })).collect();
    json!({"timeMin": "2026-12-01T00:00:00Z", "timeMax": "2027-01-01T00:00:00Z", "items": items})
}

#[tokio::test]
async fn busy_times_are_joined_and_free_ones_left_out() {
    let diary = Diary::kind().await;
    diary.insert(meeting("One", 1)).await;
    let mut next = meeting("Next", 1);
    next["start"]["dateTime"] = json!("2026-12-01T10:00:00");
    next["end"]["dateTime"] = json!("2026-12-01T11:30:00");
    diary.insert(next).await;
    let mut free = meeting("Free", 2);
    free["transparency"] = json!("transparent");
    diary.insert(free).await;
    let mut declined = meeting("Declined", 3);
    declined["attendees"] = json!([{"email": "ana@example.com", "responseStatus": "declined"}]);
    diary.insert(declined).await;
    let series = text(&diary.insert(weekly("Weekly", 8)).await, "id");
    let cancelled = format!("/{series}_20261215T080000Z");
    diary.ok(Method::DELETE, &cancelled, Value::Null).await;
    let answer = query(&diary, december(&["primary", "nobody@example.com"])).await;
    let calendars = &answer.body["calendars"];
    assert_eq!(
        calendars["primary"]["busy"],
        json!([
            {"start": "2026-12-01T08:00:00Z", "end": "2026-12-01T10:30:00Z"},
            {"start": "2026-12-08T08:00:00Z", "end": "2026-12-08T09:00:00Z"},
            {"start": "2026-12-22T08:00:00Z", "end": "2026-12-22T09:00:00Z"},
            {"start": "2026-12-29T08:00:00Z", "end": "2026-12-29T09:00:00Z"},
        ])
    );
    assert_eq!(
        calendars["nobody@example.com"]["errors"][0]["reason"],
        "notFound"
    );
    let mut cut = december(&["primary"]);
    cut["timeMin"] = json!("2026-12-01T09:00:00Z");
    cut["timeMax"] = json!("2026-12-01T10:00:00Z");
    cut["timeZone"] = json!("Europe/Vienna");
    let answer = query(&diary, cut).await;
    assert_eq!(
        answer.body["calendars"]["primary"]["busy"],
        json!([{"start": "2026-12-01T10:00:00+01:00", "end": "2026-12-01T11:00:00+01:00"}])
    );
}

#[tokio::test]
async fn unfit_queries_are_refused() {
    let diary = Diary::kind().await;
    for (name, value, why) in [
        ("timeMin", Value::Null, "required"),
        ("timeMax", json!("tomorrow"), "badRequest"),
        ("timeMax", json!("2026-12-01T00:00:00Z"), "timeRangeEmpty"),
        ("items", Value::Null, "required"),
        ("items", json!([{}]), "required"),
        ("timeZone", json!("Europe/Atlantis"), "invalid"),
        ("calendarExpansionMax", json!(51), "invalidParameter"),
    ] {
        let mut body = december(&["primary"]);
        body[name] = value;
        let refused = query(&diary, body).await;
        assert_eq!(reason(&refused), (400, why.to_owned()), "{name}");
    }
    let mut few = december(&["primary", "ben@example.com"]);
    few["calendarExpansionMax"] = json!(1);
    let answer = query(&diary, few).await;
    let second = &answer.body["calendars"]["ben@example.com"];
    assert_eq!(second["errors"][0]["reason"], "tooManyCalendarsRequested");
}

#[tokio::test]
async fn settings_are_read_in_pages_and_their_delta_is_empty() {
    let diary = Diary::unkind().await;
    let list = "/calendar/v3/users/me/settings";
    let (mut path, mut found) = (format!("{list}?maxResults=4"), Vec::new());
    let token = loop {
        let page = diary.call(Method::GET, &path, Value::Null).await.body;
        found.extend(page["items"].as_array().unwrap().clone());
        match page["nextPageToken"].as_str() {
            Some(next) => path = format!("{list}?maxResults=4&pageToken={next}"),
            None => break text(&page, "nextSyncToken"),
        }
    };
    let zone = found.iter().find(|one| one["id"] == "timezone").unwrap();
    assert_eq!(zone["value"], "Europe/Vienna");
    let delta = format!("{list}?syncToken={token}");
    let delta = diary.call(Method::GET, &delta, Value::Null).await;
    assert_eq!(delta.body["items"], json!([]));
    for (rest, status) in [
        ("/timezone", 200),
        ("/mood", 404),
        ("?syncToken=made-up", 400),
    ] {
        let answer = diary
            .call(Method::GET, &format!("{list}{rest}"), Value::Null)
            .await;
        assert_eq!(answer.status, status, "{rest}");
    }
    let colours = diary
        .call(Method::GET, "/calendar/v3/colors", Value::Null)
        .await;
    assert_eq!(colours.body["event"].as_object().unwrap().len(), 11);
}

#[tokio::test]
async fn an_update_of_a_calendar_clears_what_it_does_not_name() {
    let diary = Diary::kind().await;
    let path = "/calendar/v3/calendars";
    let made = json!({"summary": "Club", "description": "Chess", "timeZone": "Europe/Vienna"});
    let made = diary.call(Method::POST, path, made).await.body;
    let path = format!("{path}/{}", text(&made, "id"));
    let updated = diary
        .call(Method::PUT, &path, json!({"summary": "Chess club"}))
        .await;
    assert_eq!(updated.body["summary"], "Chess club");
    assert!(updated.body.get("description").is_none());
    for body in [json!({}), json!({"summary": "x", "timeZone": "Nowhere"})] {
        let refused = diary.call(Method::PUT, &path, body).await;
        assert_eq!(refused.status, 400);
    }
    let primary = "/calendar/v3/calendars/ben%40example.com";
    let foreign = diary
        .call(Method::PUT, primary, json!({"summary": "Mine"}))
        .await;
    assert_eq!(foreign.status, 404);
}
