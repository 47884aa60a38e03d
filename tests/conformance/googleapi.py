"""Google's own client library, pointed at the emulator."""

from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError


def credentials(settings, account=0):
    """Credentials of one of the emulator's accounts; the library gets access tokens itself."""
    return Credentials(
        None,
        refresh_token=settings["accounts"][account]["refresh_token"],
        client_id=settings["client_id"],
        client_secret=settings["client_secret"],
        token_uri=settings["token_url"],
    )


def service(api, version, endpoint, whose):
    """An API as the library offers it."""
    return build(
        api,
        version,
        credentials=whose,
        client_options={"api_endpoint": endpoint},
        static_discovery=True,
    )


def found(request):
    """What a read answers; none where there is nothing (yet)."""
    try:
        return request.execute()
    except HttpError as error:
        if error.status_code == 404:
            return None
        raise


def refused(request, status, text=""):
    """A call that must be refused; answers the error."""
    try:
        request.execute()
    except HttpError as error:
        assert error.status_code == status, f"{error.status_code} instead of {status}: {error}"
        assert text in error.reason, f"{text!r} is not in {error.reason!r}"
        return error
    raise AssertionError(f"not refused with {status}")
