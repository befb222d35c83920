"""Accounts, tokens, devices: what one may do, and that nobody reaches what is somebody else's."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.service.conftest import listener
from tests.service.devices import new_device
from tests.service.running import Place, Service


def bearer(account: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {account['token']}"}


def test_a_name_belongs_to_one_account_whatever_its_case(service: Service) -> None:
    account = listener(service)
    with service.client() as client:
        again = client.post(
            "/v1/accounts", json={"kind": "creator", "name": account["name"].upper(), "password": "another one"}
        )
        assert again.status_code == 409
        assert again.json()["type"] == "urn:podledger:problem:name_taken"
        signed_in = client.post("/v1/tokens", json={"name": account["name"].upper(), "password": account["password"]})
        assert signed_in.status_code == 201


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "admin"},
        {"name": "x"},
        {"name": "ab\x00"},
        {"name": "a b"},
        {"name": "../ab"},
        {"name": "\u202eab"},
        {"password": "short"},
        {"password": "x" * 257},
        {"email": "nobody"},
        {"kind": None},
        {"role": "admin"},
    ],
)
def test_accounts_that_are_none(service: Service, change: dict[str, Any]) -> None:
    good = {"kind": "listener", "name": f"x{uuid.uuid4().hex[:8]}", "password": "a long password"}
    with service.client() as client:
        answer = client.post("/v1/accounts", json={**good, **change})
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["where"][0] == "body"


def test_bodies_that_are_no_json(service: Service) -> None:
    with service.client() as client:
        for content, status in ((b"{", 400), (b"[]", 422), (b'{"name": "\\ud800"}', 422), (b"\xff", 400)):
            answer = client.post("/v1/accounts", content=content, headers={"Content-Type": "application/json"})
            assert answer.status_code == status, answer.text
            assert answer.headers["content-type"] == "application/problem+json"


def test_a_token_is_for_what_it_was_asked_for(service: Service) -> None:
    account = listener(service)
    with service.client() as client:
        asked = {"name": account["name"], "password": account["password"]}
        made = client.post("/v1/tokens", json={**asked, "scopes": ["sync"], "label": "phone"}).json()
        assert made["scopes"] == ["sync"]
        answer = client.get("/v1/account", headers={"Authorization": f"Bearer {made['token']}"})
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:podledger:problem:wrong_scope")
        beyond = client.post("/v1/tokens", json={**asked, "scopes": ["shows:write"]})
        assert beyond.status_code == 403


def test_tokens_are_paged_and_end_when_revoked(service: Service) -> None:
    account = listener(service)
    with service.client(headers=bearer(account)) as client:
        asked = {"name": account["name"], "password": account["password"]}
        made = {client.post("/v1/tokens", json=asked).json()["token_id"] for _ in range(3)}
        seen: list[str] = []
        after = None
        while True:
            page = client.get("/v1/tokens", params={"limit": 2, **({"after": after} if after else {})}).json()
            seen += [token["token_id"] for token in page["items"]]
            assert len(page["items"]) <= 2
            after = page["next"]
            if after is None:
                break
        assert set(seen) > made
        assert len(seen) == len(set(seen)) == 4
        own = client.post("/v1/tokens", json=asked).json()
        mine = {"Authorization": f"Bearer {own['token']}"}
        assert client.get("/v1/account", headers=mine).status_code == 200
        assert client.delete(f"/v1/tokens/{own['token_id']}").status_code == 204
        assert client.get("/v1/account", headers=mine).status_code == 401
        assert client.delete(f"/v1/tokens/{own['token_id']}").status_code == 404


def test_nobody_reaches_what_is_somebody_elses(service: Service) -> None:
    ana, bo = listener(service), listener(service)
    with service.client() as client, new_device(service, ana["token"]) as device:
        token_id = client.get("/v1/tokens", headers=bearer(ana)).json()["items"][0]["token_id"]
        for path in (f"/v1/tokens/{token_id}", f"/v1/devices/{device.device_id}"):
            assert client.delete(path, headers=bearer(bo)).status_code == 404
            assert client.delete(path).status_code == 401
        assert client.get("/v1/devices", headers=bearer(bo)).json()["items"] == []
        assert device.send([device.record(1)]).status_code == 200
        taken = client.post("/v1/devices", json={"device_id": device.device_id}, headers=bearer(bo))
        assert taken.status_code == 409
        exported = client.get("/v1/account/export", headers=bearer(bo)).text
        assert ana["account_id"] not in exported
        assert device.device_id not in exported


def test_an_export_holds_what_is_kept_and_no_secret(service: Service) -> None:
    account = listener(service)
    with service.client(headers=bearer(account)) as client, new_device(service, account["token"]) as device:
        exported = client.get("/v1/account/export").json()
        assert exported["account"]["name"] == account["name"]
        assert [one["device_id"] for one in exported["devices"]] == [device.device_id]
        assert len(exported["tokens"]) == 2
        text = str(exported)
        assert account["token"] not in text
        assert device.token not in text
        assert "argon2" not in text
        assert "digest" not in text


def test_asking_for_erasure_ends_every_token(service: Service) -> None:
    account = listener(service)
    with service.client(headers=bearer(account)) as client, new_device(service, account["token"]) as device:
        assert device.send([device.record(1)]).status_code == 200
        assert client.post("/v1/account/erasure").status_code == 202
        assert client.get("/v1/account").status_code == 401
        assert device.send([device.record(2)]).status_code == 401
        asked = {"name": account["name"], "password": account["password"]}
        assert client.post("/v1/tokens", json=asked, headers={"Authorization": ""}).status_code == 401


def test_guessing_passwords_is_slowed_down(start: Callable[..., Service], folder: Place) -> None:
    service = start(folder, limits_sign_in="3/3600")
    account = listener(service)
    with service.client() as client:
        wrong = {"name": account["name"], "password": "a wrong guess"}
        statuses = [client.post("/v1/tokens", json=wrong).status_code for _ in range(5)]
        assert statuses == [401, 401, 401, 429, 429]
        answer = client.post("/v1/tokens", json={**wrong, "password": account["password"]})
        assert answer.status_code == 429, "the right guess does not tell itself by passing"
        assert int(answer.headers["retry-after"]) > 60
        other_network = {"X-Forwarded-For": "198.51.100.9"}
        other = client.post("/v1/tokens", json={"name": "nobody", "password": "x"}, headers=other_network)
        assert other.status_code == 401
