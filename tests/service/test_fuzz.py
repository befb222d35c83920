"""The OpenAPI document is the contract: requests made from it, right and wrong, get what it says."""

import base64
import os
import subprocess
import uuid
from pathlib import Path

import pytest

from tests.service.conftest import listener
from tests.service.running import PODLEDGER, Service

CONFIG = Path(__file__).with_name("schemathesis.toml")


def people(service: Service) -> dict[str, str]:
    """Whoever may ask for something, as variables of the configuration."""
    one, leaving = listener(service), listener(service)
    name, password = f"c{uuid.uuid4().hex[:12]}", "a long password"
    with service.client() as client:
        assert client.post("/v1/accounts", json={"kind": "creator", "name": name, "password": password}).is_success
        creator = client.post("/v1/tokens", json={"name": name, "password": password}).json()["token"]
        device = client.post("/v1/devices", json={"device_id": uuid.uuid4().hex}).json()["token"]
    return {
        "LISTENER_NAME": one["name"],
        "LISTENER_TOKEN": one["token"],
        "LISTENER_BASIC": base64.b64encode(f"{one['name']}:{one['password']}".encode()).decode(),
        "LEAVING_TOKEN": leaving["token"],
        "CREATOR_TOKEN": creator,
        "DEVICE_TOKEN": device,
    }


@pytest.mark.parametrize(
    "part", ["/v1/(account|token|device)", "/v1/(sync|rad)|/healthz|/metrics", "/(api/2|subscriptions)/"]
)
def test_what_the_document_says(service: Service, part: str, tmp_path: Path) -> None:
    examples = os.environ.get("TEST_EXAMPLES", "10")
    command = [str(PODLEDGER.with_name("schemathesis")), "--config-file", str(CONFIG), "--no-color", "run"]
    wanted = ["--include-path-regex", f"^({part})", "--max-examples", examples, "--seed", "1"]
    ran = subprocess.run(
        [*command, *wanted, f"{service.url}/openapi.json"],
        env={**os.environ, **people(service)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
    assert "Traceback" not in service.said()
