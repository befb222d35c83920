"""The gpodder.net API and RAD: what clients are told, and what lands."""

import json
from typing import Any

import httpx
import pytest

from tests.service.conftest import listener
from tests.service.running import Service, wait_until

PLAY = {
    "podcast": "https://example.org/feed.xml",
    "episode": "https://example.org/1.mp3",
    "action": "play",
    "device": "phone",
    "timestamp": "2026-11-01T10:00:00",
    "started": 0,
    "position": 60,
    "total": 600,
}


def landed(service: Service, dialect: str, word: str) -> list[dict[str, Any]]:
    def found() -> list[dict[str, Any]]:
        return [line for line in service.place.landed() if line["dialect"] == dialect and word in json.dumps(line)]

    wait_until(found, what="the landed line")
    return found()


def basic(account: dict[str, Any]) -> httpx.BasicAuth:
    return httpx.BasicAuth(account["name"], account["password"])


def test_a_challenge_then_a_cookie(service: Service) -> None:
    account = listener(service)
    path = f"/api/2/devices/{account['name']}.json"
    with service.client() as client:
        challenge = client.get(path)
        assert challenge.status_code == 401
        assert challenge.headers["www-authenticate"] == 'Basic realm="podledger"'
        assert client.get(path, auth=basic(account)).json() == []
        assert client.get(path).status_code == 200, "the cookie is enough"
        assert client.post(f"/api/2/auth/{account['name']}/logout.json").status_code == 200
        assert client.get(path).status_code == 401
    with service.client() as client:
        for wrong in ("Basic", "Basic x", "Basic YTo=", "Basic OmI=", "Bearer x"):
            assert client.get(path, headers={"Authorization": wrong}).status_code == 401


def test_one_session_for_clients_without_cookies(service: Service) -> None:
    account = listener(service)
    cookies = set()
    for _ in range(3):
        with service.client() as client:
            answer = client.post(f"/api/2/auth/{account['name']}/login.json", auth=basic(account))
            assert answer.status_code == 200
            cookies.add(answer.cookies["sessionid"])
    assert len(cookies) == 1


def test_somebody_elses_path(service: Service) -> None:
    ana, bo = listener(service), listener(service)
    with service.client(auth=basic(bo)) as client:
        for path in ("/api/2/devices/{}.json", "/api/2/episodes/{}.json", "/subscriptions/{}.json"):
            assert client.get(path.format(ana["name"])).status_code == 403
            assert client.get(path.format(bo["name"])).status_code == 200


def test_actions_land_raw_and_are_told_to_other_devices(service: Service) -> None:
    account = listener(service)
    path = f"/api/2/episodes/{account['name']}.json"
    odd = [
        {**PLAY, "action": "PLAY", "timestamp": "2026-11-01T12:00:00.5+02:00", "position": 90},
        {**PLAY, "action": "download", "timestamp": "never"},
        {**PLAY, "position": -1, "total": 1.5},
        {**PLAY, "action": "dance"},
        {**PLAY, "episode": None},
        "nonsense",
        None,
    ]
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    with service.client(auth=basic(account)) as client:
        text = json.dumps([PLAY, *odd], indent=1).encode()
        answer = client.post(path, content=text, headers=form)
        assert answer.status_code == 200
        assert answer.json()["update_urls"] == []
        told = client.get(path).json()
        assert told["timestamp"] == answer.json()["timestamp"]
        plain = {name: PLAY[name] for name in ("podcast", "episode", "device")}
        assert told["actions"] == [
            PLAY,
            {**plain, "action": "play", "timestamp": "2026-11-01T10:00:00", "started": 0, "position": 90, "total": 600},
            {**plain, "action": "download"},
            {**plain, "action": "play", "timestamp": "2026-11-01T10:00:00", "started": 0, "position": -1},
        ]
        assert client.get(path, params={"since": told["timestamp"]}).json()["actions"] == []
    (line,) = landed(service, "gpodder/2", "12:00:00.5+02:00")
    assert line["body"] == [PLAY, *odd]
    assert line["device_id"] is None
    assert line["account_id"] not in (None, account["account_id"], account["name"])
    raw = [one for one in service.place.landed_lines() if b"12:00:00.5+02:00" in one]
    assert text.replace(b"\n", b" ") in raw[0]


def test_since_follows_arrival_and_nothing_is_told_twice(service: Service) -> None:
    account = listener(service)
    path = f"/api/2/episodes/{account['name']}.json"
    with service.client(auth=basic(account)) as client:
        stamps = [client.post(path, json=[{**PLAY, "position": second}]).json()["timestamp"] for second in range(5)]
        assert stamps == sorted(set(stamps)), "five uploads in a second are told apart"
        client.post(path, json=[{**PLAY, "position": 0}])
        later = client.get(path, params={"since": stamps[2]}).json()["actions"]
        assert [action["position"] for action in later] == [3, 4], "a copy that was sent again is no news"
        newest = client.get(path, params={"aggregated": "true"}).json()["actions"]
        assert [action["position"] for action in newest] == [4]
        assert client.get(path, params={"podcast": "https://example.org/other"}).json()["actions"] == []
        assert client.get(path, params={"device": "phone"}).json()["actions"]
        assert client.get(path, params={"since": "x"}).status_code == 422


@pytest.mark.parametrize("content", [b"{}", b"", b"[", b"\xff", b"[1]x"])
def test_actions_that_are_none(service: Service, content: bytes) -> None:
    account = listener(service)
    with service.client(auth=basic(account)) as client:
        answer = client.post(f"/api/2/episodes/{account['name']}.json", content=content)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


def test_devices_and_subscriptions(service: Service) -> None:
    name = (account := listener(service))["name"]
    with service.client(auth=basic(account)) as client:
        described = client.post(
            f"/api/2/devices/{name}/phone.json", content=b'{"caption": "My phone", "type": "mobile"}'
        )
        assert (described.status_code, described.content) == (200, b"")
        client.post(f"/api/2/devices/{name}/phone.json", content=b'{"type": "toaster"}')
        path = f"/api/2/subscriptions/{name}/phone.json"
        first = client.post(path, json={"add": ["https://a.example/", "ftp://b"], "remove": []}).json()
        assert first["update_urls"] == [["ftp://b", ""]]
        second = client.post(path, json={"add": ["https://c.example/"], "remove": ["https://a.example/"]}).json()
        changed = client.get(path, params={"since": first["timestamp"]}).json()
        assert (changed["add"], changed["remove"]) == (["https://c.example/"], ["https://a.example/"])
        assert changed["timestamp"] == second["timestamp"]
        assert client.post(path, json={"add": ["https://a/"], "remove": ["https://a/"]}).status_code == 400
        device = {"id": "phone", "caption": "My phone", "type": "mobile", "subscriptions": 1}
        assert client.get(f"/api/2/devices/{name}.json").json() == [device]
        simple = f"/subscriptions/{name}/tablet.json"
        assert client.put(simple, json=["https://d.example/"]).status_code == 200
        assert client.get(simple).json() == ["https://d.example/"]
        assert client.get(f"/subscriptions/{name}.json").json() == ["https://c.example/", "https://d.example/"]
        exported = client.get("/v1/account/export", auth=None, headers={"Authorization": f"Bearer {account['token']}"})
        assert "https://c.example/" in json.dumps(exported.json()["gpodder"])


@pytest.mark.parametrize(
    ("content", "lands"),
    [
        (b'{"audioSessions": [], "mark": "rad-1"}', {"audioSessions": [], "mark": "rad-1"}),
        (b"rad-2 no json", "rad-2 no json"),
        (b'\xff\xfe rad-3 "', "base64://4gcmFkLTMgIg=="),
        (b"[" * 600 + b'"rad-4"' + b"]" * 600, "[" * 600 + '"rad-4"' + "]" * 600),
    ],
)
def test_rad_lands_whatever_it_is(service: Service, content: bytes, lands: object) -> None:
    with service.client() as client:
        answer = client.post("/v1/rad", content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code == 200
        assert client.post("/v1/rad", content=content, headers={"Content-Encoding": "br"}).status_code == 200
        assert client.post("/v1/rad", content=b"x" * 1_100_000).status_code == 413
    lines = landed(service, "rad/1", json.dumps(lands)[1:-1])
    assert all(line["body"] == lands for line in lines)
    assert {line["device_id"] for line in lines} == {line["account_id"] for line in lines} == {None}
