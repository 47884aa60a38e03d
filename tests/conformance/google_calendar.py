"""google-api-python-client, unmodified, against the Calendar emulator with its unkind defaults: events and deltas.

Each row of the emulator's checklist names the API methods that its check must call. The library is Google's own, so
that our reading of the documentation is not checked against itself.
"""

import datetime as dt
import uuid

from google.oauth2 import service_account
from googleapiclient.errors import HttpError
from googleapiclient.http import BatchHttpRequest

from calendars import ANA, BEN, VIENNA, fresh_id, hour, ids, pages, reason, with_header, start
from googleapi import found, refused
from sandbox import Checklist, eventually

checklist = Checklist(
    "google",
    {
        "calendar list: roles, default reminders, deltas": [
            "calendar.calendarList.list",
            "calendar.calendarList.get",
            "calendar.calendarList.patch",
            "calendar.calendarList.insert",
            "calendar.calendarList.delete",
        ],
        "calendars: insert, get, update, patch, delete": [
            "calendar.calendars.insert",
            "calendar.calendars.get",
            "calendar.calendars.update",
            "calendar.calendars.patch",
            "calendar.calendars.delete",
        ],
        "settings and colours": ["calendar.settings.list", "calendar.settings.get", "calendar.colors.get"],
        "own ids: taken for ever, and only of some letters": ["calendar.events.insert", "calendar.events.delete"],
        "times: zones, instants, days": ["calendar.events.insert", "calendar.events.get"],
        "what the server rewrites and leaves out": ["calendar.events.insert"],
        "bad bodies and their errors": ["calendar.events.insert"],
        "patch merges, update replaces": ["calendar.events.patch", "calendar.events.update"],
        "If-Match and If-None-Match": [
            "calendar.events.patch",
            "calendar.events.update",
            "calendar.events.delete",
            "calendar.events.move",
            "calendar.events.get",
        ],
        "delete, and delete again": ["calendar.events.delete", "calendar.events.get"],
        "list by pages, some of them empty": ["calendar.events.list"],
        "windows, order, text": ["calendar.events.list"],
        "private extended properties and UIDs are looked up": ["calendar.events.list"],
        "updatedMin": ["calendar.events.list"],
        "delta with tombstones": ["calendar.events.list", "calendar.events.delete"],
        "what stands beside a sync token": ["calendar.events.list"],
        "dead sync tokens": ["calendar.events.list"],
        "late visibility": ["calendar.events.get", "calendar.events.list"],
        "batch: mixed results and inner conditions": ["batch", "calendar.events.insert", "calendar.events.patch"],
        "quotas answer 403 and 429": ["calendar.events.list", "calendar.events.insert"],
        "server errors, and a connection cut after the commit": ["calendar.events.list", "calendar.events.insert"],
        "an expired access token, a missing scope": ["calendar.events.list"],
    },
)


# ---- calendars ----


@checklist.row("calendar list: roles, default reminders, deltas")
def the_list_tells_roles_and_its_own_changes(sandbox, ana, ben):
    lists = ana.service.calendarList()
    entries, last = pages(lists.list, lists.list_next)
    own = next(entry for entry in entries if entry.get("primary"))
    assert (own["id"], own["accessRole"]) == (ANA, "owner")
    assert own["defaultReminders"] == [{"method": "popup", "minutes": 30}]
    assert lists.get(calendarId="primary").execute()["id"] == ANA
    token = last["nextSyncToken"]
    shared = sandbox.control("POST", f"/google/calendars?account={BEN}", {"summary": "Ben's team"})["id"]
    role = f"/google/calendars/{shared}/roles/{ANA}?account={BEN}"
    sandbox.control("PUT", role, {"role": "reader"})
    assert lists.insert(body={"id": shared}).execute()["accessRole"] == "reader"
    changes, last = pages(lists.list, lists.list_next, syncToken=token)
    assert [(entry["id"], entry["accessRole"]) for entry in changes] == [(shared, "reader")]
    writers, last_of_writers = pages(lists.list, lists.list_next, minAccessRole="writer")
    assert shared not in ids(writers) and "nextSyncToken" not in last_of_writers
    refused(lists.list(syncToken=token, minAccessRole="writer"), 400)
    later = {"defaultReminders": [{"method": "popup", "minutes": 5}], "summaryOverride": "Mine"}
    assert lists.patch(calendarId=shared, body=later).execute()["summaryOverride"] == "Mine"
    refused(lists.delete(calendarId="primary"), 403)
    lists.delete(calendarId=shared).execute()
    changes, _ = pages(lists.list, lists.list_next, syncToken=last["nextSyncToken"])
    assert [(entry["id"], entry.get("deleted")) for entry in changes] == [(shared, True)]
    refused(lists.get(calendarId=shared), 404)


@checklist.row("calendars: insert, get, update, patch, delete")
def a_secondary_calendar_is_made_changed_and_deleted(sandbox, ana, ben):
    calendars = ana.service.calendars()
    refused(calendars.insert(body={"timeZone": VIENNA}), 400)
    made = calendars.insert(body={"summary": "Club", "timeZone": VIENNA, "description": "Chess"}).execute()
    assert calendars.get(calendarId=made["id"]).execute()["timeZone"] == VIENNA
    listed = ana.service.calendarList().get(calendarId=made["id"]).execute()
    assert (listed["accessRole"], listed["summary"]) == ("owner", "Club")
    patched = calendars.patch(calendarId=made["id"], body={"location": "Town hall"}).execute()
    assert (patched["description"], patched["location"]) == ("Chess", "Town hall")
    updated = calendars.update(calendarId=made["id"], body={"summary": "Chess club"}).execute()
    assert updated["summary"] == "Chess club" and "description" not in updated
    refused(calendars.get(calendarId="nobody@example.com"), 404)
    refused(calendars.delete(calendarId="primary"), 400)
    assert calendars.delete(calendarId=made["id"]).execute() == ""
    refused(calendars.get(calendarId=made["id"]), 404)


@checklist.row("settings and colours")
def settings_and_palettes_are_read(sandbox, ana, ben):
    calls = ana.service.settings()
    items, last = pages(calls.list, calls.list_next, maxResults=5)
    assert {"timezone", "locale", "weekStart", "format24HourTime"} <= ids(items)
    assert len(items) == len(ids(items))
    assert pages(calls.list, calls.list_next, syncToken=last["nextSyncToken"])[0] == []
    assert calls.get(setting="timezone").execute()["value"] == VIENNA
    assert ben.service.settings().get(setting="timezone").execute()["value"] == "America/New_York"
    refused(calls.get(setting="mood"), 404)
    colours = ana.service.colors().get().execute()
    assert (len(colours["event"]), len(colours["calendar"])) == (11, 24)
    assert colours["event"]["1"]["background"].startswith("#")


# ---- one event ----


@checklist.row("own ids: taken for ever, and only of some letters")
def an_id_is_never_free_again(sandbox, ana, ben):
    own = fresh_id()
    made = ana.insert(id=own, summary="Once", **hour("2027-03-01"))
    assert (made["id"], made["iCalUID"], made["status"]) == (own, f"{own}@google.com", "confirmed")
    again = {"id": own, "summary": "Twice", **hour("2027-03-02")}
    error = refused(ana.events().insert(calendarId="primary", body=again), 409, "already exists")
    assert reason(error) == "duplicate"
    assert ana.get(own)["summary"] == "Once", "the body of the second was not applied"
    ana.delete(own)
    refused(ana.events().insert(calendarId="primary", body=again), 409)
    update = ana.events().update(calendarId="primary", eventId=own, body=again)
    refused(update, 403)
    for bad in ["abcd", "w" * 8, str(uuid.uuid4()), "UPPER0", "a" * 1025]:
        error = refused(ana.events().insert(calendarId="primary", body={"id": bad, **hour("2027-03-01")}), 400)
        assert "Invalid resource id value" in str(error)
    both = {"id": fresh_id(), "iCalUID": "one@example.org", **hour("2027-03-01")}
    refused(ana.events().insert(calendarId="primary", body=both), 400)
    uid = f"{uuid.uuid4()}@example.org"
    assert ana.insert(iCalUID=uid, **hour("2027-03-01"))["iCalUID"] == uid
    ben.insert(id=own, **hour("2027-03-01"))


@checklist.row("times: zones, instants, days")
def times_are_instants_with_a_zone_beside_them(sandbox, ana, ben):
    made = ana.insert(**hour("2027-03-01", zone="America/New_York"))
    seen = ana.get(made["id"])
    assert seen["start"] == {"dateTime": "2027-03-01T15:00:00+01:00", "timeZone": "America/New_York"}
    offset = {"start": {"dateTime": "2027-07-01T09:00:00-05:00"}, "end": {"dateTime": "2027-07-01T15:00:00Z"}}
    made = ana.insert(**offset)
    assert made["start"]["dateTime"] == "2027-07-01T16:00:00+02:00"
    instant = dt.datetime.fromisoformat(made["end"]["dateTime"])
    assert instant == dt.datetime(2027, 7, 1, 15, tzinfo=dt.timezone.utc)
    days = ana.insert(start={"date": "2027-03-01"}, end={"date": "2027-03-04"})
    assert (days["start"], days["end"]) == ({"date": "2027-03-01"}, {"date": "2027-03-04"})
    timed = ana.patch(
        days["id"], start={"date": None, **hour("2027-03-01")["start"]}, end={"date": None, **hour("2027-03-01")["end"]}
    )
    assert "date" not in timed["start"] and timed["start"]["timeZone"] == VIENNA
    sandbox.advance(3)
    shown, _ = ana.pages(timeMin="2027-07-01T00:00:00Z", timeMax="2027-07-02T00:00:00Z", timeZone="UTC")
    assert [event["start"]["dateTime"] for event in shown] == ["2027-07-01T14:00:00Z"]


@checklist.row("what the server rewrites and leaves out")
def a_body_comes_back_as_the_server_has_it(sandbox, ana, ben):
    attendees = [
        {"email": "Carla@Example.org", "displayName": "Carla@Example.org"},
        {"email": BEN, "displayName": "Ben"},
    ]
    made = ana.insert(
        summary="Rewritten",
        transparency="opaque",
        visibility="default",
        guestsCanModify=False,
        attendees=attendees,
        conferenceData={"createRequest": {"requestId": "r1"}},
        **hour("2027-03-03"),
    )
    absent = ["transparency", "visibility", "guestsCanModify", "conferenceData", "hangoutLink", "recurrence"]
    assert not [name for name in absent if name in made]
    assert (made["eventType"], made["sequence"], made["organizer"]["email"]) == ("default", 0, ANA)
    assert made["organizer"]["self"] is True and made["etag"].startswith('"')
    carla = next(guest for guest in made["attendees"] if guest["email"].startswith("carla"))
    assert "displayName" not in carla and carla["responseStatus"] == "needsAction"
    call = ana.events().insert(
        calendarId="primary",
        conferenceDataVersion=1,
        body={"conferenceData": {"createRequest": {"requestId": "r1"}}, **hour("2027-03-03")},
    )
    assert call.execute()["hangoutLink"]
    partial = ana.events().get(calendarId="primary", eventId=made["id"], fields="id,start/timeZone")
    assert eventually("visible", lambda: found(partial)) == {"id": made["id"], "start": {"timeZone": VIENNA}}


@checklist.row("bad bodies and their errors")
def bad_bodies_are_refused(sandbox, ana, ben):
    day = hour("2027-03-04")
    many = [{"method": "popup", "minutes": number} for number in range(6)]
    backwards = {"start": day["end"], "end": day["start"]}
    zoneless = {"start": {"dateTime": "2027-03-04T09:00:00"}, "end": {"dateTime": "2027-03-04T10:00:00"}}
    utc = {"start": {"dateTime": "2027-03-04T09:00:00Z"}, "end": {"dateTime": "2027-03-04T10:00:00Z"}}
    for body, why in [
        ({"start": day["start"]}, "required"),
        (backwards, "timeRangeEmpty"),
        (zoneless, "invalid"),
        ({**day, "recurrence": ["DTSTART:20270304T090000Z", "RRULE:FREQ=DAILY"]}, "invalid"),
        ({**day, "recurrence": ["RRULE:FREQ=SOMETIMES"]}, "invalid"),
        ({**utc, "recurrence": ["RRULE:FREQ=DAILY"]}, "required"),
        ({**day, "status": "perhaps"}, "invalid"),
        ({**day, "created": "2027-01-01T00:00:00Z"}, "invalid"),
        ({**day, "attendees": [{"displayName": "Nobody"}]}, "required"),
        ({**day, "reminders": {"useDefault": False, "overrides": many}}, "invalid"),
        (
            {**day, "reminders": {"useDefault": True, "overrides": many[:1]}},
            "cannotUseDefaultRemindersAndSpecifyOverride",
        ),
        ({**day, "reminders": {"useDefault": False, "overrides": [{"method": "popup", "minutes": 40321}]}}, "invalid"),
        ({**day, "start": {"date": "2027-03-04"}}, "invalid"),
    ]:
        error = refused(ana.events().insert(calendarId="primary", body=body), 400)
        assert reason(error) == why, f"{body}: {error}"
    refused(ana.events().insert(calendarId="nobody@example.com", body=day), 404)
    refused(ana.events().patch(calendarId="primary", eventId=fresh_id(), body=day), 404)


@checklist.row("patch merges, update replaces")
def a_patch_keeps_what_it_does_not_name(sandbox, ana, ben):
    made = ana.insert(
        summary="Merged",
        description="<b>Bring</b> slides",
        location="Room 1",
        colorId="3",
        attendees=[{"email": "carla@example.org"}, {"email": "dan@example.org"}],
        extendedProperties={"private": {"a": "1", "b": "2"}, "shared": {"c": "3"}},
        **hour("2027-03-05"),
    )
    seen = ana.patch(
        made["id"],
        location=None,
        attendees=[{"email": "carla@example.org"}],
        extendedProperties={"private": {"a": None, "d": "4"}},
    )
    assert "location" not in seen and seen["description"] == "<b>Bring</b> slides"
    assert [guest["email"] for guest in seen["attendees"]] == ["carla@example.org"]
    assert seen["extendedProperties"] == {"private": {"b": "2", "d": "4"}, "shared": {"c": "3"}}
    assert seen["etag"] != made["etag"] and seen["updated"] >= made["updated"]
    patched = seen["sequence"]
    body = {"summary": "Replaced", **hour("2027-03-05", 11)}
    seen = ana.events().update(calendarId="primary", eventId=made["id"], body=body).execute()
    gone = ["description", "attendees", "extendedProperties", "colorId"]
    assert not [name for name in gone if name in seen]
    assert seen["sequence"] == patched + 1, "guests must look again"
    low = {"sequence": 0, **hour("2027-03-05", 13)}
    refused(ana.events().update(calendarId="primary", eventId=made["id"], body=low), 400, "sequence")


@checklist.row("If-Match and If-None-Match")
def a_write_is_conditional_on_the_version_that_was_read(sandbox, ana, ben):
    made = ana.insert(summary="First", **hour("2027-03-08"))
    own = {"calendarId": "primary", "eventId": made["id"]}
    ana.patch(made["id"], summary="Second")
    calls = ana.events()
    club = ana.service.calendars().insert(body={"summary": "Moved here"}).execute()["id"]
    for stale in [
        calls.patch(**own, body={"summary": "Third"}),
        calls.update(**own, body=hour("2027-03-08")),
        calls.delete(**own),
        calls.move(**own, destination=club),
    ]:
        error = refused(with_header(stale, "If-Match", made["etag"]), 412)
        assert reason(error) == "conditionNotMet"
    ana.sandbox.advance(1)
    now = ana.get(made["id"])
    assert now["summary"] == "Second"
    seen = with_header(calls.patch(**own, body={"summary": "Third"}), "If-Match", now["etag"]).execute()
    seen = with_header(calls.patch(**own, body={"summary": "Fourth"}), "If-Match", "*").execute()
    ana.sandbox.advance(1)
    refused(with_header(calls.get(**own), "If-None-Match", seen["etag"]), 304)
    assert with_header(calls.get(**own), "If-None-Match", made["etag"]).execute()["summary"] == "Fourth"
    assert with_header(calls.delete(**own), "If-Match", seen["etag"]).execute() == ""


@checklist.row("delete, and delete again")
def a_deleted_event_can_still_be_read(sandbox, ana, ben):
    made = ana.insert(summary="Gone", **hour("2027-03-09"))
    assert ana.delete(made["id"]) == ""
    error = refused(ana.events().delete(calendarId="primary", eventId=made["id"]), 410, "deleted")
    assert reason(error) == "deleted"
    sandbox.advance(1)
    assert ana.get(made["id"])["status"] == "cancelled"
    refused(ana.events().delete(calendarId="primary", eventId=fresh_id()), 404)


# ---- reading ----


@checklist.row("list by pages, some of them empty")
def every_event_comes_once(sandbox, ana, ben):
    club = ana.service.calendars().insert(body={"summary": "Paged", "timeZone": VIENNA}).execute()["id"]
    made = {ana.insert(club, summary=f"Number {n}", **hour("2027-04-01"))["id"] for n in range(25)}
    sandbox.advance(3)
    request, seen, sizes = ana.events().list(calendarId=club, maxResults=3), [], []
    while request is not None:
        page = request.execute()
        sizes.append(len(page["items"]))
        seen += page["items"]
        last, request = page, ana.events().list_next(request, page)
    assert ids(seen) == made and len(seen) == 25
    assert max(sizes) <= 3 and 0 in sizes[:-1], sizes
    assert (last["timeZone"], last["accessRole"]) == (VIENNA, "owner")
    assert last["defaultReminders"] == [{"method": "popup", "minutes": 30}]
    token = ana.events().list(calendarId=club, maxResults=3).execute()["nextPageToken"]
    refused(ana.events().list(calendarId=club, pageToken=token, showDeleted=True), 400)
    refused(ana.events().list(calendarId=club, pageToken="nonsense"), 400)


@checklist.row("windows, order, text")
def a_window_looks_at_ends_and_starts(sandbox, ana, ben):
    names = {ana.insert(summary=f"Windowed {n}", **hour("2027-04-05", n))["id"]: n for n in (11, 9, 10)}
    sandbox.advance(3)
    window = {"timeMin": "2027-04-05T08:00:00Z", "timeMax": "2027-04-05T09:00:00Z"}
    # Ten to eleven in Vienna: what ends at ten or starts at eleven is outside.
    assert [names[event["id"]] for event in ana.pages(**window)[0]] == [10]
    ordered, _ = ana.pages(q="windowed", singleEvents=True, orderBy="startTime")
    assert [names[event["id"]] for event in ordered] == [9, 10, 11]
    assert ids(ana.pages(q="windowed")[0]) == set(names)
    refused(ana.events().list(calendarId="primary", orderBy="startTime"), 400)
    error = refused(ana.events().list(calendarId="primary", timeMin=window["timeMax"], timeMax=window["timeMin"]), 400)
    assert reason(error) == "timeRangeEmpty"
    refused(ana.events().list(calendarId="primary", timeMin="2027-04-05"), 400)


@checklist.row("private extended properties and UIDs are looked up")
def a_marker_is_found(sandbox, ana, ben):
    key = fresh_id()
    mine = ana.insert(extendedProperties={"private": {"rapport": key}}, **hour("2027-04-06"))
    ana.insert(extendedProperties={"shared": {"rapport": key}}, **hour("2027-04-06"))
    sandbox.advance(3)
    marked, last = ana.pages(privateExtendedProperty=f"rapport={key}")
    assert ids(marked) == {mine["id"]} and "nextSyncToken" not in last
    assert ids(ana.pages(sharedExtendedProperty=f"rapport={key}")[0]).isdisjoint({mine["id"]})
    assert ids(ana.pages(iCalUID=mine["iCalUID"])[0]) == {mine["id"]}
    assert ana.pages(privateExtendedProperty="rapport=other")[0] == []
    refused(ana.events().list(calendarId="primary", privateExtendedProperty="rapport"), 400)
    ana.delete(mine["id"])
    sandbox.advance(3)
    assert ana.pages(privateExtendedProperty=f"rapport={key}")[0] == []
    gone, _ = ana.pages(privateExtendedProperty=f"rapport={key}", showDeleted=True)
    assert [event["status"] for event in gone] == ["cancelled"]


@checklist.row("updatedMin")
def updated_min_shows_deletions_and_reaches_a_month(sandbox, ana, ben):
    old = ana.insert(**hour("2027-04-07"))
    sandbox.advance(10)
    since = ana.insert(**hour("2027-04-07"))["updated"]
    new, gone = ana.insert(**hour("2027-04-07")), ana.insert(**hour("2027-04-07"))
    ana.delete(gone["id"])
    sandbox.advance(3)
    seen = ids(ana.pages(updatedMin=since, showDeleted=False)[0])
    assert {new["id"], gone["id"]} <= seen and old["id"] not in seen
    before = (dt.datetime.fromisoformat(since) - dt.timedelta(days=40)).isoformat()
    error = refused(ana.events().list(calendarId="primary", updatedMin=before), 410)
    assert reason(error) == "updatedMinTooLongAgo"


# ---- deltas ----


@checklist.row("delta with tombstones")
def a_delta_gives_the_latest_state_once(sandbox, ana, ben):
    kept, gone = ana.insert(**hour("2027-04-08")), ana.insert(**hour("2027-04-08"))
    everything, token = ana.full()
    assert {kept["id"], gone["id"]} <= ids(everything)
    ana.patch(kept["id"], summary="One")
    ana.patch(kept["id"], summary="Two")
    ana.delete(gone["id"])
    changes, after = ana.delta(token)
    by_id = {event["id"]: event for event in changes}
    assert set(by_id) == {kept["id"], gone["id"]} and len(changes) == 2
    assert by_id[kept["id"]]["summary"] == "Two"
    tombstone = by_id[gone["id"]]
    assert tombstone["status"] == "cancelled" and "summary" not in tombstone and "start" not in tombstone
    assert ana.delta(after)[0] == []
    assert ids(ana.delta(token)[0]) == set(by_id), "a token can be used again"


@checklist.row("what stands beside a sync token")
def filters_are_refused_beside_a_token(sandbox, ana, ben):
    _, token = ana.full()
    for filters in [
        {"timeMin": "2027-01-01T00:00:00Z"},
        {"timeMax": "2027-01-01T00:00:00Z"},
        {"updatedMin": "2027-01-01T00:00:00Z"},
        {"q": "x"},
        {"iCalUID": "x"},
        {"orderBy": "updated"},
        {"privateExtendedProperty": "a=b"},
        {"sharedExtendedProperty": "a=b"},
        {"showDeleted": False},
    ]:
        refused(ana.events().list(calendarId="primary", syncToken=token, **filters), 400)
    with ana.switched(short_pages=False):
        for number in range(3):
            ana.insert(summary=f"Page {number}", **hour("2027-04-09"))
        sandbox.advance(3)
        request, seen = ana.events().list(calendarId="primary", syncToken=token, maxResults=1), []
        while request is not None:
            page = request.execute()
            seen += page["items"]
            # The library repeats the sync token beside the page token.
            assert "syncToken=" in request.uri
            request = ana.events().list_next(request, page)
        assert len(ids(seen)) == 3


@checklist.row("dead sync tokens")
def a_dead_token_asks_for_a_full_read(sandbox, ana, ben):
    def dead(token, calendar="primary"):
        return ana.events().list(calendarId=calendar, syncToken=token)

    error = refused(dead("nonsense"), 400, "Invalid sync token value")
    assert reason(error) == "invalid"
    _, token = ana.full()
    refused(ben.events().list(calendarId="primary", syncToken=token), 400)
    sandbox.control("POST", "/google/cursors/expire")
    error = refused(dead(token), 410, "full sync is required")
    assert reason(error) == "fullSyncRequired"
    club = ana.service.calendars().insert(body={"summary": "Shared"}).execute()["id"]
    _, token = ana.full(club)
    role = f"/google/calendars/{club}/roles/{BEN}?account={ANA}"
    sandbox.control("PUT", role, {"role": "reader"})
    refused(dead(token, club), 410)
    _, token = ana.full()
    with ana.switched(sync_token_seconds=60):
        sandbox.advance(61)
        refused(dead(token), 410)


@checklist.row("late visibility")
def a_fresh_event_is_late(sandbox, ana, ben):
    # Far longer than usual, so that a slow machine does not make it pass unseen.
    with ana.switched(get_lag_milliseconds=50_000, list_lag_milliseconds=90_000):
        _, token = ana.full()
        made = ana.insert(**hour("2027-04-12"))
        refused(ana.events().get(calendarId="primary", eventId=made["id"]), 404)
        sandbox.advance(60)
        assert ana.get(made["id"])["id"] == made["id"]
        assert made["id"] not in ids(ana.delta(token)[0])
        sandbox.advance(60)
        assert made["id"] in ids(ana.delta(token)[0])


# ---- batches, limits, faults ----


@checklist.row("batch: mixed results and inner conditions")
def a_batch_answers_each_part_for_itself(sandbox, ana, ben):
    first = ana.insert(summary="First", **hour("2027-04-26"))
    ana.patch(first["id"], summary="Second")
    answers = {}

    def answered(number, response, error):
        answers[number] = error.status_code if error else response

    calls = ana.events()
    batch = BatchHttpRequest(answered, batch_uri=f"{ana.settings['base_url']}/batch/calendar/v3")
    own = {"calendarId": "primary", "eventId": first["id"]}
    stale = with_header(calls.patch(**own, body={"summary": "x"}), "If-Match", first["etag"])
    batch.add(calls.insert(calendarId="primary", body={"id": first["id"], **hour("2027-04-26")}), request_id="taken")
    batch.add(calls.insert(calendarId="primary", body={"summary": "Made", **hour("2027-04-26")}), request_id="made")
    batch.add(stale, request_id="stale")
    batch.add(calls.get(calendarId="primary", eventId=fresh_id()), request_id="nobody")
    batch.add(calls.patch(**own, body={"summary": "Third"}), request_id="changed")
    batch.execute()
    assert (answers["taken"], answers["stale"], answers["nobody"]) == (409, 412, 404)
    assert (answers["made"]["summary"], answers["changed"]["summary"]) == ("Made", "Third")
    removal = BatchHttpRequest(answered, batch_uri=f"{ana.settings['base_url']}/batch/calendar/v3")
    removal.add(calls.delete(**own), request_id="deleted")
    removal.add(calls.delete(calendarId="primary", eventId=answers["made"]["id"]), request_id="also")
    removal.execute()
    assert (answers["deleted"], answers["also"]) == ("", "")


@checklist.row("quotas answer 403 and 429")
def a_quota_that_is_spent_has_its_reason(sandbox, ana, ben):
    listing = ana.events().list(calendarId="primary", maxResults=1)
    for status in (403, 429):
        with ana.switched(quota={"user_requests": 0, "status": status}):
            assert reason(refused(listing, status)) in ("rateLimitExceeded", "userRateLimitExceeded")
    with ana.switched(quota={"user_requests": 3, "status": 429}):
        sandbox.advance(61)
        seen = []
        for _ in range(5):
            try:
                listing.execute()
                seen.append(200)
            except HttpError as error:
                seen.append(error.status_code)
        assert seen == [200, 200, 200, 429, 429]
        other = ana.events().list(calendarId="primary", maxResults=1, quotaUser="another")
        other.execute()
        sandbox.advance(61)
        listing.execute()
    with ana.switched(quota={"external_invitations": 2}):
        guests = [{"email": f"stranger{number}@example.org"} for number in range(3)]
        body = {"attendees": guests, **hour("2027-04-27")}
        invite = ana.events().insert(calendarId="primary", body=body, sendUpdates="all")
        error = refused(invite, 403, "Calendar usage limits exceeded.")
        assert reason(error) == "quotaExceeded"
        ana.events().insert(calendarId="primary", body=body, sendUpdates="none").execute()
    with ana.switched(quota={"calendar_writes": 0, "status": 403}):
        write = ana.events().insert(calendarId="primary", body=hour("2027-04-27"))
        assert reason(refused(write, 403)) == "rateLimitExceeded"
        listing.execute()


@checklist.row("server errors, and a connection cut after the commit")
def errors_are_retried_and_a_lost_answer_leaves_the_event(sandbox, ana, ben):
    def next_call(method, times=1, **fault):
        rule = {"provider": "google", "method": method, "times": times, "fault": fault}
        sandbox.control("POST", "/faults", rule)

    next_call("calendar.events.list", times=2, kind="status", status=503)
    assert ana.events().list(calendarId="primary", maxResults=1).execute(num_retries=3)
    next_call("calendar.events.list", kind="status", status=500)
    error = refused(ana.events().list(calendarId="primary"), 500)
    assert reason(error) == "backendError"
    own = fresh_id()
    next_call("calendar.events.insert", kind="cut_after_commit")
    body = {"id": own, "summary": "Lost", **hour("2027-04-28")}
    insert = ana.events().insert(calendarId="primary", body=body)
    try:
        insert.execute()
        raise AssertionError("the answer was not lost")
    except ConnectionError:
        pass
    except HttpError as error:
        # The library's transport repeats a call by itself whose connection was closed; that one is a duplicate.
        assert error.status_code == 409
    refused(ana.events().insert(calendarId="primary", body=body), 409)
    assert ana.get(own)["summary"] == "Lost"
    sandbox.control("DELETE", "/faults")


@checklist.row("an expired access token, a missing scope")
def tokens_expire_and_reach_only_so_far(sandbox, ana, ben):
    sandbox.control("POST", "/google/access-tokens/expire")
    # The library refreshes on the 401 and repeats the call.
    assert ana.events().list(calendarId="primary", maxResults=1).execute()
    scope = "https://www.googleapis.com/auth/calendar.events"
    key_file = sandbox.control("POST", "/google/service-accounts", {"scopes": [scope]})
    whose = service_account.Credentials.from_service_account_info(key_file, scopes=[scope], subject=BEN)
    narrow = ana.service_with(whose)
    assert narrow.events().list(calendarId="primary", maxResults=1).execute()["summary"] == BEN
    error = refused(narrow.calendarList().list(), 403)
    # The library shows the newer details, which say the same in another word.
    assert reason(error) == "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
    refused(narrow.settings().list(), 403)
    refused(narrow.freebusy().query(body={}), 403)


if __name__ == "__main__":
    start(checklist)
