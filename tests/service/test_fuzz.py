"""The OpenAPI document is the contract: requests made from it, right and wrong, get what it says."""

import base64
import os
import re
import subprocess
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.service.conftest import listener
from tests.service.running import PODLEDGER, Service

PARTS = (
    "/v1/(account|token|device)",
    "/v1/(sync|rad)|/healthz|/metrics",
    "/(api/2|subscriptions)/",
    "/v1/shows",
    "/v1/(episodes|imports|opml)|/(feeds|m)/",
    "/v1/uploads",
)
CONFIG = Path(__file__).with_name("schemathesis.toml")


def people(service: Service) -> dict[str, str]:
    """Whoever may ask for something, as variables of the configuration."""
    one, leaving = listener(service), listener(service)
    name, password = f"c{uuid.uuid4().hex[:12]}", "a long password"
    with service.client() as client:
        assert client.post("/v1/accounts", json={"kind": "creator", "name": name, "password": password}).is_success
        creator = client.post("/v1/tokens", json={"name": name, "password": password}).json()["token"]
        device = client.post("/v1/devices", json={"device_id": uuid.uuid4().hex}).json()["token"]
        client.headers["Authorization"] = f"Bearer {creator}"
        show = made(client, "/v1/shows", {"title": "Tides", "categories": [{"name": "History"}], "private": True})
        episode = made(client, f"/v1/shows/{show['id']}/episodes", {"title": "One"})
        subscriber = made(client, f"/v1/shows/{show['id']}/subscribers", {"label": "Bob"})
        upload = client.post("/v1/uploads", headers={"Tus-Resumable": "1.0.0", "Upload-Length": "1000000"})
    return {
        "LISTENER_NAME": one["name"],
        "LISTENER_TOKEN": one["token"],
        "LISTENER_BASIC": base64.b64encode(f"{one['name']}:{one['password']}".encode()).decode(),
        "LEAVING_TOKEN": leaving["token"],
        "CREATOR_TOKEN": creator,
        "DEVICE_TOKEN": device,
        "SHOW": show["id"],
        "EPISODE": episode["id"],
        "SUBSCRIBER": subscriber["id"],
        "FEED_TOKEN": subscriber["feed_url"].rsplit("/", 1)[1].removesuffix(".xml"),
        "UPLOAD": upload.headers["Location"].rsplit("/", 1)[1],
    }


def made(client: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_every_path_of_the_document_is_asked(service: Service) -> None:
    with service.client() as client:
        paths = client.get("/openapi.json").json()["paths"]
    assert [path for path in paths if sum(bool(re.match(f"({part})", path)) for part in PARTS) != 1] == []


@pytest.mark.parametrize("part", PARTS)
def test_what_the_document_says(service: Service, part: str, tmp_path: Path) -> None:
    examples = os.environ.get("TEST_EXAMPLES", "10")
    command = [str(PODLEDGER.with_name("schemathesis")), "--config-file", str(CONFIG), "--no-color", "run"]
    wanted = ["--include-path-regex", f"^({part})", "--max-examples", examples, "--seed", "1"]
    ran = subprocess.run(
        [*command, *wanted, f"{service.url}/openapi.json"],
        env={
            **os.environ,
            **people(service),
            "PYTHONPATH": str(CONFIG.parent),
            "SCHEMATHESIS_HOOKS": "schemathesis_hooks",
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
    assert "Traceback" not in service.said()
