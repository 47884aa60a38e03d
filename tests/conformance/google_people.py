"""google-api-python-client, unmodified, against the Google emulator with its unkind defaults.

Each row of the emulator's checklist names the API methods that its check must call. The library is Google's own, so
that our reading of the documentation is not checked against itself.
"""

import os
import urllib.parse
import urllib.request

from google.auth.exceptions import RefreshError
from google.oauth2 import service_account
from google_auth_oauthlib.flow import Flow
from googleapiclient.errors import HttpError
from googleapiclient.http import BatchHttpRequest

from googleapi import credentials, found, refused, service
from sandbox import Checklist, Sandbox, eventually

# The sandbox speaks plain HTTP on the loopback interface.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"

CONTACTS = "https://www.googleapis.com/auth/contacts"
FIELDS = "names,emailAddresses,phoneNumbers,memberships,metadata,clientData"
SOURCE = "READ_SOURCE_TYPE_CONTACT"

checklist = Checklist(
    "google",
    {
        "consent page, code with PKCE, refresh token": ["oauth2.authorize", "oauth2.token"],
        "refresh grant": ["oauth2.token", "contactGroups.list"],
        "expired access token in the middle of a run": ["oauth2.token", "people.connections.list"],
        "service account with delegation": ["oauth2.token", "people.get"],
        "whose account it is": ["people.get"],
        "create, get, update, delete": [
            "people.createContact",
            "people.get",
            "people.updateContact",
            "people.deleteContact",
        ],
        "etags: missing, stale, chained": ["people.updateContact"],
        "masks and singletons are enforced": ["people.get", "people.updateContact"],
        "the server's own values": ["people.createContact"],
        "paging": ["people.connections.list"],
        "delta with tombstones": ["people.connections.list", "people.deleteContact"],
        "late visibility": ["people.connections.list", "people.get"],
        "expired sync token": ["people.connections.list"],
        "re-keyed contact": ["people.connections.list"],
        "batch create, get, update, delete": [
            "people.batchCreateContacts",
            "people.getBatchGet",
            "people.batchUpdateContacts",
            "people.batchDeleteContacts",
        ],
        "batch errors and caps": ["people.batchCreateContacts", "people.batchUpdateContacts"],
        "multipart batch": ["batch", "people.get"],
        "groups: create, list, rename, clash, delete": [
            "contactGroups.create",
            "contactGroups.list",
            "contactGroups.get",
            "contactGroups.update",
            "contactGroups.delete",
        ],
        "members with partial results": ["contactGroups.members.modify", "contactGroups.batchGet"],
        "other contacts": [
            "otherContacts.list",
            "otherContacts.copyOtherContactToMyContactsGroup",
        ],
        "search after a warm-up": ["people.searchContacts"],
        "photos": ["people.updateContactPhoto", "people.deleteContactPhoto"],
        "quota answers 429": ["people.connections.list"],
        "server errors are retried": ["contactGroups.list"],
        "a connection cut after the commit": ["people.createContact", "people.connections.list"],
        "revoked grant": ["oauth2.token"],
    },
)


class Peer:
    """The People API as the library offers it."""

    def __init__(self, sandbox):
        self.settings = sandbox.credentials["google"]
        self.service = self.service_with(credentials(self.settings))

    def service_with(self, credentials):
        return service("people", "v1", self.settings["base_url"] + "/", credentials)

    def people(self):
        return self.service.people()

    def groups(self):
        return self.service.contactGroups()

    def create(self, **person):
        return self.people().createContact(body=person, personFields=FIELDS).execute()

    def get(self, name):
        """Reads a person, waiting out the lag of a fresh one."""
        request = self.people().get(resourceName=name, personFields=FIELDS, sources=SOURCE)
        return eventually(f"get {name}", lambda: found(request))

    def sync(self, token=None, **more):
        """Reads every page; answers people and the next token."""
        request = self.people().connections().list(
            resourceName="people/me",
            personFields=FIELDS,
            sources=SOURCE,
            pageSize=1000,
            requestSyncToken=True,
            syncToken=token,
            **more,
        )
        people = []
        while request is not None:
            page = request.execute()
            people += page.get("connections", [])
            last, request = page, self.people().connections().list_next(request, page)
        return people, last.get("nextSyncToken")


def named(given, **more):
    return {"names": [{"givenName": given}], **more}


def name_of(person):
    return person["resourceName"]


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


@checklist.row("consent page, code with PKCE, refresh token")
def _(sandbox, peer):
    settings = peer.settings
    installed = {
        "client_id": settings["client_id"],
        "client_secret": settings["client_secret"],
        "auth_uri": settings["authorize_url"],
        "token_uri": settings["token_url"],
    }
    flow = Flow.from_client_config({"installed": installed}, [CONTACTS])
    flow.redirect_uri = "http://127.0.0.1:7001/"
    url, state = flow.authorization_url(
        access_type="offline", prompt="consent", login_hint="ben@example.com"
    )
    page = urllib.request.urlopen(url, timeout=10).read().decode()
    assert "ben@example.com" in page
    opener = urllib.request.build_opener(NoRedirect)
    try:
        opener.open(url + "&auto=1", timeout=10)
        raise AssertionError("no redirect")
    except urllib.error.HTTPError as redirect:
        assert redirect.code == 302
        location = redirect.headers["location"]
    answer = urllib.parse.parse_qs(urllib.parse.urlparse(location).query)
    assert answer["state"] == [state]
    flow.fetch_token(code=answer["code"][0])
    assert flow.credentials.refresh_token
    me = peer.service_with(flow.credentials).people()
    me = me.get(resourceName="people/me", personFields="emailAddresses").execute()
    assert me["emailAddresses"][0]["value"] == "ben@example.com"


@checklist.row("refresh grant")
def _(sandbox, peer):
    peer.service = peer.service_with(credentials(peer.settings))
    assert peer.groups().list().execute()["contactGroups"]


@checklist.row("expired access token in the middle of a run")
def _(sandbox, peer):
    for number in range(3):
        peer.create(**named(f"Page {number}"))
    sandbox.advance(3)
    request = peer.people().connections().list(
        resourceName="people/me", personFields="names", pageSize=1
    )
    people = []
    while request is not None:
        page = request.execute()
        people += page["connections"]
        # The library refreshes on the 401 that follows and repeats the call.
        sandbox.control("POST", "/google/access-tokens/expire")
        request = peer.people().connections().list_next(request, page)
    assert len(people) >= 3


@checklist.row("service account with delegation")
def _(sandbox, peer):
    key_file = sandbox.control("POST", "/google/service-accounts", {"scopes": [CONTACTS]})
    delegated = service_account.Credentials.from_service_account_info(
        key_file, scopes=[CONTACTS], subject="ben@example.com"
    )
    me = peer.service_with(delegated).people()
    me = me.get(resourceName="people/me", personFields="emailAddresses").execute()
    assert me["emailAddresses"][0]["value"] == "ben@example.com"
    unauthorised = sandbox.control("POST", "/google/service-accounts", {})
    delegated = service_account.Credentials.from_service_account_info(
        unauthorised, scopes=[CONTACTS], subject="ben@example.com"
    )
    try:
        peer.service_with(delegated).contactGroups().list().execute()
        raise AssertionError("not refused")
    except RefreshError as error:
        assert "unauthorized_client" in str(error)


@checklist.row("whose account it is")
def _(sandbox, peer):
    me = peer.people().get(resourceName="people/me", personFields="metadata,emailAddresses")
    me = me.execute()
    account = peer.settings["accounts"][0]
    assert name_of(me) == account["resource_name"]
    assert me["metadata"]["sources"][0]["id"] == account["id"]
    assert me["emailAddresses"][0]["value"] == account["email"]


@checklist.row("create, get, update, delete")
def _(sandbox, peer):
    created = peer.create(**named("Ana"), clientData=[{"key": "acme.id", "value": "7"}])
    person = peer.get(name_of(created))
    assert person["clientData"][0]["value"] == "7"
    person["names"][0]["givenName"] = "Anna"
    updated = peer.people().updateContact(
        resourceName=name_of(person),
        updatePersonFields="names",
        personFields=FIELDS,
        body=person,
    ).execute()
    assert updated["names"][0]["displayName"] == "Anna"
    assert peer.people().deleteContact(resourceName=name_of(person)).execute() == {}
    refused(peer.people().deleteContact(resourceName=name_of(person)), 404)


@checklist.row("etags: missing, stale, chained")
def _(sandbox, peer):
    person = peer.create(**named("Etag"))

    def update(body):
        return peer.people().updateContact(
            resourceName=name_of(person),
            updatePersonFields="names",
            personFields=FIELDS,
            body=body,
        )

    refused(update(named("X")), 400, "Request must set person.etag")
    first = update(person).execute()
    assert first["etag"] != person["etag"]
    refused(update(person), 400, "different than the current person.etag")
    source = first["metadata"]["sources"][0]["etag"]
    refused(update(named("X", etag=source)), 400, "different than the current person.etag")
    sources = {"sources": [{"type": "CONTACT", "etag": source}]}
    update(named("By source", metadata=sources)).execute()


@checklist.row("masks and singletons are enforced")
def _(sandbox, peer):
    person = peer.create(**named("Mask"))
    get = peer.people().get
    refused(get(resourceName=name_of(person)), 400, "personFields mask is required")
    refused(get(resourceName=name_of(person), personFields="etag"), 400, "Invalid personFields")

    def update(mask, **body):
        body["etag"] = person["etag"]
        return peer.people().updateContact(
            resourceName=name_of(person), updatePersonFields=mask, body=body
        )

    refused(update("photos"), 400, "Invalid updatePersonFields mask path")
    refused(update("names", names=[{"givenName": "A"}, {"givenName": "B"}]), 400)
    refused(update("memberships", memberships=[]), 400)
    refused(update("names", names=[{"familyName": "x" * 1025}]), 400)


@checklist.row("the server's own values")
def _(sandbox, peer):
    person = peer.create(
        names=[{"givenName": "Ana", "familyName": "Petrov", "displayName": "ignored"}],
        phoneNumbers=[{"value": "+43 (1) 5550", "type": "workMobile"}],
        emailAddresses=[{"value": "anything goes"}],
    )
    assert person["names"][0]["displayNameLastFirst"] == "Petrov, Ana"
    assert person["phoneNumbers"][0]["canonicalForm"] == "+4315550"
    assert person["phoneNumbers"][0]["formattedType"] == "Work Mobile"
    twin = peer.create(names=[{"givenName": "Ana", "familyName": "Petrov"}])
    assert name_of(twin) != name_of(person)


@checklist.row("paging")
def _(sandbox, peer):
    sandbox.control("POST", "/seed", {"scenario": "two-address-books", "people": 150, "seed": 4})
    sandbox.advance(3)
    people, token = peer.sync()
    names = [name_of(person) for person in people]
    assert len(names) == len(set(names)) >= 450
    assert token


@checklist.row("delta with tombstones")
def _(sandbox, peer):
    doomed = peer.create(**named("Doomed"))
    sandbox.advance(3)
    _, token = peer.sync()
    added = peer.create(**named("Added"))
    peer.people().deleteContact(resourceName=name_of(doomed)).execute()
    sandbox.advance(3)
    changes, following = peer.sync(token)
    changes = {name_of(person): person for person in changes}
    assert changes.keys() == {name_of(added), name_of(doomed)}
    assert changes[name_of(doomed)]["metadata"]["deleted"] is True
    assert peer.sync(following)[0] == []
    refused(
        peer.people().connections().list(
            resourceName="people/me", personFields="names", syncToken=token
        ),
        400,
    )


@checklist.row("late visibility")
def _(sandbox, peer):
    sandbox.control("PATCH", "/google/settings", {"list_lag_milliseconds": 60_000})
    sandbox.advance(61)
    _, token = peer.sync()
    fresh = peer.create(**named("Fresh"))
    assert peer.sync(token)[0] == []
    peer.get(name_of(fresh))
    sandbox.advance(61)
    changes = peer.sync(token)[0]
    sandbox.control("PATCH", "/google/settings", {"list_lag_milliseconds": 2_000})
    assert [name_of(person) for person in changes] == [name_of(fresh)]


@checklist.row("expired sync token")
def _(sandbox, peer):
    _, token = peer.sync()
    sandbox.advance(7 * 24 * 3600 + 60)
    try:
        peer.sync(token)
        raise AssertionError("not refused")
    except HttpError as error:
        assert error.status_code == 400
        assert error.error_details[0]["reason"] == "EXPIRED_SYNC_TOKEN"
    assert peer.sync()[1]


@checklist.row("re-keyed contact")
def _(sandbox, peer):
    person = peer.create(**named("Moved"))
    sandbox.advance(3)
    _, token = peer.sync()
    contact = name_of(person).removeprefix("people/")
    sandbox.control("POST", f"/google/contacts/{contact}/rekey")
    sandbox.advance(3)
    [change] = peer.sync(token)[0]
    assert change["metadata"]["previousResourceNames"] == [name_of(person)]


@checklist.row("batch create, get, update, delete")
def _(sandbox, peer):
    contacts = [
        {"contactPerson": named(f"B{number}", clientData=[{"key": "n", "value": str(number)}])}
        for number in range(200)
    ]
    answer = peer.people().batchCreateContacts(
        body={"contacts": contacts, "readMask": FIELDS, "sources": [SOURCE]}
    ).execute()
    people = [item["person"] for item in answer["createdPeople"]]
    assert len(people) == 200
    names = [name_of(person) for person in people]
    sandbox.advance(1)
    request = peer.people().getBatchGet(resourceNames=names, personFields="names,metadata")
    responses = request.execute()["responses"]
    assert all("person" in response for response in responses) and len(responses) == 200
    for person in people:
        person["names"] = [{"givenName": "Changed"}]
    answer = peer.people().batchUpdateContacts(
        body={
            "contacts": {name_of(person): person for person in people},
            "updateMask": "names",
            "readMask": "names,metadata",
        }
    ).execute()
    assert len(answer["updateResult"]) == 200
    deleted = peer.people().batchDeleteContacts(body={"resourceNames": names}).execute()
    assert deleted == {}


@checklist.row("batch errors and caps")
def _(sandbox, peer):
    def create(contacts):
        return peer.people().batchCreateContacts(
            body={"contacts": contacts, "readMask": "metadata"}
        )

    refused(create([{"contactPerson": named("X")}] * 201), 400)
    bad = {"contactPerson": {"names": [{"familyName": "x" * 2000}]}}
    error = refused(create([{"contactPerson": named("Good")}, bad]), 400)
    assert error.error_details[0]["contactErrors"].keys() == {"1"}
    person = peer.create(**named("Stale"))
    body = {
        "contacts": {name_of(person): person},
        "updateMask": "names",
        "readMask": "metadata",
    }
    peer.people().batchUpdateContacts(body=body).execute()
    error = refused(peer.people().batchUpdateContacts(body=body), 400, "different than")
    assert error.error_details[0]["contactErrors"].keys() == {name_of(person)}


@checklist.row("multipart batch")
def _(sandbox, peer):
    person = peer.create(**named("Multi"))
    peer.get(name_of(person))
    outcomes = {}

    def answered(request_id, response, exception):
        outcomes[request_id] = exception.status_code if exception else response["resourceName"]

    batch = BatchHttpRequest(answered, batch_uri=peer.settings["base_url"] + "/batch")
    for request_id, name in [("there", name_of(person)), ("gone", "people/c404")]:
        request = peer.people().get(resourceName=name, personFields="names")
        batch.add(request, request_id=request_id)
    batch.execute()
    assert outcomes == {"there": name_of(person), "gone": 404}


@checklist.row("groups: create, list, rename, clash, delete")
def _(sandbox, peer):
    def body(name):
        return {"contactGroup": {"name": name}}

    group = peer.groups().create(body=body("Friends of ours")).execute()
    refused(peer.groups().create(body=body("Friends of ours")), 409)
    sandbox.advance(3)
    answer = peer.groups().list(pageSize=1000).execute()
    token = answer["nextSyncToken"]
    assert name_of(group) in [name_of(item) for item in answer["contactGroups"]]
    peer.groups().update(resourceName=name_of(group), body=body("Renamed")).execute()
    sandbox.advance(3)
    renamed = peer.groups().get(resourceName=name_of(group), maxMembers=5).execute()
    assert renamed["name"] == "Renamed"
    peer.groups().delete(resourceName=name_of(group), deleteContacts=False).execute()
    sandbox.advance(3)
    [change] = peer.groups().list(syncToken=token).execute()["contactGroups"]
    assert change["metadata"]["deleted"] is True


@checklist.row("members with partial results")
def _(sandbox, peer):
    group = name_of(peer.groups().create(body={"contactGroup": {"name": "Members"}}).execute())
    person = name_of(peer.create(**named("Member")))

    def modify(group, add=(), remove=()):
        body = {"resourceNamesToAdd": list(add), "resourceNamesToRemove": list(remove)}
        members = peer.groups().members()
        return members.modify(resourceName=group, body=body).execute()

    assert modify(group, [person, "people/c404"]) == {"notFoundResourceNames": ["people/c404"]}
    modify("contactGroups/myContacts", remove=[person])
    last = modify(group, remove=[person])
    assert last == {"canNotRemoveLastContactGroupResourceNames": [person]}
    sandbox.advance(1)
    answer = peer.groups().batchGet(resourceNames=[group], maxMembers=10).execute()
    assert answer["responses"][0]["contactGroup"]["memberResourceNames"] == [person]


@checklist.row("other contacts")
def _(sandbox, peer):
    sandbox.control("POST", "/google/other-contacts", {"person": named("Other")})
    sandbox.advance(3)
    others = peer.service.otherContacts()
    [other] = others.list(readMask="names,metadata").execute()["otherContacts"]
    copied = others.copyOtherContactToMyContactsGroup(
        resourceName=name_of(other), body={"copyMask": "names", "readMask": "names"}
    ).execute()
    assert copied["names"][0]["givenName"] == "Other"


@checklist.row("search after a warm-up")
def _(sandbox, peer):
    peer.create(**named("Searchable"))
    sandbox.advance(3)
    search = peer.people().searchContacts
    search(query="", readMask="names").execute()
    results = search(query="Searcha", readMask="names").execute()["results"]
    assert results[0]["person"]["names"][0]["givenName"] == "Searchable"


@checklist.row("photos")
def _(sandbox, peer):
    person = name_of(peer.create(**named("Photo")))
    update = peer.people().updateContactPhoto
    refused(update(resourceName=person, body={"photoBytes": "aGVsbG8="}), 400)
    answer = update(
        resourceName=person, body={"photoBytes": "iVBORw0KGgo=", "personFields": "photos"}
    ).execute()
    assert "default" not in answer["person"]["photos"][0]
    peer.people().deleteContactPhoto(resourceName=person).execute()


@checklist.row("quota answers 429")
def _(sandbox, peer):
    before = sandbox.control("GET", "/google/settings")["quota"]["critical_reads"]
    sandbox.control("PATCH", "/google/settings", {"quota": {"critical_reads": 0}})
    request = peer.people().connections().list(resourceName="people/me", personFields="names")
    error = refused(request, 429, "Quota exceeded for quota metric 'Critical read requests")
    assert error.error_details[0]["reason"] == "RATE_LIMIT_EXCEEDED"
    sandbox.control("PATCH", "/google/settings", {"quota": {"critical_reads": before}})


@checklist.row("server errors are retried")
def _(sandbox, peer):
    sandbox.control(
        "POST",
        "/faults",
        {"method": "contactGroups.list", "times": 1, "fault": {"kind": "status", "status": 503}},
    )
    assert peer.groups().list().execute(num_retries=2)["contactGroups"]


@checklist.row("a connection cut after the commit")
def _(sandbox, peer):
    sandbox.advance(3)
    _, token = peer.sync()
    sandbox.control(
        "POST",
        "/faults",
        {"method": "people.createContact", "nth": 1, "fault": {"kind": "cut_after_commit"}},
    )
    try:
        peer.create(**named("Ghost"))
        # httplib2 sends a request again when a kept connection closes, and that makes two contacts.
        copies = 2
    except OSError:
        copies = 1
    sandbox.advance(3)
    ghosts = peer.sync(token)[0]
    assert len(ghosts) == copies, f"{len(ghosts)} instead of {copies}"


@checklist.row("revoked grant")
def _(sandbox, peer):
    sandbox.control("POST", "/google/grants/revoke")
    try:
        peer.service_with(credentials(peer.settings)).contactGroups().list().execute()
        raise AssertionError("not refused")
    except RefreshError as error:
        assert "invalid_grant" in str(error)


if __name__ == "__main__":
    with Sandbox() as running:
        checklist.run(running, Peer(running))
