"""zohocrmsdk8-0, unmodified, against the Zoho CRM emulator with its unkind defaults.

Each row of the emulator's checklist names the API methods that its check must call. The library is Zoho's
own, so that our reading of the documentation is not checked against itself; it is only given another base URL.
"""

import datetime as dt
import json
import urllib.parse

import requests
from zohocrmsdk.src.com.zoho.crm.api import (
    HeaderMap,
    Initializer,
    ParameterMap,
    coql,
    custom_views,
    fields,
    modules,
    notifications,
    org,
    profiles,
    roles,
    users,
)
from zohocrmsdk.src.com.zoho.crm.api import record as records
from zohocrmsdk.src.com.zoho.crm.api.record import RecordOperations

from receiver import Receiver
from sandbox import Checklist, eventually
from zohosdk import (
    Channel,
    body,
    codes,
    details,
    expect,
    fails,
    heard,
    ids,
    params,
    refused,
    rows,
    start,
    word,
)

checklist = Checklist(
    "zoho",
    {
        "consent page, code, refresh token": ["oauth.authorize", "oauth.token"],
        "expired access token": ["oauth.token", "Contacts.getRecords"],
        "short life of an access token": ["oauth.token"],
        "token throttle as 200 and an error, revocation": ["oauth.token", "oauth.revoke"],
        "one organisation to a token": ["org.getOrganization", "Contacts.getRecord"],
        "list by pages, short ones": ["Contacts.getRecords"],
        "pagination errors: binding, expiry, limits, ambiguity": ["Contacts.getRecords"],
        "fields required, at most 50": ["Contacts.getRecords"],
        "204 and 304 without a body": ["Contacts.getRecords", "Contacts.getRecord"],
        "default order by id descending": ["Contacts.getRecords"],
        "the caller's time zone, whole seconds": ["Contacts.getRecord"],
        "delta": ["Contacts.getRecords", "Contacts.getDeletedRecords"],
        "late visibility": ["Contacts.getRecords", "Contacts.getRecord"],
        "a hundred rows, results in order, 200/201/207/400": [
            "Contacts.createRecords",
            "Contacts.updateRecords",
        ],
        "update of one record": ["Contacts.updateRecord"],
        "companies by id": ["Accounts.createRecords", "Accounts.getRecords"],
        "upsert: action and duplicate_field": ["Contacts.upsertRecords"],
        "If-Unmodified-Since and 412": ["Contacts.updateRecords"],
        "DUPLICATE_DATA with duplicate_record": ["Contacts.createRecords"],
        "deleted records": ["Contacts.deleteRecords", "Contacts.deleteRecord", "Contacts.getDeletedRecords"],
        "a connection cut after the commit, server errors": [
            "Contacts.createRecords",
            "Contacts.getRecords",
        ],
        "search and its lag": ["Contacts.searchRecords"],
        "COQL": ["coql"],
        "list views: membership, count, no sort_by, deleted": [
            "Contacts.getRecords",
            "Contacts.getRecordCount",
        ],
        "watch: lifecycle, one hour fallback, callbacks, NOT_SUBSCRIBED": [
            "notifications.createNotifications",
            "notifications.updateNotificationDetails",
            "notifications.updateNotificationInfo",
            "notifications.getNotifications",
            "notifications.disableNotifications",
        ],
        "profile and field permissions": ["Contacts.createRecords", "Contacts.getRecord"],
        "429: credits, concurrency, sub-concurrency": ["Contacts.getRecords"],
        "modules, fields, list views": [
            "settings.getModules",
            "settings.getModule",
            "settings.getFields",
            "settings.getField",
            "settings.getCustomViews",
            "settings.getCustomView",
        ],
        "organisation, users, roles, profiles": [
            "users.getUsers",
            "users.getUser",
            "settings.getRoles",
            "settings.getProfiles",
            "settings.getProfile",
        ],
    },
)


# ---- sign-in ----


@checklist.row("consent page, code, refresh token")
def a_consent_gives_a_code_that_the_library_exchanges(sandbox, lab):
    redirect = "http://127.0.0.1:9/callback"
    query = {
        "response_type": "code",
        "client_id": lab.zoho["client_id"],
        "scope": lab.zoho["scope"],
        "redirect_uri": redirect,
        "access_type": "offline",
        "state": "s",
        "auto": "1",
    }
    url = f"{lab.zoho['accounts_url']}/oauth/v2/auth"
    page = requests.get(url, params=query, allow_redirects=False, timeout=10)
    answer = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(page.headers["location"]).query))
    assert (answer["state"], answer["accounts-server"]) == ("s", lab.zoho["accounts_url"])
    assert answer["location"]
    lab.sign_in(grant_token=answer["code"], redirect_url=redirect)
    expect(org.OrgOperations().get_organization(), 200)
    lab.sign_in()


@checklist.row("expired access token")
def an_expired_token_is_refused_and_a_new_one_works(sandbox, lab):
    # The library reads the fields of a module once, before the first list.
    expect(lab.list(), 204)
    sandbox.control("POST", "/zoho/access-tokens/expire")
    # It looks at the expiry that it was told, not at the answer, so the refusal comes through.
    refused(lab.list(), 401, "INVALID_TOKEN")
    lab.sign_in()
    expect(lab.list(), 204)


@checklist.row("short life of an access token")
def a_short_lived_token_is_refreshed_by_the_library_itself(sandbox, lab):
    def asked():
        return sum(call["method"] == "oauth.token" for call in sandbox.calls("zoho"))

    with lab.settings(access_token_seconds=4):
        lab.sign_in()
        before = asked()
        for _ in range(3):
            expect(org.OrgOperations().get_organization(), 200)
        # Less than five seconds of life are too few for it: each call refreshes.
        assert asked() >= before + 3
    lab.sign_in()


@checklist.row("token throttle as 200 and an error, revocation")
def a_throttled_or_revoked_grant_is_an_exception_of_the_library(sandbox, lab):
    whose = org.OrgOperations().get_organization
    grant = sandbox.control("POST", "/zoho/grants", {})["refresh_token"]
    with lab.settings(tokens_per_ten_minutes=0):
        fails(lambda: lab.sign_in(refresh_token=grant), "Access Denied")
    lab.sign_in(refresh_token=grant)
    expect(whose(), 200)
    url = f"{lab.zoho['accounts_url']}/oauth/v2/token/revoke"
    assert requests.post(url, params={"token": grant}, timeout=10).status_code == 200
    refused(whose(), 401, "INVALID_TOKEN")
    fails(lambda: lab.sign_in(refresh_token=grant), "invalid_code")
    lab.sign_in()


@checklist.row("one organisation to a token")
def another_users_token_sees_another_organisation(sandbox, lab):
    ours = org.OrgOperations().get_organization().get_object().get_org()[0]
    person = lab.made(Last_Name="Ours")
    lab.sign_in(refresh_token=lab.zoho["users"][2]["refresh_token"])
    theirs = org.OrgOperations().get_organization().get_object().get_org()[0]
    assert ours.get_zgid() != theirs.get_zgid()
    expect(lab.try_get(person), 204)
    lab.sign_in()


# ---- reading ----


@checklist.row("list by pages, short ones")
def every_record_of_a_view_comes_once(sandbox, lab):
    scenario = {"scenario": "two-address-books", "people": 300, "overlap": 0.5, "outside": 2}
    planted = sandbox.control("POST", "/seed", scenario)["zoho"]
    seen = [str(row.get_id()) for row in lab.pages(cvid=planted["collection"]["id"])]
    assert len(seen) == len(set(seen))
    assert set(planted["inside"]) <= set(seen)
    assert not set(planted["outside"]) & set(seen)
    first = lab.list(per_page=200).get_object().get_info()
    assert first.get_count() == 120, "pages are shorter than asked for"
    assert first.get_more_records() and first.get_next_page_token() and first.get_page_token_expiry()


@checklist.row("pagination errors: binding, expiry, limits, ambiguity")
def wrong_pages_are_refused(sandbox, lab):
    refused(lab.list(page=11), 400, "DISCRETE_PAGINATION_LIMIT_EXCEEDED", limit=2000)
    token = lab.list(per_page=5).get_object().get_info().get_next_page_token()
    refused(lab.list(per_page=6, page_token=token), 400, "TOKEN_BOUND_DATA_MISMATCH", param_name="page_token")
    refused(lab.list(page=1, page_token=token), 400, "AMBIGUITY_DURING_PROCESSING")
    sandbox.control("POST", "/zoho/cursors/expire")
    refused(lab.list(per_page=5, page_token=token), 400, "EXPIRED_VALUE", api_name="page_token")
    with lab.settings(page_token_rows=5):
        token = lab.list(per_page=5).get_object().get_info().get_next_page_token()
        refused(lab.list(per_page=5, page_token=token), 400, "PAGINATION_LIMIT_EXCEEDED")


@checklist.row("fields required, at most 50")
def fields_are_counted(sandbox, lab):
    refused(lab.list(fields=None), 400, "REQUIRED_PARAM_MISSING", param_name="fields")
    refused(lab.list(fields=",".join(f"F{n}" for n in range(51))), 400, "LIMIT_EXCEEDED", limit=50)


@checklist.row("204 and 304 without a body")
def nothing_is_told_from_nothing_newer(sandbox, lab):
    nothing = lab.list(ids="1")
    assert (nothing.get_status_code(), nothing.get_object()) == (204, None)
    newer = lab.list(since=dt.datetime(2100, 1, 1, tzinfo=dt.timezone.utc))
    assert (newer.get_status_code(), newer.get_object()) == (304, None)
    gone = lab.try_get(1)
    assert (gone.get_status_code(), gone.get_object()) == (204, None)


@checklist.row("default order by id descending")
def lists_begin_with_the_newest_id(sandbox, lab):
    found = [int(each) for each in ids(lab.list(per_page=50))]
    assert found == sorted(found, reverse=True)


@checklist.row("the caller's time zone, whole seconds")
def stamps_have_the_offset_of_the_caller(sandbox, lab):
    person = lab.made(Last_Name="Punctual")
    stamp = lab.get(person).get_modified_time()
    assert stamp.microsecond == 0
    # The library turns every stamp into the zone of this machine, so the wire is looked at as well.
    header = {"Authorization": f"Zoho-oauthtoken {Initializer.get_initializer().token.get_token()}"}
    url = f"{lab.zoho['base_url']}/crm/v8/Contacts/{person}"
    sent = requests.get(url, headers=header, timeout=10).json()["data"][0]["Modified_Time"]
    assert sent.endswith("+03:00"), sent
    assert dt.datetime.fromisoformat(sent) == stamp


@checklist.row("delta")
def a_delta_gives_what_changed_and_who_is_gone(sandbox, lab):
    edited, gone = lab.made(Last_Name="Edited"), lab.made(Last_Name="Gone")
    eventually("both are listed", lambda: len(ids(lab.list(ids=f"{edited},{gone}"))) == 2)
    since = lab.get(edited).get_modified_time()
    sandbox.advance(5)
    expect(lab.update({"id": edited, "Title": "new"}), 200)
    sandbox.control("DELETE", f"/zoho/records/Contacts/{gone}")
    wanted = {"fields": "Last_Name,Title", "since": since, "sort_by": "Modified_Time", "sort_order": "asc"}
    eventually("the edit shows", lambda: edited in ids(lab.list(**wanted)))
    row = next(row for row in rows(lab.list(**wanted)) if str(row.get_id()) == edited)
    assert row.get_key_value("Title") == "new"
    eventually("the deletion shows", lambda: gone in ids(lab.deleted(since)))
    assert gone not in ids(lab.list(**wanted))


@checklist.row("late visibility")
def fresh_writes_are_late_in_lists(sandbox, lab):
    # Far longer than usual, so that a slow machine does not make it pass unseen.
    with lab.settings(list_lag_min_milliseconds=50_000, list_lag_max_milliseconds=60_000):
        person = lab.made(Last_Name="Fresh")
    assert lab.get(person).get_key_value("Last_Name") == "Fresh"
    assert ids(lab.list(ids=person)) == []
    sandbox.advance(60)
    assert ids(lab.list(ids=person)) == [person]


# ---- writing ----


@checklist.row("a hundred rows, results in order, 200/201/207/400")
def mixed_results_come_in_the_order_of_the_request(sandbox, lab):
    too_long, malformed = {"Last_Name": "x" * 81}, {"Last_Name": "Four", "Email": "bad"}
    answer = lab.create({"Last_Name": "One"}, {"First_Name": "no surname"}, too_long, malformed)
    expect(answer, 207)
    assert codes(answer) == ["SUCCESS", "MANDATORY_NOT_FOUND", "INVALID_DATA", "INVALID_DATA"]
    kinds = [type(item).__name__ for item in answer.get_object().get_data()]
    assert kinds == ["SuccessResponse", "APIException", "APIException", "APIException"]
    assert details(answer)[1] == {"api_name": "Last_Name", "json_path": "$.data[1].Last_Name"}
    # The library makes texts of the numbers in here.
    assert details(answer)[2]["maximum_length"] == "80"
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
    refused(lab.create(*[{"Last_Name": "x"}] * 101), 400, "INVALID_DATA", maximum_length="100")
    answer = lab.update({"id": made[0], "Title": "again"}, {"id": "1", "Title": "nobody"})
    expect(answer, 207)
    assert codes(answer) == ["SUCCESS", "INVALID_DATA"]


@checklist.row("update of one record")
def what_is_not_named_stays(sandbox, lab):
    person = lab.made(Last_Name="Single", Phone="1", Title="Buyer")
    answer = RecordOperations("Contacts").update_record(int(person), body([{"Phone": "2"}]), HeaderMap())
    expect(answer, 200)
    after = lab.get(person)
    assert (after.get_key_value("Phone"), after.get_key_value("Title")) == ("2", "Buyer")


@checklist.row("companies by id")
def a_company_is_linked_by_its_id(sandbox, lab):
    company = lab.made(module="Accounts", Account_Name="Conformance Ltd")
    person = lab.made(Last_Name="Employee", company=company)
    assert str(lab.get(person).get_key_value("Account_Name").get_id()) == company
    sandbox.advance(2)
    found = rows(lab.list(fields="Account_Name", module="Accounts", ids=company))
    assert found[0].get_key_value("Account_Name") == "Conformance Ltd"


@checklist.row("upsert: action and duplicate_field")
def upsert_overwrites_whoever_has_the_address(sandbox, lab):
    ann = lab.made(Last_Name="Ann", Email="office@conformance.example.com")
    people = [{"Last_Name": "Stranger", "Email": "office@conformance.example.com"}, {"Last_Name": "New"}]
    answer = RecordOperations("Contacts").upsert_records(body(people, checks=["Email"]), HeaderMap())
    expect(answer, 200)
    first, second = answer.get_object().get_data()
    assert (word(first.get_action()), first.get_duplicate_field()) == ("update", "Email")
    assert str(first.get_details()["id"]) == ann
    assert word(second.get_action()) == "insert"
    assert lab.get(ann).get_key_value("Last_Name") == "Stranger"


@checklist.row("If-Unmodified-Since and 412")
def a_newer_record_refuses_the_call(sandbox, lab):
    old = lab.made(Last_Name="Old")
    read_at = lab.get(old).get_modified_time().isoformat()
    sandbox.advance(5)
    new = lab.made(Last_Name="New")
    both = [{"id": old, "Title": "x"}, {"id": new, "Title": "x"}]
    answer = lab.update(*both, unmodified_since=read_at)
    expect(answer, 412)
    assert codes(answer) == ["ALREADY_MODIFIED"]
    assert str(details(answer)[0]["id"]) == new
    assert lab.get(old).get_key_value("Title") is None
    expect(lab.update({"id": old, "Title": "x"}, unmodified_since=read_at), 200)


@checklist.row("DUPLICATE_DATA with duplicate_record")
def a_unique_value_is_refused_with_its_holder(sandbox, lab):
    field = "/zoho/fields/Contacts/Customer_Number"
    sandbox.control("PATCH", field, {"unique": True})
    holder = lab.made(Last_Name="Holder", Customer_Number="C-1")
    answer = lab.create({"Last_Name": "Second", "Customer_Number": "c-1"})
    expect(answer, 400)
    assert codes(answer) == ["DUPLICATE_DATA"]
    given = details(answer)[0]
    assert given["api_name"] == "Customer_Number"
    assert holder in json.dumps(given, default=lambda thing: str(vars(thing)))
    sandbox.control("PATCH", field, {"unique": False})


@checklist.row("deleted records")
def deleted_records_are_told_each_by_each(sandbox, lab):
    one, two = lab.made(Last_Name="One"), lab.made(Last_Name="Two")
    wanted = params(records.DeleteRecordsParam, ids=f"{one},1")
    answer = RecordOperations("Contacts").delete_records(wanted, HeaderMap())
    expect(answer, 207)
    assert codes(answer) == ["SUCCESS", "INVALID_DATA"]
    expect(RecordOperations("Contacts").delete_record(int(two), ParameterMap(), HeaderMap()), 200)
    sandbox.advance(2)
    assert {one, two} <= set(ids(lab.deleted()))
    row = next(row for row in rows(lab.deleted()) if str(row.get_id()) == one)
    assert (row.get_type(), row.get_display_name()) == ("recycle", "One")
    assert row.get_deleted_by().get_name() == "Ana Demir" and row.get_deleted_time().tzinfo is not None


@checklist.row("a connection cut after the commit, server errors")
def a_lost_answer_leaves_the_record_and_errors_are_the_librarys(sandbox, lab):
    def next_call(method, **fault):
        rule = {"provider": "zoho", "method": method, "nth": 1, "fault": fault}
        sandbox.control("POST", "/faults", rule)

    next_call("Contacts.createRecords", kind="cut_after_commit")
    fails(lambda: lab.create({"Last_Name": "Lost"}), "Connection aborted")
    truth = sandbox.control("GET", "/zoho/records/Contacts")["records"]
    assert sum(row["Last_Name"] == "Lost" for row in truth) == 1
    next_call("Contacts.getRecords", kind="status", status=500)
    refused(lab.list(), 500, "INTERNAL_ERROR")
    sandbox.control("DELETE", "/faults")


# ---- searching ----


@checklist.row("search and its lag")
def search_lags_and_finds(sandbox, lab):
    person = lab.made(Last_Name="Sought", Email="sought@conformance.example.com")

    def search(**wanted):
        wanted = params(records.SearchRecordsParam, **wanted)
        return RecordOperations("Contacts").search_records(wanted, HeaderMap())

    assert ids(search(email="sought@conformance.example.com")) == [], "the index lags"
    sandbox.advance(6)
    assert ids(search(email="sought@conformance.example.com")) == [person]
    assert ids(search(criteria="((Last_Name:equals:Sought)and(Email:starts_with:sought))")) == [person]
    refused(search(), 400, "REQUIRED_PARAM_MISSING")


@checklist.row("COQL")
def coql_selects_and_refuses(sandbox, lab):
    def run(query):
        wrapper = coql.BodyWrapper()
        wrapper.set_select_query(query)
        return coql.CoqlOperations().get_records(wrapper)

    answer = run("select Last_Name, Email from Contacts where Last_Name = 'Sought' order by id desc limit 0, 5")
    assert [row.get_key_value("Last_Name") for row in rows(answer)] == ["Sought"]
    assert answer.get_object().get_info().get_more_records() is False
    assert run("select id from Contacts where Last_Name = 'Nobody at all'").get_status_code() == 204
    refused(run("select id from Contacts"), 400, "SYNTAX_ERROR")
    refused(run("select Nonsense from Contacts where id = 1"), 400, "INVALID_QUERY", column_name="Nonsense")


@checklist.row("list views: membership, count, no sort_by, deleted")
def a_record_leaves_a_view_when_it_is_edited(sandbox, lab):
    view = lab.view("Key accounts")
    person = lab.made(Last_Name="Mover")
    eventually("it is in the view", lambda: ids(lab.list(cvid=view, ids=person)) == [person])
    expect(lab.update({"id": person, "Tier": "Regular"}), 200)
    eventually("it is out of the view", lambda: ids(lab.list(cvid=view, ids=person)) == [])
    sandbox.advance(2)
    count = RecordOperations("Contacts").record_count(params(records.RecordCountParam, cvid=view))
    expect(count, 200)
    assert count.get_object().get_count() == len(list(lab.pages(cvid=view)))
    refused(lab.list(cvid=view, sort_by="Modified_Time"), 400, "AMBIGUITY_DURING_PROCESSING")
    other = sandbox.control("POST", "/zoho/views", {"name": "Short-lived"})["id"]
    sandbox.control("DELETE", f"/zoho/views/{other}")
    refused(lab.list(cvid=other), 400, "INVALID_DATA", param_name="cvid")


# ---- push ----


@checklist.row("watch: lifecycle, one hour fallback, callbacks, NOT_SUBSCRIBED")
def a_channel_lives_hears_and_dies(sandbox, lab):
    operations = notifications.NotificationsOperations()
    channel = Channel("1000000068001")
    with Receiver(path="/push?k=v") as receiver:
        now = lab.now()
        wanted = {"events": ["Contacts.all"], "notify_url": receiver.url, "token": "secret"}
        expect(channel.call(operations.enable_notifications, channel_expiry=now + dt.timedelta(days=9), **wanted), 201)
        life = channel.shown().get_channel_expiry() - now
        # Longer than a week is silently an hour.
        assert abs(life - dt.timedelta(hours=1)) < dt.timedelta(minutes=2)
        later = {"channel_expiry": now + dt.timedelta(days=6)}
        expect(channel.call(operations.update_notification, **later), 200)
        assert channel.shown().get_channel_expiry() - now > dt.timedelta(days=5)
        person = lab.made(Last_Name="Heard")
        said = eventually("the callback", lambda: heard(receiver, person))[0]
        assert (said["operation"], said["token"], said["query_params"]) == ("insert", "secret", {"k": "v"})
        expect(channel.call(operations.update_notifications, **wanted), 200)
        expect(channel.call(operations.disable_notification, delete_events=True, events=["Contacts.all"]), 200)
        assert channel.shown() is None
        answer = channel.call(operations.update_notification, channel_expiry=now + dt.timedelta(days=1))
        assert (answer.get_status_code(), channel.code(answer)) == (400, "NOT_SUBSCRIBED")
        expect(channel.call(operations.enable_notifications, **wanted), 201)
        wanted = params(notifications.DeleteNotificationParam, channel_ids=channel.id)
        expect(operations.delete_notification(wanted), 200)
        assert channel.shown() is None


# ---- rights and limits ----


@checklist.row("profile and field permissions")
def a_missing_right_is_named_and_a_hidden_field_absent(sandbox, lab):
    right = "/zoho/permissions/Crm_Implied_Create_Contacts"
    sandbox.control("PUT", right, {"allowed": False})
    refused(lab.create({"Last_Name": "x"}), 403, "NO_PERMISSION", permissions=["Crm_Implied_Create_Contacts"])
    sandbox.control("PUT", right, {"allowed": True})
    person = lab.made(Last_Name="Hidden", Phone="1")
    sandbox.control("PATCH", "/zoho/fields/Contacts/Phone", {"permission": "hidden"})
    assert lab.get(person).get_key_value("Phone") is None
    sandbox.control("PATCH", "/zoho/fields/Contacts/Phone", {"permission": "read_write"})
    assert lab.get(person).get_key_value("Phone") == "1"


@checklist.row("429: credits, concurrency, sub-concurrency")
def credits_and_concurrency_run_out(sandbox, lab):
    limits = {"credits_per_day": "credits", "concurrency": " concurrency"}
    limits["sub_concurrency"] = "sub-concurrency"
    for limit, message in limits.items():
        with lab.settings(**{limit: 0}):
            answer = lab.list(sort_by="id")
            refused(answer, 429, "TOO_MANY_REQUESTS")
            assert message in word(answer.get_object().get_message())
    expect(lab.list(sort_by="id"), 200)


# ---- metadata ----


@checklist.row("modules, fields, list views")
def modules_fields_and_views_are_read(sandbox, lab):
    read = modules.ModulesOperations()
    listed = read.get_modules(ParameterMap(), HeaderMap()).get_object().get_modules()
    assert {"Contacts", "Accounts"} <= {module.get_api_name() for module in listed}
    assert read.get_module_by_api_name("Contacts").get_object().get_modules()[0].get_creatable()
    read = fields.FieldsOperations()
    listed = read.get_fields(params(fields.GetFieldsParam, module="Contacts")).get_object().get_fields()
    known = {field.get_api_name(): field for field in listed}
    surname = known["Last_Name"]
    shape = (surname.get_length(), surname.get_system_mandatory(), surname.get_data_type())
    assert shape == (80, True, "text")
    assert known["Twitter_Handle"].get_custom_field()
    assert not known["Full_Name"].get_operation_type().get_api_update()
    answer = read.get_field(surname.get_id(), params(fields.GetFieldParam, module="Contacts"))
    assert answer.get_object().get_fields()[0].get_api_name() == "Last_Name"
    read = custom_views.CustomViewsOperations()
    wanted = params(custom_views.GetCustomViewsParam, module="Contacts")
    views = read.get_custom_views(wanted).get_object().get_custom_views()
    view = next(view for view in views if view.get_name() == "Key accounts")
    answer = read.get_custom_view(view.get_id(), params(custom_views.GetCustomViewParam, module="Contacts"))
    criteria = answer.get_object().get_custom_views()[0].get_criteria()
    assert criteria.get_field().get_api_name() == "Tier"


@checklist.row("organisation, users, roles, profiles")
def people_and_profiles_are_read(sandbox, lab):
    read = users.UsersOperations()
    wanted = params(users.GetUsersParam, type="CurrentUser")
    me = read.get_users(wanted, HeaderMap()).get_object().get_users()[0]
    assert (me.get_full_name(), me.get_offset()) == ("Ana Demir", 10_800_000)
    again = read.get_user(me.get_id(), HeaderMap()).get_object().get_users()[0]
    assert again.get_email() == me.get_email()
    company = org.OrgOperations().get_organization().get_object().get_org()[0]
    assert company.get_time_zone() == "Europe/Istanbul"
    assert len(roles.RolesOperations().get_roles().get_object().get_roles()) == 2
    read = profiles.ProfilesOperations()
    listed = read.get_profiles(ParameterMap()).get_object().get_profiles()
    profile = read.get_profile(listed[0].get_id()).get_object().get_profiles()[0]
    assert "Crm_Implied_Edit_Contacts" in {row.get_name() for row in profile.get_permissions_details()}


if __name__ == "__main__":
    start(checklist, "Contacts")
