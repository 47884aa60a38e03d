#!/usr/bin/env python3
"""Drives Zoho's own client library, unmodified, against the sandbox.

The library is zohocrmsdk8-0 (see `zoho_crm.requirements.txt`). Nothing of it is patched: it is given another base URL,
and everything it calls is the emulator's. Each check names the row of the emulator's checklist that it shows; at the end
the calls are listed by method, and the run fails where a row has no check or no call.

    python tests/conformance/zoho_crm.py [--sandbox target/debug/sandbox]
"""

from __future__ import annotations

import argparse
import datetime as dt
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any, Callable, Iterator

import requests
from zohocrmsdk.src.com.zoho.api.authenticator import OAuthToken
from zohocrmsdk.src.com.zoho.api.authenticator.store import FileStore
from zohocrmsdk.src.com.zoho.crm.api import HeaderMap, Initializer, ParameterMap, SDKConfig
from zohocrmsdk.src.com.zoho.crm.api import coql, custom_views, fields, modules, notifications, org, profiles, roles, users
from zohocrmsdk.src.com.zoho.crm.api import record as records
from zohocrmsdk.src.com.zoho.crm.api.dc import DataCenter
from zohocrmsdk.src.com.zoho.crm.api.header import Header
from zohocrmsdk.src.com.zoho.crm.api.record import (
    DeleteRecordsParam,
    GetDeletedRecordsHeader,
    GetDeletedRecordsParam,
    GetRecordParam,
    GetRecordsHeader,
    GetRecordsParam,
    RecordCountParam,
    RecordOperations,
    SearchRecordsParam,
)
from zohocrmsdk.src.com.zoho.crm.api.users import GetUsersParam

# Row of the emulator's checklist: the methods that the library must have called for it.
CHECKLIST: dict[str, tuple[str, ...]] = {
    "consent and code exchange": ("oauth.authorize", "oauth.token"),
    "tokens with api_domain, expiry, throttle as 200 and an error, revocation": ("oauth.token", "oauth.revoke"),
    "one organisation to a token": ("org.getOrganization",),
    "fields required, at most 50": ("Contacts.getRecords",),
    "204 and 304 without a body": ("Contacts.getRecords", "Contacts.getRecord"),
    "pagination and its errors": ("Contacts.getRecords",),
    "default order by id descending": ("Contacts.getRecords",),
    "the caller's time zone, whole seconds": ("Contacts.getRecord",),
    "delta": ("Contacts.getRecords", "Contacts.getDeletedRecords"),
    "deleted records": ("Contacts.deleteRecords", "Contacts.deleteRecord", "Contacts.getDeletedRecords"),
    "a hundred rows, results in order, 200/201/207/400": ("Contacts.createRecords", "Contacts.updateRecords"),
    "single update": ("Contacts.updateRecord",),
    "companies by id": ("Accounts.createRecords", "Accounts.getRecords"),
    "upsert order, action and duplicate_field": ("Contacts.upsertRecords",),
    "If-Unmodified-Since and 412": ("Contacts.updateRecords",),
    "DUPLICATE_DATA with the record": ("Contacts.createRecords",),
    "search": ("Contacts.searchRecords",),
    "COQL": ("coql",),
    "list views: membership, count, refusal of sort_by": ("Contacts.getRecords", "Contacts.getRecordCount"),
    "watch": (
        "notifications.createNotifications",
        "notifications.updateNotificationDetails",
        "notifications.updateNotificationInfo",
        "notifications.getNotifications",
        "notifications.disableNotifications",
    ),
    "profile and field permissions": ("Contacts.createRecords", "Contacts.getRecord"),
    "429": ("Contacts.getRecords",),
    "server errors and lost answers": ("Contacts.createRecords", "Contacts.getRecords"),
    "modules, fields, list views": (
        "settings.getModules",
        "settings.getModule",
        "settings.getFields",
        "settings.getField",
        "settings.getCustomViews",
        "settings.getCustomView",
    ),
    "people and rights": (
        "users.getUsers",
        "users.getUser",
        "settings.getRoles",
        "settings.getProfiles",
        "settings.getProfile",
    ),
}

CHECKS: list[tuple[str, Callable[["Lab"], None]]] = []


def shows(row: str) -> Callable[[Callable[["Lab"], None]], Callable[["Lab"], None]]:
    """Marks a check with the row that it shows."""
    assert row in CHECKLIST, row

    def mark(check: Callable[["Lab"], None]) -> Callable[["Lab"], None]:
        CHECKS.append((row, check))
        return check

    return mark


class Sandbox:
    """The sandbox as a process of its own."""

    def __init__(self, command: list[str]) -> None:
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("the sandbox did not start")
        self.where: dict[str, Any] = json.loads(line)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            f"{self.where['control_url']}/control{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def settings(self, **changes: Any) -> None:
        self.control("PATCH", "/zoho/settings", changes)

    def calls(self) -> dict[str, int]:
        methods = self.control("GET", "/counts")["methods"].get("zoho", {})
        return {name: count["calls"] for name, count in methods.items()}

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=10)


class Local(DataCenter):
    """A data centre at the emulator's address."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url

    def get_iam_url(self) -> str:
        return f"{self.base_url}/oauth/v2/token"

    def get_file_upload_url(self) -> str:
        return self.base_url

    def environment(self) -> DataCenter.Environment:
        return DataCenter.Environment(self.base_url, self.get_iam_url(), self.get_file_upload_url())


class Lab:
    """A sandbox, and the library pointed at it."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.zoho = sandbox.where["zoho"]
        self.folder = folder
        self.sign_in()

    def sign_in(self, **token: Any) -> OAuthToken:
        """Initialises the library with a token of its own; by default with the test refresh token."""
        token = token or {"refresh_token": self.zoho["refresh_token"]}
        oauth = OAuthToken(client_id=self.zoho["client_id"], client_secret=self.zoho["client_secret"], **token)
        self.store = self.folder / f"tokens-{time.monotonic_ns()}.csv"
        Initializer.initialize(
            environment=Local(self.zoho["base_url"]).environment(),
            token=oauth,
            store=FileStore(file_path=str(self.store)),
            sdk_config=SDKConfig(auto_refresh_fields=False, pick_list_validation=False),
            resource_path=str(self.folder),
        )
        return oauth

    # What the checks call.

    def list(self, fields: str | None = "Last_Name,Email", since: dt.datetime | None = None, module: str = "Contacts", **params: Any) -> Any:
        parameters = ParameterMap()
        if fields is not None:
            parameters.add(GetRecordsParam.fields, fields)
        for name, value in params.items():
            parameters.add(getattr(GetRecordsParam, name), value)
        headers = HeaderMap()
        if since is not None:
            headers.add(GetRecordsHeader.if_modified_since, since)
        return RecordOperations(module).get_records(parameters, headers)

    def get(self, record_id: Any) -> Any:
        answer = RecordOperations("Contacts").get_record(int(record_id), ParameterMap(), HeaderMap())
        expect(answer, 200)
        return answer.get_object().get_data()[0]

    def create(self, *people: dict[str, Any], module: str = "Contacts", **options: Any) -> Any:
        return RecordOperations(module).create_records(body(people, **options), HeaderMap())

    def made(self, **values: Any) -> str:
        answer = self.create(values)
        expect(answer, 201)
        return str(details(answer)[0]["id"])

    def update(self, *people: dict[str, Any], unmodified_since: str | None = None, **options: Any) -> Any:
        headers = HeaderMap()
        if unmodified_since is not None:
            # The library knows no such header for updates, so it is passed through as it stands.
            headers.add(Header("If-Unmodified-Since", None), unmodified_since)
        return RecordOperations("Contacts").update_records(body(people, **options), headers)

    def deleted(self, since: dt.datetime | None = None) -> Any:
        parameters = ParameterMap()
        parameters.add(GetDeletedRecordsParam.type, "all")
        headers = HeaderMap()
        if since is not None:
            headers.add(GetDeletedRecordsHeader.if_modified_since, since)
        return RecordOperations("Contacts").get_deleted_records(parameters, headers)

    def view(self, name: str) -> str:
        found = self.sandbox.control("GET", "/zoho/views")["views"]
        return next(view["id"] for view in found if view["name"] == name)


def body(people: tuple[dict[str, Any], ...], checks: list[str] | None = None) -> records.BodyWrapper:
    """A request body without automations."""
    wrapper = records.BodyWrapper()
    wrapper.set_data([record(values) for values in people])
    wrapper.set_trigger([])
    if checks:
        wrapper.set_duplicate_check_fields(checks)
    return wrapper


def record(values: dict[str, Any]) -> records.Record:
    made = records.Record()
    for name, value in values.items():
        if name == "id":
            made.set_id(int(value))
        elif name == "Account_Name":
            linked = records.Record()
            linked.set_id(int(value))
            made.add_key_value(name, linked)
        else:
            made.add_key_value(name, value)
    return made


def expect(answer: Any, status: int) -> None:
    assert answer is not None, "the library gave no answer"
    assert answer.get_status_code() == status, f"{answer.get_status_code()}: {plain(answer.get_object())}"


def plain(thing: Any) -> Any:
    """What an answer of the library says, for error messages."""
    if isinstance(thing, list):
        return [plain(each) for each in thing]
    if hasattr(thing, "get_code"):
        return (word(thing.get_code()), getattr(thing, "get_details", lambda: None)())
    return getattr(thing, "__dict__", thing)


def word(choice: Any) -> Any:
    return choice.get_value() if hasattr(choice, "get_value") else choice


def refused(answer: Any, status: int, code: str, **details: Any) -> None:
    """A refusal of the whole request, as the library's own exception type."""
    expect(answer, status)
    problem = answer.get_object()
    assert type(problem).__name__ == "APIException", type(problem)
    assert word(problem.get_code()) == code, word(problem.get_code())
    given = problem.get_details() or {}
    for name, value in details.items():
        assert given.get(name) == value, given


def items(answer: Any) -> list[Any]:
    return answer.get_object().get_data()


def codes(answer: Any) -> list[str]:
    return [word(item.get_code()) for item in items(answer)]


def details(answer: Any) -> list[dict[str, Any]]:
    return [item.get_details() for item in items(answer)]


def rows(answer: Any) -> list[Any]:
    """The records of a list; none for 204 and 304."""
    if answer.get_status_code() in (204, 304):
        assert answer.get_object() is None
        return []
    expect(answer, 200)
    return answer.get_object().get_data()


def ids(answer: Any) -> list[str]:
    return [str(row.get_id()) for row in rows(answer)]


def eventually(what: str, holds: Callable[[], Any], seconds: float = 12) -> Any:
    """Waits until late visibility is over."""
    deadline = time.monotonic() + seconds
    while True:
        value = holds()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"never: {what}")
        time.sleep(0.1)


def chain(lab: Lab, **params: Any) -> Iterator[Any]:
    """Every page of a list, by page tokens."""
    token: dict[str, str] = {}
    while True:
        answer = lab.list(**params, **token)
        yield from rows(answer)
        info = answer.get_object().get_info() if answer.get_object() else None
        if info is None or not info.get_more_records():
            return
        token = {"page_token": info.get_next_page_token()}


# ---- sign-in ----


@shows("consent and code exchange")
def a_consent_gives_a_code_that_the_library_exchanges(lab: Lab) -> None:
    redirect = "http://127.0.0.1:9/callback"
    query = {
        "response_type": "code",
        "client_id": lab.zoho["client_id"],
        "scope": lab.zoho["scope"],
        "redirect_uri": redirect,
        "access_type": "offline",
        "state": "s",
    }
    page = requests.get(f"{lab.zoho['base_url']}/oauth/v2/auth", params=query, allow_redirects=False, timeout=10)
    target = requests.models.PreparedRequest()
    target.prepare_url(page.headers["location"], None)
    answer = dict(part.split("=", 1) for part in target.url.split("?", 1)[1].split("&"))
    assert answer["state"] == "s" and "accounts-server" in answer and "location" in answer
    lab.sign_in(grant_token=answer["code"], redirect_url=redirect)
    expect(org.OrgOperations().get_organization(), 200)
    lab.sign_in()


@shows("tokens with api_domain, expiry, throttle as 200 and an error, revocation")
def an_expired_token_is_refused_and_a_new_one_works(lab: Lab) -> None:
    expect(org.OrgOperations().get_organization(), 200)
    lab.sandbox.control("POST", "/zoho/access-tokens/expire")
    # The library looks at the expiry that it was told, not at the answer.
    refused(lab.list(), 401, "INVALID_TOKEN")
    lab.sign_in()
    expect(org.OrgOperations().get_organization(), 200)


@shows("tokens with api_domain, expiry, throttle as 200 and an error, revocation")
def a_short_lived_token_is_refreshed_by_the_library_itself(lab: Lab) -> None:
    lab.sandbox.settings(access_token_seconds=4)
    lab.sign_in()
    before = lab.sandbox.calls()["oauth.token"]
    for _ in range(3):
        expect(org.OrgOperations().get_organization(), 200)
    # Less than five seconds of life are too few for it: each call refreshes.
    assert lab.sandbox.calls()["oauth.token"] >= before + 3
    lab.sandbox.settings(access_token_seconds=3600)
    lab.sign_in()


@shows("tokens with api_domain, expiry, throttle as 200 and an error, revocation")
def a_throttled_or_revoked_grant_is_an_exception_of_the_library(lab: Lab) -> None:
    def fails(message: str) -> None:
        try:
            org.OrgOperations().get_organization()
        except Exception as problem:  # the library wraps its exceptions in one another
            assert message in f"{problem} {getattr(problem, 'cause', '')}", problem
        else:
            raise AssertionError("the library got a token")

    grant = lab.sandbox.control("POST", "/zoho/grants", {})["refresh_token"]
    lab.sandbox.settings(tokens_per_ten_minutes=0)
    lab.sign_in(refresh_token=grant)
    fails("Access Denied")
    lab.sandbox.settings(tokens_per_ten_minutes=1000)
    expect(org.OrgOperations().get_organization(), 200)
    url = f"{lab.zoho['base_url']}/oauth/v2/token/revoke"
    assert requests.post(url, params={"token": grant}, timeout=10).status_code == 200
    refused(org.OrgOperations().get_organization(), 401, "INVALID_TOKEN")
    lab.sign_in(refresh_token=grant)
    fails("invalid_code")
    lab.sign_in()


@shows("one organisation to a token")
def another_users_token_sees_another_organisation(lab: Lab) -> None:
    ours = org.OrgOperations().get_organization().get_object().get_org()[0]
    person = lab.made(Last_Name="Ours")
    lab.sign_in(refresh_token=lab.zoho["users"][2]["refresh_token"])
    theirs = org.OrgOperations().get_organization().get_object().get_org()[0]
    assert ours.get_zgid() != theirs.get_zgid()
    answer = RecordOperations("Contacts").get_record(int(person), ParameterMap(), HeaderMap())
    assert answer.get_status_code() == 204
    lab.sign_in()


# ---- reading ----


@shows("pagination and its errors")
def every_record_of_a_view_comes_once(lab: Lab) -> None:
    # Duplicate addresses and the like are part of the scenario.
    planted = lab.sandbox.control(
        "POST", "/seed", {"scenario": "two-address-books", "people": 300, "overlap": 0.5, "outside": 2}
    )["zoho"]
    seen = [str(row.get_id()) for row in chain(lab, cvid=int(planted["collection"]["id"]))]
    assert len(seen) == len(set(seen))
    assert set(planted["inside"]) <= set(seen)
    assert not set(planted["outside"]) & set(seen)
    first = lab.list(per_page=200).get_object().get_info()
    assert first.get_count() == 120, "pages are shorter than asked for"
    assert first.get_more_records() and first.get_next_page_token() and first.get_page_token_expiry()


@shows("pagination and its errors")
def wrong_pages_are_refused(lab: Lab) -> None:
    refused(lab.list(page=11), 400, "DISCRETE_PAGINATION_LIMIT_EXCEEDED", limit=2000)
    token = lab.list(per_page=5).get_object().get_info().get_next_page_token()
    refused(lab.list(per_page=6, page_token=token), 400, "TOKEN_BOUND_DATA_MISMATCH", param_name="page_token")
    refused(lab.list(page=1, page_token=token), 400, "AMBIGUITY_DURING_PROCESSING")
    lab.sandbox.control("POST", "/zoho/cursors/expire")
    refused(lab.list(per_page=5, page_token=token), 400, "EXPIRED_VALUE", api_name="page_token")
    lab.sandbox.settings(page_token_rows=5)
    token = lab.list(per_page=5).get_object().get_info().get_next_page_token()
    refused(lab.list(per_page=5, page_token=token), 400, "PAGINATION_LIMIT_EXCEEDED")
    lab.sandbox.settings(page_token_rows=100_000)


@shows("fields required, at most 50")
def fields_are_counted(lab: Lab) -> None:
    refused(lab.list(fields=None), 400, "REQUIRED_PARAM_MISSING", param_name="fields")
    refused(lab.list(fields=",".join(f"F{n}" for n in range(51))), 400, "LIMIT_EXCEEDED", limit=50)


@shows("204 and 304 without a body")
def nothing_is_told_from_nothing_newer(lab: Lab) -> None:
    nothing = lab.list(ids="1")
    assert (nothing.get_status_code(), nothing.get_object()) == (204, None)
    newer = lab.list(since=dt.datetime(2100, 1, 1, tzinfo=dt.timezone.utc))
    assert (newer.get_status_code(), newer.get_object()) == (304, None)
    gone = RecordOperations("Contacts").get_record(1, ParameterMap(), HeaderMap())
    assert (gone.get_status_code(), gone.get_object()) == (204, None)


@shows("default order by id descending")
def lists_begin_with_the_newest_id(lab: Lab) -> None:
    found = [int(each) for each in ids(lab.list(per_page=50))]
    assert found == sorted(found, reverse=True)


@shows("the caller's time zone, whole seconds")
def stamps_have_the_offset_of_the_caller(lab: Lab) -> None:
    person = lab.made(Last_Name="Punctual")
    stamp = lab.get(person).get_modified_time()
    assert stamp.microsecond == 0
    token = Initializer.get_initializer().token.get_token()
    raw = requests.get(
        f"{lab.zoho['base_url']}/crm/v8/Contacts/{person}",
        headers={"Authorization": f"Zoho-oauthtoken {token}"},
        timeout=10,
    ).json()["data"][0]
    assert raw["Modified_Time"].endswith("+03:00"), raw["Modified_Time"]
    assert dt.datetime.fromisoformat(raw["Modified_Time"]) == stamp


@shows("delta")
def a_delta_gives_what_changed_and_who_is_gone(lab: Lab) -> None:
    edited, gone = lab.made(Last_Name="Edited"), lab.made(Last_Name="Gone")
    eventually("both are listed", lambda: {edited, gone} <= set(ids(lab.list(ids=f"{edited},{gone}"))))
    since = lab.get(edited).get_modified_time()
    lab.sandbox.control("POST", "/clock/advance", {"seconds": 5})
    expect(lab.update({"id": edited, "Title": "new"}), 200)
    lab.sandbox.control("DELETE", f"/zoho/records/Contacts/{gone}")
    order = {"fields": "Last_Name,Title,Modified_Time", "sort_by": "Modified_Time", "sort_order": "asc"}
    changed = eventually("the edit shows", lambda: [r for r in rows(lab.list(since=since, **order)) if str(r.get_id()) == edited])
    assert changed[0].get_key_value("Title") == "new"
    eventually("the deletion shows", lambda: gone in ids(lab.deleted(since)))
    assert gone not in ids(lab.list(since=since, **order))


# ---- writing ----


@shows("a hundred rows, results in order, 200/201/207/400")
def mixed_results_come_in_the_order_of_the_request(lab: Lab) -> None:
    answer = lab.create({"Last_Name": "One"}, {"First_Name": "no surname"}, {"Last_Name": "x" * 81}, {"Last_Name": "Four", "Email": "bad"})
    expect(answer, 207)
    assert codes(answer) == ["SUCCESS", "MANDATORY_NOT_FOUND", "INVALID_DATA", "INVALID_DATA"]
    assert type(items(answer)[0]).__name__ == "SuccessResponse" and type(items(answer)[1]).__name__ == "APIException"
    assert details(answer)[1]["api_name"] == "Last_Name" and details(answer)[1]["json_path"] == "$.data[1].Last_Name"
    assert details(answer)[2]["maximum_length"] == 80
    assert details(answer)[3]["expected_data_type"] == "email"
    answer = lab.create({"First_Name": "no surname"})
    expect(answer, 400)
    assert codes(answer) == ["MANDATORY_NOT_FOUND"]
    answer = lab.create(*[{"Last_Name": f"Row {n}"} for n in range(100)])
    expect(answer, 201)
    made = [str(each["id"]) for each in details(answer)]
    answer = lab.update(*[{"id": each, "Title": f"T{n}"} for n, each in enumerate(made)])
    expect(answer, 200)
    assert [str(each["id"]) for each in details(answer)] == made
    refused(lab.create(*[{"Last_Name": "x"} for _ in range(101)]), 400, "INVALID_DATA", maximum_length=100)
    answer = lab.update({"id": made[0], "Title": "again"}, {"id": "1", "Title": "nobody"})
    expect(answer, 207)
    assert codes(answer) == ["SUCCESS", "INVALID_DATA"]


@shows("single update")
def what_is_not_named_stays(lab: Lab) -> None:
    person = lab.made(Last_Name="Single", Phone="1", Title="Buyer")
    expect(RecordOperations("Contacts").update_record(int(person), body(({"Phone": "2"},)), HeaderMap()), 200)
    after = lab.get(person)
    assert (after.get_key_value("Phone"), after.get_key_value("Title")) == ("2", "Buyer")


@shows("companies by id")
def a_company_is_linked_by_its_id(lab: Lab) -> None:
    answer = lab.create({"Account_Name": "Conformance Ltd"}, module="Accounts") if False else account(lab, "Conformance Ltd")
    person = lab.made(Last_Name="Employee", Account_Name=answer)
    linked = lab.get(person).get_key_value("Account_Name")
    assert str(linked.get_id()) == answer
    found = eventually("the company is listed", lambda: rows(lab.list(fields="Account_Name", module="Accounts", ids=answer)))
    assert found[0].get_key_value("Account_Name") == "Conformance Ltd"


def account(lab: Lab, name: str) -> str:
    company = records.Record()
    company.add_key_value("Account_Name", name)
    wrapper = records.BodyWrapper()
    wrapper.set_data([company])
    wrapper.set_trigger([])
    answer = RecordOperations("Accounts").create_records(wrapper, HeaderMap())
    expect(answer, 201)
    return str(details(answer)[0]["id"])


@shows("upsert order, action and duplicate_field")
def upsert_overwrites_whoever_has_the_address(lab: Lab) -> None:
    ann = lab.made(Last_Name="Ann", Email="office@conformance.example.com")
    wrapper = body(({"Last_Name": "Stranger", "Email": "office@conformance.example.com"}, {"Last_Name": "New"}), checks=["Email"])
    answer = RecordOperations("Contacts").upsert_records(wrapper, HeaderMap())
    expect(answer, 200)
    first, second = items(answer)
    assert (word(first.get_action()), first.get_duplicate_field()) == ("update", "Email")
    assert str(first.get_details()["id"]) == ann
    assert word(second.get_action()) == "insert"
    assert lab.get(ann).get_key_value("Last_Name") == "Stranger"


@shows("If-Unmodified-Since and 412")
def a_newer_record_refuses_the_call(lab: Lab) -> None:
    old = lab.made(Last_Name="Old")
    read_at = lab.get(old).get_modified_time().isoformat()
    lab.sandbox.control("POST", "/clock/advance", {"seconds": 5})
    new = lab.made(Last_Name="New")
    answer = lab.update({"id": old, "Title": "x"}, {"id": new, "Title": "x"}, unmodified_since=read_at)
    expect(answer, 412)
    assert codes(answer) == ["ALREADY_MODIFIED"]
    assert str(details(answer)[0]["id"]) == new
    assert lab.get(old).get_key_value("Title") is None
    expect(lab.update({"id": old, "Title": "x"}, unmodified_since=read_at), 200)


@shows("DUPLICATE_DATA with the record")
def a_unique_value_is_refused_with_its_holder(lab: Lab) -> None:
    field = "/zoho/fields/Contacts/Customer_Number"
    lab.sandbox.control("PATCH", field, {"unique": True})
    holder = lab.made(Last_Name="Holder", Customer_Number="C-1")
    answer = lab.create({"Last_Name": "Second", "Customer_Number": "c-1"})
    expect(answer, 400)
    assert codes(answer) == ["DUPLICATE_DATA"]
    given = details(answer)[0]
    assert given["api_name"] == "Customer_Number" and holder in json.dumps(given, default=lambda each: str(each.__dict__))
    lab.sandbox.control("PATCH", field, {"unique": False})


@shows("deleted records")
def deleted_records_are_told_each_by_each(lab: Lab) -> None:
    one, two = lab.made(Last_Name="One"), lab.made(Last_Name="Two")
    parameters = ParameterMap()
    parameters.add(DeleteRecordsParam.ids, f"{one},1")
    answer = RecordOperations("Contacts").delete_records(parameters, HeaderMap())
    expect(answer, 207)
    assert codes(answer) == ["SUCCESS", "INVALID_DATA"]
    expect(RecordOperations("Contacts").delete_record(int(two), ParameterMap(), HeaderMap()), 200)
    feed = eventually("both are in the feed", lambda: [r for r in rows(lab.deleted()) if str(r.get_id()) in (one, two)][1:] and rows(lab.deleted()))
    row = next(each for each in feed if str(each.get_id()) == one)
    assert (row.get_type(), row.get_display_name()) == ("recycle", "One")
    assert row.get_deleted_by().get_name() == "Ana Demir" and row.get_deleted_time().tzinfo is not None


@shows("server errors and lost answers")
def a_lost_answer_leaves_the_record_and_errors_are_the_librarys(lab: Lab) -> None:
    lab.sandbox.control(
        "POST", "/faults", {"provider": "zoho", "method": "Contacts.createRecords", "nth": 1, "fault": {"kind": "cut_after_commit"}}
    )
    try:
        answer = lab.create({"Last_Name": "Lost"})
    except Exception:  # the library wraps the connection error
        answer = None
    assert answer is None
    truth = lab.sandbox.control("GET", "/zoho/records/Contacts")["records"]
    assert sum(row["Last_Name"] == "Lost" for row in truth) == 1
    lab.sandbox.control(
        "POST", "/faults", {"provider": "zoho", "method": "Contacts.getRecords", "nth": 1, "fault": {"kind": "status", "status": 500}}
    )
    refused(lab.list(), 500, "INTERNAL_ERROR")


# ---- searching ----


@shows("search")
def search_lags_and_finds(lab: Lab) -> None:
    person = lab.made(Last_Name="Sought", Email="sought@conformance.example.com")
    parameters = ParameterMap()
    parameters.add(SearchRecordsParam.email, "sought@conformance.example.com")
    search = lambda: ids(RecordOperations("Contacts").search_records(parameters, HeaderMap()))
    assert search() == [], "the index lags"
    lab.sandbox.control("POST", "/clock/advance", {"seconds": 6})
    assert search() == [person]
    refused(RecordOperations("Contacts").search_records(ParameterMap(), HeaderMap()), 400, "REQUIRED_PARAM_MISSING")


@shows("COQL")
def coql_selects_and_refuses(lab: Lab) -> None:
    def run(query: str) -> Any:
        wrapper = coql.BodyWrapper()
        wrapper.set_select_query(query)
        return coql.CoqlOperations().get_records(wrapper)

    answer = run("select Last_Name, Email from Contacts where Last_Name = 'Sought' order by id desc limit 0, 5")
    assert [row.get_key_value("Last_Name") for row in rows(answer)] == ["Sought"]
    assert answer.get_object().get_info().get_more_records() is False
    assert run("select id from Contacts where Last_Name = 'Nobody at all'").get_status_code() == 204
    refused(run("select id from Contacts"), 400, "SYNTAX_ERROR")
    refused(run("select Nonsense from Contacts where id = 1"), 400, "INVALID_QUERY", column_name="Nonsense")


@shows("list views: membership, count, refusal of sort_by")
def a_record_leaves_a_view_when_it_is_edited(lab: Lab) -> None:
    view = int(lab.view("Key accounts"))
    person = lab.made(Last_Name="Mover")
    eventually("it is in the view", lambda: ids(lab.list(cvid=view, ids=person)) == [person])
    expect(lab.update({"id": person, "Tier": "Regular"}), 200)
    eventually("it is out of the view", lambda: ids(lab.list(cvid=view, ids=person)) == [])
    parameters = ParameterMap()
    parameters.add(RecordCountParam.cvid, view)
    count = RecordOperations("Contacts").record_count(parameters)
    expect(count, 200)
    assert count.get_object().get_count() == len(list(chain(lab, cvid=view)))
    refused(lab.list(cvid=view, sort_by="Modified_Time"), 400, "AMBIGUITY_DURING_PROCESSING")
    other = lab.sandbox.control("POST", "/zoho/views", {"name": "Short-lived"})["id"]
    lab.sandbox.control("DELETE", f"/zoho/views/{other}")
    refused(lab.list(cvid=int(other)), 400, "INVALID_DATA", param_name="cvid")


# ---- push ----


class Listener:
    """Keeps what callbacks say."""

    def __init__(self) -> None:
        heard: list[dict[str, Any]] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                heard.append(json.loads(self.rfile.read(length)))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.heard = heard
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/push?k=v"


@shows("watch")
def a_channel_lives_hears_and_dies(lab: Lab) -> None:
    operations = notifications.NotificationsOperations()
    listener = Listener()
    channel_id = "1000000068001"

    def call(method: Callable[[Any], Any], **values: Any) -> Any:
        channel = notifications.Notification()
        channel.set_channel_id(channel_id)
        for name, value in values.items():
            getattr(channel, f"set_{name}")(value)
        wrapper = notifications.BodyWrapper()
        wrapper.set_watch([channel])
        return method(wrapper)

    def shown() -> Any:
        parameters = ParameterMap()
        parameters.add(notifications.GetNotificationsParam.channel_id, channel_id)
        answer = operations.get_notifications(parameters)
        return answer.get_object().get_watch()[0] if answer.get_status_code() == 200 else None

    def code(answer: Any) -> str:
        return word(answer.get_object().get_watch()[0].get_code())

    now = dt.datetime.now(dt.timezone.utc) + dt.timedelta(seconds=lab.sandbox.control("GET", "/clock")["ahead_seconds"])
    wanted = {"events": ["Contacts.all"], "notify_url": listener.url, "token": "secret"}
    expect(call(operations.enable_notifications, channel_expiry=now + dt.timedelta(days=9), **wanted), 201)
    life = shown().get_channel_expiry() - now
    assert abs(life - dt.timedelta(hours=1)) < dt.timedelta(minutes=2), "longer than a week is silently an hour"
    expect(call(operations.update_notification, channel_expiry=now + dt.timedelta(days=6)), 200)
    assert shown().get_channel_expiry() - now > dt.timedelta(days=5)
    person = lab.made(Last_Name="Heard")
    said = eventually("the callback", lambda: [each for each in listener.heard if person in each["ids"]])[0]
    assert (said["operation"], said["token"], said["query_params"]) == ("insert", "secret", {"k": "v"})
    expect(call(operations.update_notifications, **wanted), 200)
    expect(call(operations.disable_notification, delete_events=True, events=["Contacts.all"]), 200)
    assert shown() is None
    answer = call(operations.update_notification, channel_expiry=now + dt.timedelta(days=1))
    assert (answer.get_status_code(), code(answer)) == (400, "NOT_SUBSCRIBED")
    expect(call(operations.enable_notifications, **wanted), 201)
    parameters = ParameterMap()
    parameters.add(notifications.DeleteNotificationParam.channel_ids, channel_id)
    expect(operations.delete_notification(parameters), 200)
    assert shown() is None
    listener.server.shutdown()


# ---- rights and limits ----


@shows("profile and field permissions")
def a_missing_right_is_named_and_a_hidden_field_absent(lab: Lab) -> None:
    right = "/zoho/permissions/Crm_Implied_Create_Contacts"
    lab.sandbox.control("PUT", right, {"allowed": False})
    refused(lab.create({"Last_Name": "x"}), 403, "NO_PERMISSION", permissions=["Crm_Implied_Create_Contacts"])
    lab.sandbox.control("PUT", right, {"allowed": True})
    person = lab.made(Last_Name="Hidden", Phone="1")
    lab.sandbox.control("PATCH", "/zoho/fields/Contacts/Phone", {"permission": "hidden"})
    assert lab.get(person).get_key_value("Phone") is None
    lab.sandbox.control("PATCH", "/zoho/fields/Contacts/Phone", {"permission": "read_write"})
    assert lab.get(person).get_key_value("Phone") == "1"


@shows("429")
def credits_and_concurrency_run_out(lab: Lab) -> None:
    for limit, message in [({"credits_per_day": 0}, "credits"), ({"concurrency": 0}, " concurrency"), ({"sub_concurrency": 0}, "sub-concurrency")]:
        before = lab.sandbox.control("GET", "/zoho/settings")
        lab.sandbox.settings(**limit)
        answer = lab.list(sort_by="id")
        refused(answer, 429, "TOO_MANY_REQUESTS")
        assert message in str(word(answer.get_object().get_message()))
        lab.sandbox.control("PATCH", "/zoho/settings", before)
    expect(lab.list(sort_by="id"), 200)


# ---- metadata ----


@shows("modules, fields, list views")
def modules_fields_and_views_are_read(lab: Lab) -> None:
    listed = modules.ModulesOperations().get_modules(ParameterMap(), HeaderMap()).get_object().get_modules()
    assert {"Contacts", "Accounts"} <= {each.get_api_name() for each in listed}
    one = modules.ModulesOperations().get_module_by_api_name("Contacts").get_object().get_modules()[0]
    assert one.get_creatable() is True
    parameters = ParameterMap()
    parameters.add(fields.GetFieldsParam.module, "Contacts")
    known = {each.get_api_name(): each for each in fields.FieldsOperations().get_fields(parameters).get_object().get_fields()}
    surname = known["Last_Name"]
    assert (surname.get_length(), surname.get_system_mandatory(), surname.get_data_type()) == (80, True, "text")
    assert known["Twitter_Handle"].get_custom_field() and not known["Full_Name"].get_operation_type().get_api_update()
    parameters = ParameterMap()
    parameters.add(fields.GetFieldParam.module, "Contacts")
    single = fields.FieldsOperations().get_field(surname.get_id(), parameters).get_object().get_fields()
    assert single[0].get_api_name() == "Last_Name"
    parameters = ParameterMap()
    parameters.add(custom_views.GetCustomViewsParam.module, "Contacts")
    views = custom_views.CustomViewsOperations().get_custom_views(parameters).get_object().get_custom_views()
    view = next(each for each in views if each.get_name() == "Key accounts")
    parameters = ParameterMap()
    parameters.add(custom_views.GetCustomViewParam.module, "Contacts")
    single = custom_views.CustomViewsOperations().get_custom_view(view.get_id(), parameters).get_object().get_custom_views()[0]
    assert single.get_criteria().get_field().get_api_name() == "Tier"


@shows("people and rights")
def people_and_profiles_are_read(lab: Lab) -> None:
    parameters = ParameterMap()
    parameters.add(GetUsersParam.type, "CurrentUser")
    me = users.UsersOperations().get_users(parameters, HeaderMap()).get_object().get_users()[0]
    assert me.get_full_name() == "Ana Demir" and me.get_offset() == 10_800_000
    assert users.UsersOperations().get_user(me.get_id(), HeaderMap()).get_object().get_users()[0].get_email() == me.get_email()
    assert len(roles.RolesOperations().get_roles().get_object().get_roles()) == 2
    listed = profiles.ProfilesOperations().get_profiles(ParameterMap()).get_object().get_profiles()
    profile = profiles.ProfilesOperations().get_profile(listed[0].get_id()).get_object().get_profiles()[0]
    assert "Crm_Implied_Edit_Contacts" in {each.get_name() for each in profile.get_permissions_details()}


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--sandbox", help="the built sandbox; without it, cargo builds and runs it")
    given = arguments.parse_args()
    command = [given.sandbox] if given.sandbox else ["cargo", "run", "--quiet", "--package", "sandbox", "--"]
    started = time.monotonic()
    failed: list[str] = []
    passed: set[str] = set()
    sandbox = Sandbox(command)
    try:
        # The throttle has a check of its own; the others sign in more often than ten times.
        sandbox.settings(access_token_seconds=3600, tokens_per_ten_minutes=1000)
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            lab = Lab(sandbox, Path(folder))
            for row, check in CHECKS:
                name = check.__name__.replace("_", " ")
                try:
                    check(lab)
                except Exception as problem:
                    failed.append(name)
                    print(f"FAILED  {name}: {type(problem).__name__} {problem} {getattr(problem, 'details', '')}")
                else:
                    passed.add(row)
                    print(f"ok      {name}")
        calls = sandbox.calls()
    finally:
        sandbox.stop()
    print("\ncalls of the library by method")
    for method, count in sorted(calls.items()):
        print(f"{count:6}  {method}")
    print("\nrows of the emulator's checklist")
    for row, methods in CHECKLIST.items():
        missing = [method for method in methods if not calls.get(method)]
        if missing or row not in passed:
            failed.append(row)
            print(f"MISSING {row}: {', '.join(missing) or 'no check passed'}")
        else:
            print(f"ok      {row}: {', '.join(methods)}")
    print(f"\n{len(CHECKS)} checks, {sum(calls.values())} calls, {time.monotonic() - started:.1f} s, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
