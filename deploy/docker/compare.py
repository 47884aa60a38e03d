"""Compares the composed system (JSON on standard input) with the workspace: what no schema of compose can know."""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
services = json.load(sys.stdin)["services"]
complaints = []


def ours():
    """The services that are built here, each with the binary that it runs."""
    for name, service in services.items():
        if "build" in service:
            yield name, service, service["build"]["args"]["BINARY"]


# Nothing is reachable from outside of this machine.
for name, service in services.items():
    for port in service.get("ports", []):
        if port.get("host_ip") != "127.0.0.1":
            complaints.append(f"{name}: port {port['published']} is published beyond the loopback interface")

# Every binary that is run is built, and every provider's binaries are run.
built = {path.stem for path in ROOT.glob("services/*/src/bin/*.rs")}
built |= {path.parent.parent.name for path in ROOT.glob("services/*/src/main.rs")} | {"sandbox"}
run = {binary for _, _, binary in ours()}
complaints += [f"{binary} is run, but the workspace has no such binary" for binary in sorted(run - built)]
complaints += [f"{binary} is built, but nothing runs it" for binary in sorted(built - run)]

# A setting that is misspelt would be ignored in silence.
known = set(re.findall(r'env\s*=\s*"([A-Z_]+)"', "".join(path.read_text() for path in ROOT.glob("services/**/src/**/*.rs"))))
for name, service, _ in ours():
    unknown = sorted(set(service.get("environment") or {}) - known)
    complaints += [f"{name}: no program reads {variable}" for variable in unknown]

# The image's compiler is the one that everything is tested with.
channel = re.search(r'channel = "([^"]+)"', (ROOT / "rust-toolchain.toml").read_text())[1]
image = re.search(r"^ARG RUST=rust:([0-9.]+)-", (ROOT / "deploy/docker/Dockerfile").read_text(), re.MULTILINE)[1]
if channel != image:
    complaints.append(f"the image is built with Rust {image}, but rust-toolchain.toml says {channel}")

if complaints:
    sys.exit("\n".join(complaints))
print(f"{len(services)} services, {len(run)} binaries")
