"""What the scripts about calendars do with Google's client library."""

import contextlib
import datetime as dt
import uuid

from googleapi import credentials, found, service
from sandbox import Sandbox, eventually

ANA, BEN = "ana@example.com", "ben@example.com"
VIENNA = "Europe/Vienna"


class Diary:
    """One account's calendars as the library offers them."""

    def __init__(self, sandbox, account=0):
        self.sandbox = sandbox
        self.settings = sandbox.credentials["google"]
        self.service = self.service_with(credentials(self.settings, account))

    def service_with(self, whose):
        return service("calendar", "v3", f"{self.settings['base_url']}/calendar/v3/", whose)

    def events(self):
        return self.service.events()

    def insert(self, calendar="primary", **event):
        return self.events().insert(calendarId=calendar, body=event).execute()

    def patch(self, event, calendar="primary", **changes):
        return self.events().patch(calendarId=calendar, eventId=event, body=changes).execute()

    def delete(self, event, calendar="primary", **more):
        return self.events().delete(calendarId=calendar, eventId=event, **more).execute()

    def get(self, event, calendar="primary"):
        """Reads an event, waiting out the lag of a fresh one."""
        request = self.events().get(calendarId=calendar, eventId=event)
        return eventually(f"get {event}", lambda: found(request))

    def pages(self, calendar="primary", **more):
        """Reads every page of a list; answers the items and the last page."""
        return pages(self.events().list, self.events().list_next, calendarId=calendar, **more)

    def instances(self, series, **more):
        calls = self.events()
        items, _ = pages(calls.instances, calls.instances_next, calendarId="primary", eventId=series, **more)
        return items

    def full(self, calendar="primary"):
        """Everything that the calendar shows now, and a token."""
        self.sandbox.advance(3)
        items, last = self.pages(calendar, maxResults=2500)
        return items, last["nextSyncToken"]

    def delta(self, token, calendar="primary"):
        """What changed since, waiting out the lag."""
        self.sandbox.advance(3)
        items, last = self.pages(calendar, syncToken=token)
        return items, last["nextSyncToken"]

    @contextlib.contextmanager
    def switched(self, **changes):
        """Other settings of the emulator for a while."""
        before = self.sandbox.control("GET", "/google/settings")["calendar"]
        self.sandbox.control("PATCH", "/google/settings", {"calendar": changes})
        try:
            yield
        finally:
            self.sandbox.control("PATCH", "/google/settings", {"calendar": before})


def pages(first, following, **more):
    request, items = first(**more), []
    while request is not None:
        page = request.execute()
        assert not ("nextPageToken" in page and "nextSyncToken" in page), "never both tokens"
        items += page.get("items", [])
        last, request = page, following(request, page)
    return items, last


def hour(day, start=9, zone=VIENNA):
    """An hour on a day, as wall-clock time and zone."""
    return {
        "start": {"dateTime": f"{day}T{start:02}:00:00", "timeZone": zone},
        "end": {"dateTime": f"{day}T{start + 1:02}:00:00", "timeZone": zone},
    }


def fresh_id():
    return uuid.uuid4().hex


def ids(events):
    return {event["id"] for event in events}


def reason(error):
    return error.error_details[0]["reason"]


def with_header(request, name, value):
    request.headers[name] = value
    return request


def mails(sandbox, after=0):
    """Mails that calls have caused: number, recipient, kind."""
    listed = sandbox.control("GET", f"/mails?provider=google&by=api&after={after}")["mails"]
    return [(mail["number"], mail["recipient"], mail["kind"]) for mail in listed]


def sandbox_now(sandbox):
    ahead = dt.timedelta(seconds=sandbox.control("GET", "/clock")["ahead_seconds"])
    return dt.datetime.now(dt.timezone.utc) + ahead


def start(checklist):
    """Runs a script's checks in a sandbox of its own."""
    with Sandbox() as sandbox:
        # More calls than a minute allows; quotas have a check of their own.
        patient = {"calendar": {"quota": {"user_requests": 100_000, "calendar_writes": 100_000}}}
        sandbox.control("PATCH", "/google/settings", patient)
        checklist.run(sandbox, Diary(sandbox), Diary(sandbox, 1))
