"""The device's token: asked for once, kept in a file of its own, and asked for again with a proof."""

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from service.device.log import DeviceLog, replace_file

FILE = "token.json"


@dataclass(frozen=True, slots=True)
class Registration:
    """``proof`` is made before the first request, so that a lost answer does not lose the device its name."""

    proof: str
    token: str | None = None


class Refused(Exception):
    """The service will not have what was sent, and sending it again would not change that."""


def read_registration(folder: Path) -> Registration:
    """What is kept, or a new proof."""
    path = folder / FILE
    if path.exists():
        return Registration(**json.loads(path.read_text(encoding="utf-8")))
    registration = Registration(secrets.token_urlsafe(32))
    keep_registration(folder, registration)
    return registration


def keep_registration(folder: Path, registration: Registration) -> None:
    """Keeps it, for its owner's eyes only."""
    path = folder / FILE
    replace_file(path, json.dumps(asdict(registration)).encode("utf-8"))
    path.chmod(0o600)


def register(folder: Path, log: DeviceLog, client: httpx.Client, account_token: str | None = None) -> str:
    """Asks for a token and keeps it.

    Raises:
        httpx.HTTPError: there was no answer; try again later.
        Refused: the device's name is somebody else's.
    """
    kept = read_registration(folder)
    headers = {} if account_token is None else {"Authorization": f"Bearer {account_token}"}
    answer = client.post("/v1/devices", json={"device_id": log.device_id, "proof": kept.proof}, headers=headers)
    if answer.status_code in (400, 401, 403, 409, 422):
        raise Refused(f"not registered: {answer.status_code} {answer.text[:200]}")
    answer.raise_for_status()
    token = str(answer.json()["token"])
    keep_registration(folder, Registration(kept.proof, token))
    return token
