"""A running sandbox, and the table that says which calls each row of a checklist must have made."""

import json
import os
import subprocess
import sys
import time
import traceback
import urllib.error
import urllib.request
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


class Sandbox:
    """The emulators as a process of their own; stops at the end of the `with` block."""

    def __init__(self, *flags):
        binary = os.environ.get("SANDBOX", str(REPOSITORY / "target/debug/sandbox"))
        self.process = subprocess.Popen([binary, *flags], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("the sandbox did not start")
        self.credentials = json.loads(line)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=10)

    def control(self, verb, path, body=None):
        """One call of the control API; answers its JSON."""
        request = urllib.request.Request(
            f"{self.credentials['control_url']}/control{path}",
            method=verb,
            data=None if body is None else json.dumps(body).encode(),
            headers={"content-type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"control {verb} {path}: {error.read().decode()}") from error

    def advance(self, seconds):
        """Moves the sandbox's clock."""
        self.control("POST", "/clock/advance", {"seconds": seconds})

    def calls(self, provider, after=0):
        """The provider's journal entries after a number."""
        return self.control("GET", f"/journal?provider={provider}&after={after}")["entries"]


class Checklist:
    """Rows of behaviour, each with a check and the API methods that its check must have called."""

    def __init__(self, provider, rows):
        self.provider = provider
        self.rows = rows
        self.checks = {}

    def row(self, name):
        """Registers the check of a row."""
        assert name in self.rows, f"no row {name!r}"

        def register(check):
            self.checks[name] = check
            return check

        return register

    def run(self, sandbox, *arguments):
        """Runs every check, prints the calls by method, and exits 1 if a row failed or made no call of its methods."""
        failures = 0
        for name, methods in self.rows.items():
            entries = sandbox.calls(self.provider)
            seen = entries[-1]["number"] if entries else 0
            started = time.monotonic()
            problem = None
            try:
                self.checks[name](sandbox, *arguments)
            except KeyError:
                problem = "has no check" if name not in self.checks else traceback.format_exc()
            except Exception:  # a client library may raise anything
                problem = traceback.format_exc()
            called = {entry["method"] for entry in sandbox.calls(self.provider, seen)}
            missing = [method for method in methods if method not in called]
            if problem is None and missing:
                problem = f"made no call of {', '.join(missing)}"
            seconds = time.monotonic() - started
            print(f"{'ok  ' if problem is None else 'FAIL'} {name} ({seconds:.1f} s)")
            if problem is not None:
                failures += 1
                print(f"     {problem}")
        print(f"\n{self.provider}: calls by method")
        counts = sandbox.control("GET", "/counts")["methods"].get(self.provider, {})
        for method, count in sorted(counts.items()):
            print(f"  {count['calls']:5}  {method}  ({count['failed']} refused)")
        print(f"{len(self.rows) - failures} of {len(self.rows)} rows hold\n")
        sys.exit(1 if failures else 0)


def eventually(what, check, seconds=20):
    """Repeats a check until it answers something true."""
    deadline = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.1)
