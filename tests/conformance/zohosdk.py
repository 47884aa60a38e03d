"""Zoho's own client library, unmodified, pointed at the emulator."""

import contextlib
import datetime as dt
import json
import os
import tempfile
import time
from pathlib import Path

from zohocrmsdk.src.com.zoho.api.authenticator import OAuthToken
from zohocrmsdk.src.com.zoho.api.authenticator.store import FileStore
from zohocrmsdk.src.com.zoho.crm.api import HeaderMap, Initializer, ParameterMap, SDKConfig, notifications
from zohocrmsdk.src.com.zoho.crm.api import record as records
from zohocrmsdk.src.com.zoho.crm.api.dc import DataCenter
from zohocrmsdk.src.com.zoho.crm.api.header import Header
from zohocrmsdk.src.com.zoho.crm.api.record import RecordOperations
from zohocrmsdk.src.com.zoho.crm.api.util import Choice

from sandbox import Sandbox


class Local(DataCenter):
    """A data centre at the emulator's address."""

    def __init__(self, base_url):
        self.base_url = base_url

    def get_iam_url(self):
        return f"{self.base_url}/oauth/v2/token"

    def get_file_upload_url(self):
        return self.base_url

    def environment(self):
        return DataCenter.Environment(self.base_url, self.get_iam_url(), self.get_file_upload_url())


class Lab:
    """The library, pointed at the emulator, and what a script does with records of one module."""

    def __init__(self, sandbox, folder, module="Contacts"):
        self.sandbox = sandbox
        self.zoho = sandbox.credentials["zoho"]
        self.folder = folder
        self.module = module
        self.sign_in()

    def sign_in(self, **token):
        """Begins anew with a token, by default the test refresh token."""
        token = token or {"refresh_token": self.zoho["refresh_token"]}
        client = {name: self.zoho[name] for name in ("client_id", "client_secret")}
        oauth = OAuthToken(**client, **token)
        Initializer.initialize(
            environment=Local(self.zoho["base_url"]).environment(),
            token=oauth,
            store=FileStore(file_path=str(self.folder / f"tokens-{time.monotonic_ns()}.csv")),
            sdk_config=SDKConfig(pick_list_validation=False),
            resource_path=str(self.folder),
        )

    def records(self, module=None):
        return RecordOperations(module or self.module)

    def list(self, fields="Last_Name,Email", since=None, module=None, **more):
        """`GET /{module}`."""
        headers = HeaderMap()
        if since is not None:
            headers.add(records.GetRecordsHeader.if_modified_since, since)
        wanted = params(records.GetRecordsParam, fields=fields, **more)
        return self.records(module).get_records(wanted, headers)

    def get(self, one):
        """A record by id, without lag."""
        answer = self.try_get(one)
        expect(answer, 200)
        return answer.get_object().get_data()[0]

    def try_get(self, one):
        return self.records().get_record(int(one), ParameterMap(), HeaderMap())

    def create(self, *several, module=None):
        return self.records(module).create_records(body(several), HeaderMap())

    def made(self, module=None, **values):
        """Creates one record and answers its id."""
        answer = self.create(values, module=module)
        expect(answer, 201)
        return str(details(answer)[0]["id"])

    def update(self, *several, unmodified_since=None):
        headers = HeaderMap()
        if unmodified_since is not None:
            # The library has no name for this header on updates; it sends it as it stands.
            headers.add(Header("If-Unmodified-Since", "String"), unmodified_since)
        return self.records().update_records(body(several), headers)

    def deleted(self, since=None):
        headers = HeaderMap()
        if since is not None:
            headers.add(records.GetDeletedRecordsHeader.if_modified_since, since)
        wanted = params(records.GetDeletedRecordsParam, type="all")
        return self.records().get_deleted_records(wanted, headers)

    def pages(self, **more):
        """Every record of a list, by page tokens."""
        token = {}
        while True:
            answer = self.list(**more, **token)
            yield from rows(answer)
            info = answer.get_object().get_info() if answer.get_object() else None
            if info is None or not info.get_more_records():
                return
            token = {"page_token": info.get_next_page_token()}

    def view(self, name):
        views = self.sandbox.control("GET", "/zoho/views")["views"]
        return next(view["id"] for view in views if view["name"] == name)

    def now(self):
        """The sandbox's clock."""
        ahead = self.sandbox.control("GET", "/clock")["ahead_seconds"]
        return dt.datetime.now(dt.timezone.utc) + dt.timedelta(seconds=ahead)

    @contextlib.contextmanager
    def settings(self, **changes):
        """Other settings for a while."""
        before = self.sandbox.control("GET", "/zoho/settings")
        self.sandbox.control("PATCH", "/zoho/settings", changes)
        try:
            yield
        finally:
            self.sandbox.control("PATCH", "/zoho/settings", before)


def params(names, **values):
    """Query parameters by the library's names for them; absent ones are left out."""
    found = ParameterMap()
    for name, value in values.items():
        if value is not None:
            found.add(getattr(names, name), value)
    return found


def body(several, checks=None):
    """A request body without automations."""
    wrapper = records.BodyWrapper()
    wrapper.set_data([record(values) for values in several])
    wrapper.set_trigger([])
    if checks:
        wrapper.set_duplicate_check_fields(checks)
    return wrapper


def record(values):
    """A record as the library wants it: lookups and the lists of meetings are objects of their own."""
    made = records.Record()
    for name, value in values.items():
        if name == "id":
            made.set_id(int(value))
        elif name == "company":
            made.add_key_value("Account_Name", linked(value))
        elif name in ("Who_Id", "What_Id") and value is not None:
            made.add_key_value(name, linked(value))
        elif name == "Participants":
            made.add_key_value(name, [participant(*each) for each in value])
        elif name == "Remind_At":
            made.add_key_value(name, [reminder(*each) for each in value])
        elif name == "Recurring_Activity":
            made.add_key_value(name, rule(**value))
        else:
            # The library wants values of pick lists wrapped.
            made.add_key_value(name, Choice(value) if name == "Tier" else value)
    return made


def linked(one):
    lookup = records.Record()
    lookup.set_id(int(one))
    return lookup


def participant(kind, given):
    made = records.Participants()
    made.set_type(kind)
    made.set_participant(str(given))
    return made


def reminder(unit, period):
    made = records.Reminder()
    made.set_unit(unit)
    made.set_period(period)
    return made


def rule(rrule, exdate=None):
    made = records.RecurringActivity()
    made.set_rrule(rrule)
    if exdate is not None:
        made.set_exdate(exdate)
    return made


def word(choice):
    return choice.get_value() if hasattr(choice, "get_value") else choice


def expect(answer, status):
    assert answer is not None, "the library gave no answer"
    given = answer.get_status_code()
    assert given == status, f"{given}: {vars(answer.get_object() or object)}"


def refused(answer, status, code, **named):
    """A refusal of the whole request, as the library's own exception type."""
    expect(answer, status)
    problem = answer.get_object()
    assert type(problem).__name__ == "APIException", type(problem)
    assert word(problem.get_code()) == code, word(problem.get_code())
    given = problem.get_details() or {}
    for name, value in named.items():
        assert given.get(name) == value, given


def codes(answer):
    return [word(item.get_code()) for item in answer.get_object().get_data()]


def details(answer):
    return [item.get_details() for item in answer.get_object().get_data()]


def rows(answer):
    """The records of a list; none for 204 and 304, which have no body."""
    if answer.get_status_code() in (204, 304):
        assert answer.get_object() is None
        return []
    expect(answer, 200)
    return answer.get_object().get_data()


def ids(answer):
    return [str(row.get_id()) for row in rows(answer)]


def fails(call, message):
    """The library raises, and says why."""
    try:
        call()
    except Exception as problem:  # it wraps its exceptions in one another
        assert message in f"{problem} {getattr(problem, 'message', '')}", problem
    else:
        raise AssertionError(f"nothing said {message}")


class Channel:
    """A notification channel."""

    def __init__(self, channel_id):
        self.id = channel_id
        self.operations = notifications.NotificationsOperations()

    def call(self, method, **values):
        """A call whose body is this channel with values."""
        channel = notifications.Notification()
        channel.set_channel_id(self.id)
        for name, value in values.items():
            getattr(channel, f"set_{name}")(value)
        wrapper = notifications.BodyWrapper()
        wrapper.set_watch([channel])
        return method(wrapper)

    def shown(self):
        """The channel as the API lists it; none if it is not there."""
        wanted = params(notifications.GetNotificationsParam, channel_id=int(self.id))
        answer = self.operations.get_notifications(wanted)
        return answer.get_object().get_watch()[0] if answer.get_status_code() == 200 else None

    @staticmethod
    def code(answer):
        return word(answer.get_object().get_watch()[0].get_code())


def heard(receiver, one):
    """What callbacks say of a record."""
    said = [json.loads(message["body"]) for message in list(receiver.messages)]
    return [each for each in said if one in each["ids"]]


def start(checklist, module):
    """Runs a script's checks in a sandbox of its own."""
    with Sandbox() as sandbox, tempfile.TemporaryDirectory() as folder:
        # The library logs into the current folder.
        os.chdir(folder)
        # The checks sign in more often than ten times; throttle and short lives have checks of their own.
        patient = {"access_token_seconds": 3600, "tokens_per_ten_minutes": 1000}
        sandbox.control("PATCH", "/zoho/settings", patient)
        checklist.run(sandbox, Lab(sandbox, Path(folder), module))
