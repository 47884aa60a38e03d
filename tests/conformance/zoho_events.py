"""zohocrmsdk8-0, unmodified, against the emulator's meetings (module `Events`) with its unkind defaults.

Each row of the emulator's checklist names the API methods that its check must call. The library is Zoho's
own, so that our reading of the documentation is not checked against itself; it is only given another base URL.
"""

import datetime as dt
import itertools

import requests
from zohocrmsdk.src.com.zoho.crm.api import (
    HeaderMap,
    Initializer,
    ParameterMap,
    cancel_meetings,
    coql,
    custom_views,
    fields,
    notifications,
)
from zohocrmsdk.src.com.zoho.crm.api import record as records
from zohocrmsdk.src.com.zoho.crm.api import tags

from receiver import Receiver
from sandbox import Checklist, eventually
from zohosdk import (
    Channel,
    body,
    codes,
    details,
    expect,
    heard,
    ids,
    params,
    refused,
    rows,
    start,
    word,
)

TITLES = "Event_Title,Start_DateTime"
EVE, DAN = ("email", "eve@example.net"), ("email", "dan@example.net")

checklist = Checklist(
    "zoho",
    {
        "the fields of a meeting": ["settings.getFields", "settings.getCustomViews"],
        "create and read": ["Events.createRecords", "Events.getRecord"],
        "tags and fields of one's own": ["Events.createRecords", "Events.getRecord"],
        "times come back in the caller's zone": ["Events.getRecord"],
        "all-day meetings": ["Events.createRecords", "Events.updateRecords"],
        "update keeps what it does not name": ["Events.updateRecords", "Events.updateRecord"],
        "titles, places and times that are refused": ["Events.createRecords"],
        "people, reminders and rules that are refused": ["Events.createRecords"],
        "a hundred rows, results in order": ["Events.createRecords", "Events.updateRecords"],
        "no upsert": ["Events.upsertRecords"],
        "If-Unmodified-Since and 412": ["Events.updateRecords"],
        "participants of each type": ["Events.createRecords", "Events.getRecord", "Events.updateRecords"],
        "fifty participants and no more": ["Events.createRecords"],
        "reminders": ["Events.createRecords", "Events.updateRecords"],
        "who and what a meeting is about": ["Events.createRecords", "Events.updateRecords", "Contacts.deleteRecord"],
        "a series: set once, a record for each occurrence": ["Events.createRecords", "Events.getRecords"],
        "one occurrence edited, one deleted": ["Events.updateRecords", "Events.deleteRecord"],
        "mails are sent only when they are asked for": [
            "Events.createRecords",
            "Events.updateRecords",
            "Events.deleteRecord",
        ],
        "a meeting is called off": ["Events.cancelMeeting", "Events.getRecord"],
        "lists, views, counts": ["Events.getRecords", "Events.getRecordCount"],
        "delta and deleted meetings": ["Events.getRecords", "Events.getDeletedRecords", "Events.deleteRecords"],
        "late visibility": ["Events.getRecord", "Events.getRecords"],
        "search and its lag": ["Events.searchRecords"],
        "COQL finds a window": ["coql"],
        "watch on meetings": ["notifications.createNotifications", "notifications.disableNotifications"],
        "rights": ["Events.getRecords", "Events.createRecords"],
        "a connection cut after the commit": ["Events.createRecords", "Events.getRecords"],
        "two calendars hold every kind of meeting": ["Events.getRecords", "Events.getRecord"],
    },
)


def at(day, hour=9, zone=dt.timezone.utc):
    return dt.datetime.fromisoformat(f"{day}T{hour:02}:00:00").replace(tzinfo=zone)


def meeting(title, day="2027-03-01", hour=9, **more):
    """An hour, in UTC."""
    times = {"Start_DateTime": at(day, hour), "End_DateTime": at(day, hour + 1)}
    return {"Event_Title": title, **times, **more}


def made(lab, title, day="2027-03-01", hour=9, **more):
    return lab.made(**meeting(title, day, hour, **more))


def value(record, name):
    return record.get_key_value(name)


def on_the_wire(lab, path):
    """What the emulator sends: the library turns every stamp into the zone of this machine."""
    header = {"Authorization": f"Zoho-oauthtoken {Initializer.get_initializer().token.get_token()}"}
    return requests.get(f"{lab.zoho['base_url']}/crm/v8/{path}", headers=header, timeout=10).json()


def wrong(lab, expected, **changes):
    """A meeting that must be refused; answers the details of the refusal."""
    values = {**meeting("Wrong"), **changes}
    answer = lab.create({name: given for name, given in values.items() if given is not ...})
    expect(answer, 400)
    assert codes(answer) == [expected], codes(answer)
    return details(answer)[0]


def mails(sandbox, after=0):
    listed = sandbox.control("GET", f"/mails?provider=zoho&by=api&after={after}")["mails"]
    return [(mail["number"], mail["recipient"], mail["kind"]) for mail in listed]


def caused(sandbox, work):
    """The mails that some work causes."""
    before = mails(sandbox)
    work()
    last = before[-1][0] if before else 0
    return sorted((who, kind) for _, who, kind in mails(sandbox, last))


# ---- metadata ----


@checklist.row("the fields of a meeting")
def fields_tell_what_can_be_written(sandbox, lab):
    wanted = params(fields.GetFieldsParam, module="Events")
    listed = fields.FieldsOperations().get_fields(wanted).get_object().get_fields()
    known = {field.get_api_name(): field for field in listed}
    assert {"Event_Title", "Start_DateTime", "End_DateTime"} == {
        name for name, field in known.items() if field.get_system_mandatory()
    }
    assert (known["Event_Title"].get_length(), known["Venue"].get_length()) == (255, 255)
    rule = known["Recurring_Activity"].get_operation_type()
    assert rule.get_api_create() and not rule.get_api_update()
    types = {name: known[name].get_data_type() for name in ("Remind_At", "Recurring_Activity", "All_day")}
    assert types == {"Remind_At": "multireminder", "Recurring_Activity": "RRULE", "All_day": "boolean"}
    wanted = params(custom_views.GetCustomViewsParam, module="Events")
    views = custom_views.CustomViewsOperations().get_custom_views(wanted).get_object().get_custom_views()
    assert {"All Events", "My Events"} <= {view.get_name() for view in views}


# ---- one meeting ----


@checklist.row("create and read")
def a_meeting_comes_back_as_it_was_made(sandbox, lab):
    one = made(lab, "Demo", Venue="Room 1", Description="<b>Slides</b>")
    seen = lab.get(one)
    shown = [value(seen, name) for name in ("Event_Title", "Venue", "Description", "All_day")]
    assert shown == ["Demo", "Room 1", "<b>Slides</b>", False]
    assert (value(seen, "Participants"), value(seen, "Remind_At")) == ([], None)
    assert value(seen, "$u_id") and value(seen, "$recurrence_id") is None
    assert seen.get_created_time() == seen.get_modified_time()
    assert value(seen, "Owner").get_name() == "Ana Demir"
    assert lab.try_get(1).get_status_code() == 204


@checklist.row("tags and fields of one's own")
def a_record_by_id_shows_all_that_a_create_was_given(sandbox, lab):
    sandbox.control("POST", "/zoho/fields/Events", {"api_name": "Room_Code", "label": "Room", "length": 50})
    vip = tags.Tag()
    vip.set_name("VIP")
    one = made(lab, "Tagged", Room_Code="B12", Tag=[vip], Recurring_Activity={"rrule": "FREQ=DAILY;COUNT=2"})
    sandbox.advance(3)
    for occurrence in series_of(lab, one):
        seen = lab.get(str(occurrence.get_id()))
        assert ([tag.get_name() for tag in value(seen, "Tag")], value(seen, "Room_Code")) == (["VIP"], "B12")


@checklist.row("times come back in the caller's zone")
def an_instant_keeps_its_meaning_and_loses_its_offset(sandbox, lab):
    kolkata = dt.timezone(dt.timedelta(hours=5, minutes=30))
    one = lab.made(
        Event_Title="Far away", Start_DateTime=at("2027-03-01", 9, kolkata), End_DateTime=at("2027-03-01", 10, kolkata)
    )
    assert value(lab.get(one), "Start_DateTime") == at("2027-03-01", 9, kolkata)
    sent = on_the_wire(lab, f"Events/{one}")["data"][0]
    assert sent["Start_DateTime"] == "2027-03-01T06:30:00+03:00"
    assert sent["Modified_Time"].endswith("+03:00")


@checklist.row("all-day meetings")
def a_day_is_from_its_first_second_to_its_last_in_utc(sandbox, lab):
    # The day counts as it is written, and the library writes it in the zone of this machine.
    here = dt.datetime.now().astimezone().tzinfo
    first, last = at("2027-03-01", 0, here), at("2027-03-02", 0, here)
    one = lab.made(Event_Title="Fair", All_day=True, Start_DateTime=first, End_DateTime=last)
    sent = on_the_wire(lab, f"Events/{one}")["data"][0]
    assert sent["All_day"] is True
    stamps = (sent["Start_DateTime"], sent["End_DateTime"])
    assert stamps == ("2027-03-01T00:00:00+00:00", "2027-03-02T23:59:59+00:00")
    timed = {"id": one, "All_day": False, "Start_DateTime": at("2027-03-01", 9), "End_DateTime": at("2027-03-01", 10)}
    expect(lab.update(timed), 200)
    sent = on_the_wire(lab, f"Events/{one}")["data"][0]
    assert sent["Start_DateTime"] == "2027-03-01T12:00:00+03:00"
    day = {
        "id": one,
        "All_day": True,
        "Start_DateTime": at("2027-03-05", 0, here),
        "End_DateTime": at("2027-03-05", 1, here),
    }
    expect(lab.update(day), 200)
    assert on_the_wire(lab, f"Events/{one}")["data"][0]["End_DateTime"] == "2027-03-05T23:59:59+00:00"


@checklist.row("update keeps what it does not name")
def an_update_is_partial_and_null_clears(sandbox, lab):
    one = made(lab, "Kept", Venue="Room 1", Description="Notes", Participants=[EVE], Remind_At=[(15, "minutes")])
    sandbox.advance(2)
    expect(lab.update({"id": one, "Venue": None, "Event_Title": "Renamed"}), 200)
    seen = lab.get(one)
    shown = [value(seen, name) for name in ("Event_Title", "Venue", "Description")]
    assert shown == ["Renamed", None, "Notes"]
    assert len(value(seen, "Participants")) == 1 and len(value(seen, "Remind_At")) == 1
    assert seen.get_modified_time() > seen.get_created_time()
    answer = lab.records().update_record(int(one), body([{"Venue": "Room 2"}]), HeaderMap())
    expect(answer, 200)
    assert value(lab.get(one), "Venue") == "Room 2"
    later = lab.update({"id": one, "End_DateTime": at("2027-02-01")})
    expect(later, 400)
    assert details(later)[0]["api_name"] == "End_DateTime", "measured against the start that is stored"


@checklist.row("titles, places and times that are refused")
def bad_values_name_their_place(sandbox, lab):
    for name in ("Event_Title", "Start_DateTime", "End_DateTime"):
        given = wrong(lab, "MANDATORY_NOT_FOUND", **{name: ...})
        assert given == {"api_name": name, "json_path": f"$.data[0].{name}"}
    expect(lab.create(meeting("x" * 255)), 201)
    for name in ("Event_Title", "Venue"):
        given = wrong(lab, "INVALID_DATA", **{name: "x" * 256})
        assert given["maximum_length"] == "255" and given["json_path"] == f"$.data[0].{name}"
    assert wrong(lab, "INVALID_DATA", End_DateTime=at("2027-02-28"))["api_name"] == "End_DateTime"
    expect(lab.create(meeting("Nothing long", End_DateTime=at("2027-03-01"))), 201)


@checklist.row("people, reminders and rules that are refused")
def bad_lists_name_their_entry(sandbox, lab):
    for people, code, path in [
        ([("email", "nobody")], "INVALID_DATA", "Participants[0].participant"),
        ([EVE, ("contact", "1")], "INVALID_DATA", "Participants[1].participant"),
        ([("lead", "1")], "INVALID_DATA", "Participants[0].participant"),
        ([("user", "1")], "INVALID_DATA", "Participants[0].participant"),
        ([("group", "1")], "INVALID_DATA", "Participants[0].type"),
    ]:
        assert wrong(lab, code, Participants=people)["json_path"] == f"$.data[0].{path}", people
    given = wrong(lab, "INVALID_DATA", Remind_At=[(5, "seconds")])
    assert given["json_path"] == "$.data[0].Remind_At[0].period" and given["api_name"] == "period"
    for rule, key in [
        ({"rrule": "FREQ=SOMETIMES"}, "RRULE"),
        ({"rrule": "FREQ=DAILY;UNTIL=never"}, "RRULE"),
        ({"rrule": "FREQ=DAILY", "exdate": "someday"}, "EXDATE"),
    ]:
        given = wrong(lab, "INVALID_DATA", Recurring_Activity=rule)
        assert given["json_path"] == f"$.data[0].Recurring_Activity.{key}"
    assert wrong(lab, "DEPENDENT_FIELD_MISSING", What_Id="1")["api_name"] == "$se_module"
    assert wrong(lab, "INVALID_DATA", Who_Id="1")["expected_data_type"] == "bigint"
    assert wrong(lab, "INVALID_DATA", What_Id="1", **{"$se_module": "Moons"})["api_name"] == "$se_module"


@checklist.row("a hundred rows, results in order")
def a_call_takes_a_hundred_meetings(sandbox, lab):
    answer = lab.create(meeting("One"), meeting("x" * 256), meeting("Three"))
    expect(answer, 207)
    assert codes(answer) == ["SUCCESS", "INVALID_DATA", "SUCCESS"]
    answer = lab.create(*[meeting(f"Row {number}") for number in range(100)])
    expect(answer, 201)
    several = [str(each["id"]) for each in details(answer)]
    answer = lab.update(*[{"id": one, "Venue": f"Room {number}"} for number, one in enumerate(several)])
    expect(answer, 200)
    assert [str(each["id"]) for each in details(answer)] == several
    refused(lab.create(*[meeting("Row")] * 101), 400, "INVALID_DATA", maximum_length="100")


@checklist.row("no upsert")
def meetings_know_no_upsert(sandbox, lab):
    answer = lab.records().upsert_records(body([meeting("Twice")]), HeaderMap())
    refused(answer, 400, "INVALID_MODULE")


@checklist.row("If-Unmodified-Since and 412")
def a_newer_meeting_refuses_the_call(sandbox, lab):
    old = made(lab, "Old")
    read_at = lab.get(old).get_modified_time().isoformat()
    sandbox.advance(5)
    new = made(lab, "New")
    answer = lab.update({"id": old, "Venue": "x"}, {"id": new, "Venue": "x"}, unmodified_since=read_at)
    expect(answer, 412)
    assert codes(answer) == ["ALREADY_MODIFIED"] and str(details(answer)[0]["id"]) == new
    assert value(lab.get(old), "Venue") is None
    expect(lab.update({"id": old, "Venue": "x"}, unmodified_since=read_at), 200)


# ---- people ----


@checklist.row("participants of each type")
def participants_are_users_contacts_leads_and_addresses(sandbox, lab):
    contact = lab.made("Contacts", Last_Name="Xu", First_Name="Li", Email="xu@example.org")
    lead = lab.made("Leads", Last_Name="Roe", Email="roe@example.org")
    user = on_the_wire(lab, "users?type=ActiveUsers")["users"][1]
    people = [("contact", contact), ("lead", lead), ("user", user["id"]), EVE]
    one = made(lab, "Round table", Participants=people)
    seen = value(lab.get(one), "Participants")
    assert [(word(each.get_type()), str(each.get_participant())) for each in seen] == [
        (kind, str(given)) for kind, given in people
    ]
    assert [each.get_email() for each in seen] == [
        "xu@example.org",
        "roe@example.org",
        user["email"],
        "eve@example.net",
    ]
    assert [each.get_name() for each in seen] == ["Li Xu", "Roe", "Ben Carter", "eve@example.net"]
    assert {each.get_invited() for each in seen} == {False}
    assert all(each.get_status() and each.get_id() for each in seen)
    expect(lab.update({"id": one, "Participants": [EVE, EVE, DAN]}), 200)
    seen = value(lab.get(one), "Participants")
    assert [each.get_email() for each in seen] == ["eve@example.net", "dan@example.net"], "the list is replaced"
    expect(lab.update({"id": one, "Participants": []}), 200)
    assert value(lab.get(one), "Participants") == []


@checklist.row("fifty participants and no more")
def the_fifty_first_participant_is_refused(sandbox, lab):
    people = [("email", f"guest{number}@example.org") for number in range(51)]
    given = wrong(lab, "LIMIT_EXCEEDED", Participants=people)
    assert (given["limit"], given["api_name"]) == (50, "Participants")
    one = made(lab, "Full", Participants=people[:50])
    assert len(value(lab.get(one), "Participants")) == 50
    answer = lab.update({"id": one, "Participants": people})
    expect(answer, 400)
    assert codes(answer) == ["LIMIT_EXCEEDED"]


@checklist.row("reminders")
def reminders_are_a_list(sandbox, lab):
    one = made(lab, "Reminded", Remind_At=[(15, "minutes"), (1, "days")])
    seen = value(lab.get(one), "Remind_At")
    assert [(each.get_unit(), each.get_period()) for each in seen] == [(15, "minutes"), (1, "days")]
    expect(lab.update({"id": one, "Remind_At": [(2, "hours")]}), 200)
    assert [each.get_unit() for each in value(lab.get(one), "Remind_At")] == [2]
    expect(lab.update({"id": one, "Remind_At": []}), 200)
    assert value(lab.get(one), "Remind_At") is None


@checklist.row("who and what a meeting is about")
def links_are_by_id_and_go_with_the_contact(sandbox, lab):
    contact = lab.made("Contacts", Last_Name="Xu")
    company = lab.made("Accounts", Account_Name="Acme")
    about = {"What_Id": company, "$se_module": "Accounts"}
    one = made(lab, "About", Who_Id=contact, **about)
    seen = lab.get(one)
    assert str(value(seen, "Who_Id").get_id()) == contact
    assert (value(seen, "What_Id").get_key_value("name"), value(seen, "$se_module")) == ("Acme", "Accounts")
    lead = lab.made("Leads", Last_Name="Roe")
    expect(lab.update({"id": one, "What_Id": lead, "$se_module": "Leads"}), 200)
    assert str(value(lab.get(one), "What_Id").get_id()) == lead
    expect(lab.update({"id": one, "What_Id": None}), 200)
    assert value(lab.get(one), "What_Id") is None
    expect(lab.records("Contacts").delete_record(int(contact), ParameterMap(), HeaderMap()), 200)
    assert lab.try_get(one).get_status_code() == 204, "the meetings of a contact go with it"
    sandbox.advance(3)
    assert one in ids(lab.deleted())


# ---- series ----


def series_of(lab, one):
    """The occurrences of a meeting's series: by start, from a list."""
    sought = value(lab.get(one), "$recurrence_id")
    wanted = "Start_DateTime,Modified_Time,Recurring_Activity,$recurrence_id"
    listed = [row for row in lab.pages(fields=wanted) if value(row, "$recurrence_id") == sought]
    return sorted(listed, key=lambda row: value(row, "Start_DateTime"))


@checklist.row("a series: set once, a record for each occurrence")
def a_rule_is_set_at_creation_and_never_again(sandbox, lab):
    rule = {"rrule": "FREQ=WEEKLY;INTERVAL=1;UNTIL=2027-03-29;DTSTART=2027-03-01", "exdate": "2027-03-15"}
    one = made(lab, "Weekly", Recurring_Activity=rule)
    sandbox.advance(3)
    several = series_of(lab, one)
    days = [value(row, "Start_DateTime").astimezone(dt.timezone.utc).day for row in several]
    assert days == [1, 8, 22, 29]
    assert str(several[0].get_id()) == one
    seen = value(lab.get(one), "Recurring_Activity")
    assert (seen.get_rrule(), seen.get_exdate()) == (rule["rrule"], rule["exdate"])
    for changed in [rule, {"rrule": "FREQ=DAILY;COUNT=2"}]:
        answer = lab.update({"id": one, "Recurring_Activity": changed})
        expect(answer, 400)
        assert (codes(answer), details(answer)[0]["api_name"]) == (["INVALID_DATA"], "Recurring_Activity")
    many = made(lab, "Without an end", "2027-06-01", Recurring_Activity={"rrule": "FREQ=DAILY"})
    sandbox.advance(3)
    assert len(series_of(lab, many)) == 100


@checklist.row("one occurrence edited, one deleted")
def an_occurrence_is_a_record_of_its_own(sandbox, lab):
    one = made(lab, "Daily", "2027-04-01", Recurring_Activity={"rrule": "FREQ=DAILY;COUNT=4"})
    sandbox.advance(3)
    before = series_of(lab, one)
    second, third = str(before[1].get_id()), str(before[2].get_id())
    sandbox.advance(5)
    times = {"Start_DateTime": at("2027-04-02", 14), "End_DateTime": at("2027-04-02", 15)}
    expect(lab.update({"id": second, "Event_Title": "Moved", **times}), 200)
    expect(lab.records().delete_record(int(third), ParameterMap(), HeaderMap()), 200)
    sandbox.advance(3)
    after = series_of(lab, one)
    assert [str(row.get_id()) for row in after] == [one, second, str(before[3].get_id())]
    assert value(lab.get(second), "Start_DateTime") == times["Start_DateTime"]
    assert value(lab.get(one), "Event_Title") == "Daily"
    # The others name the day that is gone, and no stamp of theirs moves.
    assert {value(row, "Recurring_Activity").get_exdate() for row in after} == {"2027-04-03"}
    assert after[0].get_modified_time() == before[0].get_modified_time()
    assert third in ids(lab.deleted())


# ---- mails ----


@checklist.row("mails are sent only when they are asked for")
def send_notification_decides_about_mails(sandbox, lab):
    quiet = {}

    def create(name, **more):
        quiet[name] = made(lab, name, Participants=[EVE], **more)

    def update(name, **more):
        expect(lab.update({"id": quiet[name], **more}), 200)

    def delete(name):
        expect(lab.records().delete_record(int(quiet[name]), ParameterMap(), HeaderMap()), 200)

    loudly = {"$send_notification": True}
    assert caused(sandbox, lambda: create("Quiet")) == []
    assert caused(sandbox, lambda: create("Explicitly", **{"$send_notification": False})) == []
    assert caused(sandbox, lambda: update("Quiet", Venue="Room 1")) == []
    assert caused(sandbox, lambda: delete("Quiet")) == []
    assert caused(sandbox, lambda: create("Loud", **loudly)) == [("eve@example.net", "invitation")]
    assert value(lab.get(quiet["Loud"]), "Participants")[0].get_invited() is True
    assert caused(sandbox, lambda: update("Loud", Venue="Room 1")) == []
    assert caused(sandbox, lambda: update("Loud", Venue="Room 2", **loudly)) == [("eve@example.net", "update")]
    sent = caused(sandbox, lambda: update("Loud", Participants=[DAN], **loudly))
    assert sent == [("dan@example.net", "invitation"), ("eve@example.net", "cancellation")]
    # Where a meeting has invited participants, its deletion cannot be silent.
    assert caused(sandbox, lambda: delete("Loud")) == [("dan@example.net", "cancellation")]
    with lab.settings(deletions_mail_the_invited=False):
        create("Again", **loudly)
        assert caused(sandbox, lambda: delete("Again")) == []
    counted = sandbox.control("GET", "/counts")["mails"]["zoho"]
    assert counted == len(mails(sandbox))


@checklist.row("a meeting is called off")
def a_cancelled_meeting_stays_and_is_marked(sandbox, lab):
    def cancel(one, tell):
        notify = cancel_meetings.Notify()
        notify.set_send_cancelling_mail(tell)
        wrapper = cancel_meetings.BodyWrapper()
        wrapper.set_data([notify])
        return cancel_meetings.CancelMeetingsOperations(int(one)).cancel_meetings(wrapper)

    def why(answer):
        problem = answer.get_object()
        assert (answer.get_status_code(), word(problem.get_code())) == (403, "INVALID_DATA")
        return problem.get_details()["reason"]

    loudly = {"Participants": [EVE], "$send_notification": True}
    one, other = made(lab, "Off", **loudly), made(lab, "Off, too", **loudly)
    sent = caused(sandbox, lambda: expect(cancel(one, True), 200))
    assert sent == [("eve@example.net", "cancellation")]
    assert caused(sandbox, lambda: expect(cancel(other, False), 200)) == []
    assert value(lab.get(one), "$event_cancelled") is True
    assert why(cancel(one, False)) == "already_cancelled"
    assert why(cancel(made(lab, "Alone"), False)) == "no_participants_invited"
    assert why(cancel(made(lab, "Over", "2020-03-01", **loudly), True)) == "completed_meeting"


# ---- reading ----


@checklist.row("lists, views, counts")
def lists_know_views_and_order(sandbox, lab):
    sandbox.control(
        "POST",
        "/zoho/records/Events",
        {
            "Event_Title": "Ben's own",
            "Start_DateTime": "2027-05-01T09:00:00Z",
            "End_DateTime": "2027-05-01T10:00:00Z",
        },
    )
    mine = made(lab, "Mine", "2027-05-01")
    sandbox.advance(3)
    titles = [value(row, "Event_Title") for row in lab.pages(fields=TITLES, cvid=lab.view("My Events"))]
    assert "Mine" in titles and "Ben's own" not in titles
    everything = [row for row in lab.pages(fields=TITLES, cvid=lab.view("All Events"))]
    assert "Ben's own" in [value(row, "Event_Title") for row in everything]
    numbers = [int(row.get_id()) for row in everything]
    assert numbers == sorted(numbers, reverse=True) and len(numbers) == len(set(numbers))
    count = lab.records().record_count(params(records.RecordCountParam, cvid=lab.view("All Events")))
    assert count.get_object().get_count() == len(everything)
    first = lab.list(fields="Event_Title,Participants", ids=mine)
    assert value(rows(first)[0], "Participants") == []
    refused(lab.list(fields=None), 400, "REQUIRED_PARAM_MISSING", param_name="fields")
    refused(lab.list(fields=TITLES, cvid=lab.view("My Events"), sort_by="id"), 400, "AMBIGUITY_DURING_PROCESSING")


@checklist.row("delta and deleted meetings")
def a_delta_gives_edits_and_the_deleted_feed_the_rest(sandbox, lab):
    edited, gone = made(lab, "Edited"), made(lab, "Gone")
    since = lab.get(edited).get_modified_time()
    sandbox.advance(5)
    expect(lab.update({"id": edited, "Venue": "Elsewhere"}), 200)
    answer = lab.records().delete_records(params(records.DeleteRecordsParam, ids=f"{gone},1"), HeaderMap())
    expect(answer, 207)
    assert codes(answer) == ["SUCCESS", "INVALID_DATA"]
    wanted = {"fields": TITLES, "since": since, "sort_by": "Modified_Time", "sort_order": "asc"}
    eventually("the edit shows", lambda: edited in ids(lab.list(**wanted)))
    eventually("the deletion shows", lambda: gone in ids(lab.deleted(since)))
    assert gone not in ids(lab.list(**wanted))
    row = next(row for row in rows(lab.deleted(since)) if str(row.get_id()) == gone)
    assert (row.get_type(), row.get_display_name()) == ("recycle", "Gone")
    assert lab.list(fields=TITLES, since=at("2100-01-01")).get_status_code() == 304


@checklist.row("late visibility")
def a_fresh_meeting_is_late_in_lists(sandbox, lab):
    with lab.settings(list_lag_min_milliseconds=50_000, list_lag_max_milliseconds=60_000):
        one = made(lab, "Fresh")
    assert value(lab.get(one), "Event_Title") == "Fresh"
    assert ids(lab.list(fields=TITLES, ids=one)) == []
    sandbox.advance(60)
    assert ids(lab.list(fields=TITLES, ids=one)) == [one]


@checklist.row("search and its lag")
def search_finds_titles_later(sandbox, lab):
    one = made(lab, "Quarterly numbers")

    def search(**wanted):
        return lab.records().search_records(params(records.SearchRecordsParam, **wanted), HeaderMap())

    assert ids(search(criteria="(Event_Title:equals:Quarterly numbers)")) == [], "the index lags"
    sandbox.advance(6)
    assert ids(search(criteria="(Event_Title:equals:Quarterly numbers)")) == [one]
    assert one in ids(search(word="quarterly"))


@checklist.row("COQL finds a window")
def coql_selects_meetings_by_their_start(sandbox, lab):
    def run(query):
        wrapper = coql.BodyWrapper()
        wrapper.set_select_query(query)
        return coql.CoqlOperations().get_records(wrapper)

    for title, day in [("Before", "2029-07-01"), ("Within", "2029-07-02"), ("After", "2029-07-05")]:
        made(lab, title, day)
    sandbox.advance(3)
    window = "Start_DateTime >= '2029-07-02T00:00:00+00:00' and Start_DateTime < '2029-07-04T00:00:00+00:00'"
    answer = run(
        f"select id, {TITLES.replace(',', ', ')} from Events where {window} order by Start_DateTime asc limit 0, 10"
    )
    assert [value(row, "Event_Title") for row in rows(answer)] == ["Within"]
    contact = lab.made("Contacts", Last_Name="Quinn")
    about = made(lab, "About", "2029-07-02", Who_Id=contact)
    sandbox.advance(3)
    answer = run(f"select id, Who_Id from Events where Who_Id in ('{contact}', '1') limit 200")
    assert [str(row.get_id()) for row in rows(answer)] == [about]
    for unknown in ["Participants", "Remind_At", "Nonsense"]:
        refused(run(f"select id, {unknown} from Events where id > 0"), 400, "INVALID_QUERY", column_name=unknown)
    refused(run("select id from Events"), 400, "SYNTAX_ERROR")


# ---- push, rights, faults ----


@checklist.row("watch on meetings")
def a_channel_hears_of_meetings(sandbox, lab):
    operations = notifications.NotificationsOperations()
    channel = Channel("1000000068002")
    with Receiver(path="/push?k=v") as receiver:
        wanted = {"events": ["Events.all"], "notify_url": receiver.url, "token": "secret"}
        expires = {"channel_expiry": lab.now() + dt.timedelta(days=6)}
        expect(channel.call(operations.enable_notifications, **wanted, **expires), 201)

        def said(one, operation):
            def found():
                return [each for each in heard(receiver, one) if each["operation"] == operation]

            return eventually(operation, found)[0]

        one = made(lab, "Heard")
        first = said(one, "insert")
        assert (first["module"], first["token"], first["query_params"]) == ("Events", "secret", {"k": "v"})
        assert first["resource_uri"].endswith("/crm/v2/Events") and first["channel_id"] == channel.id
        expect(lab.update({"id": one, "Venue": "Room 1"}), 200)
        assert said(one, "update")["affected_fields"] == [{one: ["Venue"]}]
        expect(lab.records().delete_record(int(one), ParameterMap(), HeaderMap()), 200)
        said(one, "delete")
        wanted = params(notifications.DeleteNotificationParam, channel_ids=channel.id)
        expect(operations.delete_notification(wanted), 200)
        assert channel.shown() is None


@checklist.row("rights")
def a_right_to_meetings_can_be_missing(sandbox, lab):
    for right, call in [
        ("View", lambda: lab.list(fields=TITLES)),
        ("Create", lambda: lab.create(meeting("Forbidden"))),
    ]:
        name = f"Crm_Implied_{right}_Events"
        sandbox.control("PUT", f"/zoho/permissions/{name}", {"allowed": False})
        refused(call(), 403, "NO_PERMISSION", permissions=[name])
        sandbox.control("PUT", f"/zoho/permissions/{name}", {"allowed": True})
    one = made(lab, "Veiled", Venue="Room 1")
    sandbox.control("PATCH", "/zoho/fields/Events/Venue", {"permission": "hidden"})
    assert value(lab.get(one), "Venue") is None
    sandbox.control("PATCH", "/zoho/fields/Events/Venue", {"permission": "read_write"})


@checklist.row("a connection cut after the commit")
def a_lost_meeting_is_found_by_its_newest(sandbox, lab):
    rule = {"provider": "zoho", "method": "Events.createRecords", "nth": 1, "fault": {"kind": "cut_after_commit"}}
    sandbox.control("POST", "/faults", rule)
    try:
        made(lab, "Lost")
        raise RuntimeError("the answer was not lost")
    except Exception as problem:  # the library wraps its exceptions in one another
        assert "Connection aborted" in f"{problem} {getattr(problem, 'message', '')}", problem
    sandbox.control("DELETE", "/faults")
    sandbox.advance(3)
    newest = lab.list(
        fields="Event_Title,Created_Time,Created_By", sort_by="Created_Time", sort_order="desc", per_page=5
    )
    assert [value(row, "Event_Title") for row in rows(newest)].count("Lost") == 1


# ---- the scenario ----


@checklist.row("two calendars hold every kind of meeting")
def the_scenario_reads_as_it_says(sandbox, lab):
    seeded = sandbox.control("POST", "/seed", {"scenario": "two-calendars", "meetings": 4, "seed": 5})["zoho"]
    special = {name: lab.get(one) for name, one in seeded["special"].items()}
    listed = list(lab.pages(fields=TITLES, cvid=seeded["collection"]["id"]))
    assert len(listed) >= seeded["events"]
    assert value(special["all day"], "All_day") is True
    assert len(value(special["guests"], "Participants")) == 2
    assert len(value(special["many guests"], "Participants")) == 50
    assert len(value(special["several reminders"], "Remind_At")) == 3
    several = series_of(lab, str(special["series"].get_id()))
    assert len(several) == 7
    assert value(special["series"], "Recurring_Activity").get_exdate()
    starts = [value(row, "Start_DateTime") for row in several]
    assert len({after - before for before, after in itertools.pairwise(starts)}) > 1, "one was moved, one is missing"
    now = lab.now()
    assert now - value(special["long ago"], "Start_DateTime") > dt.timedelta(days=100)
    assert value(special["far ahead"], "Start_DateTime") - now > dt.timedelta(days=100)


if __name__ == "__main__":
    start(checklist, "Events")
