"""google-api-python-client, unmodified, against the Calendar emulator with its unkind defaults: series, people, push.

Each row of the emulator's checklist names the API methods that its check must call. The library is Google's own, so
that our reading of the documentation is not checked against itself.
"""

import datetime as dt
import uuid

from calendars import ANA, BEN, VIENNA, fresh_id, hour, ids, mails, reason, sandbox_now, start
from googleapi import refused
from receiver import Receiver
from sandbox import Checklist, eventually

checklist = Checklist(
    "google",
    {
        "instances, moved and cancelled ones": [
            "calendar.events.instances",
            "calendar.events.patch",
            "calendar.events.delete",
        ],
        "a series as a list shows it": ["calendar.events.list"],
        "this and following": ["calendar.events.patch", "calendar.events.insert", "calendar.events.instances"],
        "the end of a series": ["calendar.events.patch", "calendar.events.delete"],
        "move to another calendar": ["calendar.events.move"],
        "import by UID": ["calendar.events.import"],
        "reminders: own ones against the calendar's": ["calendar.events.patch", "calendar.events.list"],
        "extended properties and their limits": ["calendar.events.insert", "calendar.events.patch"],
        "mails follow sendUpdates": [
            "calendar.events.insert",
            "calendar.events.patch",
            "calendar.events.update",
            "calendar.events.delete",
            "calendar.events.move",
        ],
        "guests: copies, answers, what only organizers change": ["calendar.events.list", "calendar.events.patch"],
        "readers see less and write nothing": ["calendar.events.list", "calendar.events.insert"],
        "free and busy": ["calendar.freebusy.query"],
        "channels: sync, changes, own writes, stop": ["calendar.events.watch", "calendar.channels.stop"],
        "channels that are refused, retried, expired": ["calendar.events.watch", "calendar.channels.stop"],
        "two calendars hold every kind of meeting": ["calendar.events.list", "calendar.events.instances"],
    },
)


# ---- series ----


def weekly(ana, day="2027-03-15", count=4, **more):
    rule = [f"RRULE:FREQ=WEEKLY;COUNT={count}"]
    return ana.insert(summary="Weekly", recurrence=rule, **hour(day), **more)


@checklist.row("instances, moved and cancelled ones")
def an_instance_is_moved_and_another_cancelled(sandbox, ana, ben):
    series = weekly(ana)
    sandbox.advance(1)
    all_four = ana.instances(series["id"])
    # Summer time begins on 28 March: the wall clock stays.
    stamps = ["20270315T080000Z", "20270322T080000Z", "20270329T070000Z", "20270405T070000Z"]
    assert [event["id"] for event in all_four] == [f"{series['id']}_{stamp}" for stamp in stamps]
    assert {event["start"]["dateTime"][11:16] for event in all_four} == {"09:00"}
    second, third = all_four[1], all_four[2]
    assert second["recurringEventId"] == series["id"] and "recurrence" not in second
    assert second["iCalUID"] == series["iCalUID"]
    _, token = ana.full()
    moved = ana.patch(second["id"], summary="Moved", **hour("2027-03-23", 14))
    assert moved["originalStartTime"]["dateTime"] == "2027-03-22T09:00:00+01:00"
    ana.delete(third["id"])
    changes, _ = ana.delta(token)
    by_id = {event["id"]: event for event in changes}
    assert set(by_id) == {second["id"], third["id"]}
    bare = {"kind", "etag", "id", "status", "recurringEventId", "originalStartTime"}
    assert set(by_id[third["id"]]) == bare
    assert len(ana.instances(series["id"])) == 3
    assert len(ana.instances(series["id"], showDeleted=True)) == 4
    found_again = ana.instances(series["id"], originalStart="2027-03-22T09:00:00+01:00")
    assert ids(found_again) == {second["id"]}
    assert ids(ana.instances(second["id"])) == {second["id"]} and ana.instances(third["id"]) == []
    refused(ana.events().delete(calendarId="primary", eventId=third["id"]), 410)
    # A cancelled instance comes back where a cancelled event would not.
    assert ana.patch(third["id"], status="confirmed")["start"] == third["start"]
    sandbox.advance(1)
    assert len(ana.instances(series["id"])) == 4
    refused(ana.events().get(calendarId="primary", eventId=f"{series['id']}_20270316T080000Z"), 404)


@checklist.row("a series as a list shows it")
def a_list_shows_the_series_or_its_instances(sandbox, ana, ben):
    club = ana.service.calendars().insert(body={"summary": "Series", "timeZone": VIENNA}).execute()["id"]
    days = ana.insert(
        club,
        summary="Days",
        recurrence=["RRULE:FREQ=DAILY;COUNT=3", "EXDATE;VALUE=DATE:20270502"],
        start={"date": "2027-05-01"},
        end={"date": "2027-05-02"},
    )
    series = ana.insert(club, recurrence=["RRULE:FREQ=WEEKLY;COUNT=3"], **hour("2027-05-03"))
    ana.delete(f"{series['id']}_20270510T070000Z", club)
    sandbox.advance(3)
    unexpanded, _ = ana.pages(club)
    assert ids(unexpanded) == {days["id"], series["id"], f"{series['id']}_20270510T070000Z"}
    expanded, last = ana.pages(club, singleEvents=True, orderBy="startTime")
    assert [event["id"] for event in expanded] == [
        f"{days['id']}_20270501",
        f"{days['id']}_20270503",
        f"{series['id']}_20270503T070000Z",
        f"{series['id']}_20270517T070000Z",
    ]
    with_deleted, _ = ana.pages(club, singleEvents=True, showDeleted=True)
    assert f"{series['id']}_20270510T070000Z" in ids(with_deleted) and series["id"] not in ids(with_deleted)
    window = {"timeMin": "2027-05-15T00:00:00Z", "timeMax": "2027-05-20T00:00:00Z"}
    inside, _ = ana.pages(club, singleEvents=True, **window)
    assert ids(inside) == {f"{series['id']}_20270517T070000Z"}
    _, last = ana.pages(club, singleEvents=True)
    refused(ana.events().list(calendarId=club, syncToken=last["nextSyncToken"]), 410)


@checklist.row("this and following")
def a_series_is_split_by_its_client(sandbox, ana, ben):
    series = weekly(ana, count=6)
    late = f"{series['id']}_20270412T070000Z"
    ana.patch(late, summary="An exception of the later part")
    ended = ["RRULE:FREQ=WEEKLY;UNTIL=20270404T215959Z"]
    assert ana.patch(series["id"], recurrence=ended)["recurrence"] == ended
    rest = weekly(ana, "2027-04-05", 3)
    sandbox.advance(3)
    assert len(ana.instances(series["id"])) == 3 and len(ana.instances(rest["id"])) == 3
    assert ana.get(late)["status"] == "cancelled", "exceptions that the series has outgrown are gone"
    # The web interface does the same by itself.
    instance = f"{rest['id']}_20270412T070000Z"
    path = f"/google/calendars/primary/events/{instance}/split"
    split = sandbox.control("POST", path, {"event": {"summary": "Renamed"}})
    assert split["id"] != rest["id"] and split["summary"] == "Renamed"
    sandbox.advance(3)
    assert len(ana.instances(rest["id"])) == 1 and len(ana.instances(split["id"])) == 2


@checklist.row("the end of a series")
def a_series_takes_its_exceptions_with_it(sandbox, ana, ben):
    series = weekly(ana)
    exception = f"{series['id']}_20270322T080000Z"
    ana.patch(exception, summary="Apart")
    _, token = ana.full()
    ana.delete(series["id"])
    changes, _ = ana.delta(token)
    assert [(event["id"], event["status"]) for event in changes] == [(series["id"], "cancelled")]
    assert ana.get(exception)["status"] == "cancelled"
    single = weekly(ana, "2027-03-16")
    ended = ana.patch(single["id"], recurrence=None)
    assert "recurrence" not in ended and ended["id"] == single["id"]


# ---- other ways in ----


@checklist.row("move to another calendar")
def a_moved_event_keeps_its_id(sandbox, ana, ben):
    club = ana.service.calendars().insert(body={"summary": "Elsewhere"}).execute()["id"]
    made = ana.insert(summary="Moving", **hour("2027-04-13"))
    _, token = ana.full()
    answer = ana.events().move(calendarId="primary", eventId=made["id"], destination=club).execute()
    # The answer may show what was left behind, so the destination is read.
    assert answer["id"] == made["id"] and answer["status"] in ("confirmed", "cancelled")
    moved = ana.get(made["id"], club)
    assert (moved["status"], moved["organizer"]["email"]) == ("confirmed", club)
    changes, _ = ana.delta(token)
    assert [(event["id"], event["status"]) for event in changes] == [(made["id"], "cancelled")]
    refused(ana.events().move(calendarId="primary", eventId=made["id"], destination=club), 410)
    refused(ana.events().move(calendarId=club, eventId=fresh_id(), destination="primary"), 404)
    invited = ben.insert(attendees=[{"email": ANA}], **hour("2027-04-13"))
    sandbox.advance(1)
    error = refused(ana.events().move(calendarId="primary", eventId=invited["id"], destination=club), 403)
    assert reason(error) == "forbiddenForNonOrganizer"


@checklist.row("import by UID")
def an_import_is_a_private_copy(sandbox, ana, ben):
    uid = f"{uuid.uuid4()}@example.org"
    seen = mails(sandbox)
    body = {
        "iCalUID": uid,
        "summary": "Elsewhere",
        "organizer": {"email": "carla@example.org"},
        "attendees": [{"email": BEN}],
        **hour("2027-04-14"),
    }
    imports = ana.events().import_
    made = imports(calendarId="primary", body=body).execute()
    assert (made["iCalUID"], made["organizer"]["email"]) == (uid, "carla@example.org")
    refused(imports(calendarId="primary", body=body), 409)
    sandbox.advance(3)
    assert ids(ana.pages(iCalUID=uid)[0]) == {made["id"]}
    assert ben.pages(iCalUID=uid)[0] == [], "nobody is invited"
    assert mails(sandbox) == seen
    ana.delete(made["id"])
    refused(imports(calendarId="primary", body=body), 409)
    refused(imports(calendarId="primary", body=hour("2027-04-14")), 400)
    with ana.switched(import_replaces=True):
        again = {**body, "summary": "Replaced"}
        assert imports(calendarId="primary", body=again).execute()["id"] == made["id"]


@checklist.row("reminders: own ones against the calendar's")
def reminders_belong_to_one_account(sandbox, ana, ben):
    made = ana.insert(attendees=[{"email": BEN}], **hour("2027-04-15"))
    assert made["reminders"] == {"useDefault": True}
    _, token = ana.full()
    overrides = [{"method": "popup", "minutes": 10}, {"method": "email", "minutes": 60}]
    last = (mails(sandbox) or [(0,)])[-1][0]
    seen = ana.patch(made["id"], reminders={"useDefault": False, "overrides": overrides})
    assert seen["reminders"]["overrides"] == overrides
    told = [(who, kind) for _, who, kind in mails(sandbox, last)]
    assert told == [(ANA, "reminder")], "a reminder by mail is a mail that this write will cause"
    assert seen["updated"] == made["updated"], "reminders do not move it"
    assert ids(ana.delta(token)[0]) == {made["id"]}
    sandbox.advance(1)
    assert ben.get(made["id"])["reminders"] == {"useDefault": True}
    none = ana.patch(made["id"], reminders={"useDefault": False, "overrides": []})
    assert none["reminders"] == {"useDefault": False}
    back = ana.patch(made["id"], reminders={"useDefault": True, "overrides": None})
    assert back["reminders"] == {"useDefault": True}


@checklist.row("extended properties and their limits")
def properties_are_dropped_and_cut_without_a_word(sandbox, ana, ben):
    made = ana.insert(
        extendedProperties={"private": {"k" * 45: "lost", "k" * 44: "v" * 2000}, "shared": {"team": "red"}},
        attendees=[{"email": BEN}],
        **hour("2027-04-16"),
    )
    private = made["extendedProperties"]["private"]
    assert set(private) == {"k" * 44} and len(private["k" * 44]) == 1024
    sandbox.advance(1)
    copy = ben.get(made["id"])["extendedProperties"]
    assert copy == {"shared": {"team": "red"}}, "private ones belong to one copy"
    own = ben.patch(made["id"], extendedProperties={"private": {"mine": "1"}})
    assert own["extendedProperties"]["private"] == {"mine": "1"}
    sandbox.advance(1)
    assert "mine" not in ana.get(made["id"])["extendedProperties"]["private"]
    many = {f"key{number}": "v" for number in range(301)}
    refused(
        ana.events().patch(calendarId="primary", eventId=made["id"], body={"extendedProperties": {"private": many}}),
        400,
    )


# ---- people ----


@checklist.row("mails follow sendUpdates")
def mails_are_sent_as_the_call_says(sandbox, ana, ben):
    guests = [{"email": BEN}, {"email": "carla@example.org"}]

    def caused(request):
        before = mails(sandbox)
        last = before[-1][0] if before else 0
        answer = request.execute()
        return answer, sorted((who, kind) for _, who, kind in mails(sandbox, last))

    def insert(**more):
        body = {"summary": "Invited", "attendees": guests, **hour("2027-04-19")}
        return ana.events().insert(calendarId="primary", body=body, **more)

    for quiet in [{}, {"sendUpdates": "none"}, {"sendNotifications": False}]:
        made, sent = caused(insert(**quiet))
        assert sent == []
    _, sent = caused(insert(sendUpdates="externalOnly"))
    assert sent == [("carla@example.org", "invitation")]
    made, sent = caused(insert(sendUpdates="all"))
    assert sent == [(BEN, "invitation"), ("carla@example.org", "invitation")]
    own = {"calendarId": "primary", "eventId": made["id"], "sendUpdates": "all"}
    calls = ana.events()
    _, sent = caused(calls.patch(**own, body={"location": "Room 2"}))
    assert sent == [(BEN, "update"), ("carla@example.org", "update")]
    _, sent = caused(calls.patch(**own, body={"colorId": "4", "reminders": {"useDefault": False}}))
    assert sent == [], "what belongs to one copy tells nobody"
    body = {"summary": "Invited", "attendees": guests[:1], "location": "Room 2", **hour("2027-04-19")}
    _, sent = caused(calls.update(**own, body=body))
    assert sent == [("carla@example.org", "cancellation")]
    club = ana.service.calendars().insert(body={"summary": "Quietly"}).execute()["id"]
    moving, _ = caused(insert(sendUpdates="none"))
    move = {"calendarId": "primary", "eventId": moving["id"], "destination": club, "sendUpdates": "none"}
    assert caused(calls.move(**move))[1] == []
    _, sent = caused(calls.delete(**own))
    assert sent == [(BEN, "cancellation")]
    sandbox.advance(1)
    assert ben.get(made["id"])["status"] == "cancelled"
    quiet, _ = caused(insert(sendUpdates="none"))
    assert caused(calls.delete(calendarId="primary", eventId=quiet["id"], sendUpdates="none"))[1] == []
    sandbox.advance(1)
    assert ben.get(quiet["id"])["status"] == "confirmed", "a silent deletion leaves the guests' copies"
    counted = sandbox.control("GET", "/counts")["mails"]["google"]
    assert counted == len(mails(sandbox))


@checklist.row("guests: copies, answers, what only organizers change")
def an_answer_travels_to_the_organizer(sandbox, ana, ben):
    body = {"summary": "Both", "attendees": [{"email": BEN}], "guestsCanSeeOtherGuests": False}
    made = ana.insert(**body, **hour("2027-04-20"))
    sandbox.advance(3)
    copy = ben.get(made["id"])
    assert copy["iCalUID"] == made["iCalUID"] and copy["organizer"] == {"email": ANA}
    me = next(guest for guest in copy["attendees"] if guest.get("self"))
    assert me["responseStatus"] == "needsAction"
    _, token = ana.full()
    ben.patch(made["id"], attendees=[{"email": BEN, "responseStatus": "accepted", "comment": "Gladly"}])
    changes, _ = ana.delta(token)
    assert ids(changes) == {made["id"]}
    assert changes[0]["attendees"][0]["responseStatus"] == "accepted"
    shared = {"extendedProperties": {"shared": {"a": "b"}}}
    error = refused(ben.events().patch(calendarId="primary", eventId=made["id"], body=shared), 403)
    assert reason(error) == "forbiddenForNonOrganizer"
    ana.patch(made["id"], summary="Renamed for both")
    sandbox.advance(1)
    assert ben.get(made["id"])["summary"] == "Renamed for both"
    ben.delete(made["id"])
    sandbox.advance(1)
    assert ana.get(made["id"])["attendees"][0]["responseStatus"] == "declined"
    many = [{"email": f"guest{number}@example.org"} for number in range(60)]
    crowd = ana.insert(attendees=many, **hour("2027-04-20"))
    assert len(crowd["attendees"]) == 60
    few = ana.events().list(calendarId="primary", maxAttendees=1, iCalUID=crowd["iCalUID"])
    sandbox.advance(3)
    shown = few.execute()["items"]
    assert not shown or shown[0]["attendeesOmitted"]


@checklist.row("readers see less and write nothing")
def a_role_decides_what_is_seen(sandbox, ana, ben):
    team = sandbox.control("POST", f"/google/calendars?account={BEN}", {"summary": "Team"})["id"]
    role = f"/google/calendars/{team}/roles/{ANA}?account={BEN}"
    ben.insert(team, summary="Open", **hour("2027-04-21"))
    hidden = ben.insert(team, summary="Secret", visibility="private", **hour("2027-04-21"))
    refused(ana.events().list(calendarId=team), 404)
    for word, secret in [("reader", False), ("writerWithoutPrivateAccess", False), ("writer", True)]:
        sandbox.control("PUT", role, {"role": word})
        sandbox.advance(3)
        seen, last = ana.pages(team)
        assert last["accessRole"] == word
        event = next(event for event in seen if event["id"] == hidden["id"])
        assert ("summary" in event) == secret, word
    sandbox.control("PUT", role, {"role": "freeBusyReader"})
    seen, _ = ana.pages(team)
    assert all("summary" not in event for event in seen)
    for word in ["freeBusyReader", "reader"]:
        sandbox.control("PUT", role, {"role": word})
        body = hour("2027-04-21")
        refused(ana.events().insert(calendarId=team, body=body), 403)
        refused(ana.events().patch(calendarId=team, eventId=hidden["id"], body=body), 403)
        refused(ana.events().delete(calendarId=team, eventId=hidden["id"]), 403)


@checklist.row("free and busy")
def busy_times_are_joined_and_say_no_more(sandbox, ana, ben):
    club = ana.service.calendars().insert(body={"summary": "Busy", "timeZone": VIENNA}).execute()["id"]
    ana.insert(club, **hour("2027-06-01", 9))
    ana.insert(club, **hour("2027-06-01", 10))
    ana.insert(club, transparency="transparent", **hour("2027-06-01", 13))
    gone = ana.insert(club, **hour("2027-06-01", 15))
    ana.delete(gone["id"], club)
    series = ana.insert(club, recurrence=["RRULE:FREQ=DAILY;COUNT=3"], **hour("2027-06-01", 17))
    ana.delete(f"{series['id']}_20270602T150000Z", club)
    sandbox.advance(3)
    query = ana.service.freebusy().query
    items = [{"id": club}, {"id": "nobody@example.com"}]
    body = {"timeMin": "2027-06-01T00:00:00Z", "timeMax": "2027-06-03T22:00:00Z", "items": items, "timeZone": VIENNA}
    answer = query(body=body).execute()["calendars"]
    assert [(span["start"], span["end"]) for span in answer[club]["busy"]] == [
        ("2027-06-01T09:00:00+02:00", "2027-06-01T11:00:00+02:00"),
        ("2027-06-01T17:00:00+02:00", "2027-06-01T18:00:00+02:00"),
        ("2027-06-03T17:00:00+02:00", "2027-06-03T18:00:00+02:00"),
    ]
    assert answer["nobody@example.com"]["errors"][0]["reason"] == "notFound"
    role = f"/google/calendars/{club}/roles/{BEN}?account={ANA}"
    sandbox.control("PUT", role, {"role": "freeBusyReader"})
    bens = ben.service.freebusy().query(body=body).execute()["calendars"]
    assert len(bens[club]["busy"]) == 3
    many = [{"id": f"{number}@example.com"} for number in range(51)]
    answer = query(body={**body, "items": many}).execute()["calendars"]
    assert answer["50@example.com"]["errors"][0]["reason"] == "tooManyCalendarsRequested"
    refused(query(body={**body, "timeMax": None}), 400)
    refused(query(body={**body, "timeMax": body["timeMin"]}), 400)


# ---- push ----


def channel(url, **more):
    return {"id": str(uuid.uuid4()), "type": "web_hook", "address": url, "token": "secret", **more}


def stop(who, opened):
    body = {"id": opened["id"], "resourceId": opened["resourceId"]}
    return who.service.channels().stop(body=body)


@checklist.row("channels: sync, changes, own writes, stop")
def a_channel_says_that_something_changed(sandbox, ana, ben):
    with Receiver() as receiver:
        wanted = channel(receiver.url)
        opened = ana.events().watch(calendarId="primary", body=wanted).execute()
        assert (opened["kind"], opened["id"], opened["token"]) == ("api#channel", wanted["id"], "secret")
        life = int(opened["expiration"]) / 1000 - sandbox_now(sandbox).timestamp()
        assert abs(life - 604_800) < 120
        first = eventually("the sync message", lambda: receiver.messages[:1])[0]
        headers = {name.lower(): value for name, value in first["headers"].items()}
        assert (headers["x-goog-resource-state"], headers["x-goog-message-number"]) == ("sync", "1")
        assert headers["x-goog-resource-id"] == opened["resourceId"] and first["body"] == b""
        assert (headers["x-goog-channel-id"], headers["x-goog-channel-token"]) == (wanted["id"], "secret")
        assert headers["x-goog-channel-expiration"].endswith("GMT")
        made = ana.insert(**hour("2027-04-22"))
        eventually("the own write", lambda: states(receiver).count("exists") >= 1)
        path = f"/google/calendars/primary/events/{made['id']}"
        sandbox.control("PATCH", path, {"event": {"summary": "By hand"}})
        eventually("a person's write", lambda: states(receiver).count("exists") >= 2)
        numbers = [int(each["headers"]["x-goog-message-number"]) for each in map(lowered, receiver.messages)]
        assert len(set(numbers)) == len(numbers)
        refused(stop(ben, opened), 404)
        assert stop(ana, opened).execute() == ""
        refused(stop(ana, opened), 404)
        assert sandbox.control("GET", "/google/channels")["channels"] == []


def lowered(message):
    return {**message, "headers": {name.lower(): value for name, value in message["headers"].items()}}


def states(receiver):
    return [lowered(each)["headers"]["x-goog-resource-state"] for each in list(receiver.messages)]


@checklist.row("channels that are refused, retried, expired")
def a_channel_can_go_wrong(sandbox, ana, ben):
    watch = ana.events().watch
    with Receiver(503, 500) as receiver:
        wanted = channel(receiver.url, params={"ttl": "60"})
        opened = watch(calendarId="primary", body=wanted).execute()
        eventually("two tries and a success", lambda: states(receiver).count("sync") == 3)
        error = refused(watch(calendarId="primary", body=wanted), 400, "not unique")
        assert reason(error) == "channelIdNotUnique"
        stop(ana, opened).execute()
        refused(watch(calendarId="primary", body=wanted), 400)
        error = refused(watch(calendarId="primary", body=channel("http://push.example.com/x")), 400)
        assert reason(error) == "push.webhookUrlNotHttps"
        for bad in [{"id": "a b"}, {"id": "i" * 65}, {"type": "pigeon"}, {"token": "t" * 257}]:
            refused(watch(calendarId="primary", body={**channel(receiver.url), **bad}), 400)
        refused(watch(calendarId="nobody@example.com", body=channel(receiver.url)), 404)
        short = watch(calendarId="primary", body=channel(receiver.url, params={"ttl": "60"})).execute()
        eventually("the sync message", lambda: states(receiver).count("sync") == 4)
        sandbox.advance(61)
        ana.insert(**hour("2027-04-23"))
        assert sandbox.control("GET", "/google/channels")["channels"] == []
        refused(stop(ana, short), 404)
        assert "exists" not in states(receiver), "expired without a word"


# ---- the scenario ----


@checklist.row("two calendars hold every kind of meeting")
def the_scenario_reads_as_it_says(sandbox, ana, ben):
    seeded = sandbox.control("POST", "/seed", {"scenario": "two-calendars", "meetings": 4, "seed": 5})["google"]
    special = seeded["special"]
    events = {event["id"]: event for event in ana.full()[0]}

    def of(name):
        return events[special[name]]

    series = of("series")
    exceptions = [event for event in events.values() if event.get("recurringEventId") == series["id"]]
    assert sorted(event["status"] for event in exceptions) == ["cancelled", "confirmed"]
    moved = next(event for event in exceptions if event["status"] == "confirmed")
    assert moved["start"]["dateTime"] != moved["originalStartTime"]["dateTime"]
    assert len(ana.instances(series["id"])) == 7
    assert "date" in of("all day")["start"] and of("other zone")["start"]["timeZone"] == "America/Vancouver"
    assert "summary" not in of("no title") and of("private")["visibility"] == "private"
    methods = [reminder["method"] for reminder in of("several reminders")["reminders"]["overrides"]]
    assert methods == ["popup", "popup", "popup", "email"]
    assert of("default reminders")["reminders"] == {"useDefault": True}
    assert len(of("guests")["attendees"]) == 2 and len(of("many guests")["attendees"]) == 60
    today = sandbox_now(sandbox)
    for name, side in [("long ago", -1), ("far ahead", 1)]:
        away = dt.datetime.fromisoformat(of(name)["start"]["dateTime"]) - today
        assert side * away > dt.timedelta(days=100), name
    other = seeded["second_mailbox"]
    assert other == {"account": BEN, "invitation": special["invitation"]}
    copies = of("invitation"), ben.get(special["invitation"])
    assert copies[0]["iCalUID"] == copies[1]["iCalUID"] and copies[0]["organizer"]["email"] == BEN
    read_only = seeded["read_only"]
    entry = ana.service.calendarList().get(calendarId=read_only["calendar"]).execute()
    assert entry["accessRole"] == "reader"
    shown, _ = ana.pages(read_only["calendar"])
    assert len(shown) == read_only["events"] > 0
    refused(ana.events().delete(calendarId=read_only["calendar"], eventId=shown[0]["id"]), 403)


if __name__ == "__main__":
    start(checklist)
