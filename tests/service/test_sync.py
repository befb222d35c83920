"""``POST /v1/sync``: what is answered, and what lands."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
import zstandard

from jobs.records.shape import Batch, judge_line
from service.network import hash_network
from tests.service.conftest import listener
from tests.service.devices import Device, new_device
from tests.service.running import Place, Service, wait_until

CATALOGUE = {"episode_id": "ep-1", "show_id": "s", "creator_id": "c", "duration_ms": 60_000}


def landed_of(service: Service, device: Device, number: int = 1) -> list[dict[str, Any]]:
    def found() -> list[dict[str, Any]]:
        return [line for line in service.place.landed() if line["device_id"] == device.device_id]

    wait_until(lambda: len(found()) >= number, what="the landed lines")
    return found()


def test_a_batch_is_answered_and_lands_as_it_was_received(service: Service, device: Device) -> None:
    record = device.record(1)
    text = json.dumps(device.body([record, {"note": "ü\n"}]), indent=1, ensure_ascii=False).encode("utf-8")
    answer = device.post(text, User_Agent="Player/1.0")
    assert answer.status_code == 200
    said = answer.json()
    assert said["results"] == {record["id"]: "stored", "#1": "rejected:malformed"}
    (line,) = landed_of(service, device)
    assert line["receipt"] == said["receipt"]
    assert line["received_ms"] == said["received_ms"]
    assert line["user_agent"] == "Player/1.0"
    assert line["body"] == json.loads(text)
    (raw,) = [one for one in service.place.landed_lines() if said["receipt"].encode() in one]
    assert text.replace(b"\n", b" ") in raw
    judged = judge_line(raw)
    assert isinstance(judged, Batch)
    assert (judged.dialect, judged.device_id, judged.account_id) == ("podledger/1", device.device_id, None)


def test_the_network_is_a_keyed_hash_and_no_address_lands(service: Service, device: Device) -> None:
    addresses = ("203.0.113.7", "::ffff:203.0.113.7", "2001:db8:1:2:aaaa::1", "2001:db8:1:2:bbbb::2", "2001:db8:1:3::1")
    for seq, address in enumerate(addresses, 1):
        assert device.post(json.dumps(device.body([device.record(seq)])).encode(), X_Forwarded_For=address).is_success
    lines = sorted(landed_of(service, device, len(addresses)), key=lambda line: line["body"]["records"][0]["seq"])
    networks = [line["network"] for line in lines]
    assert networks[0] == networks[1]
    assert networks[2] == networks[3]
    assert len(set(networks)) == 3
    assert networks[0] != hash_network("203.0.113.7", b"another key")
    assert b"203.0.113" not in b"".join(service.place.landed_lines())
    assert b"2001:db8" not in b"".join(service.place.landed_lines())


def test_the_account_lands_as_a_pseudonym(service: Service) -> None:
    account = listener(service)
    with new_device(service, account["token"]) as device:
        assert device.send([device.record(1)]).status_code == 200
        (line,) = landed_of(service, device)
    assert line["account_id"]
    assert line["account_id"] not in (account["account_id"], account["name"])


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "identity"])
def test_encodings(service: Service, device: Device, encoding: str) -> None:
    body = json.dumps(device.body([device.record(1)])).encode()
    packed = {"gzip": gzip.compress(body), "zstd": zstandard.compress(body), "identity": body}
    assert device.post(packed[encoding], Content_Encoding=encoding).status_code == 200
    (line,) = landed_of(service, device)
    assert line["body"] == json.loads(body)


def test_a_record_known_before_is_a_duplicate_and_lands_again(service: Service, device: Device) -> None:
    first, second = device.record(1), device.record(2)
    assert set(device.send([first]).json()["results"].values()) == {"stored"}
    again = device.send([first, second]).json()["results"]
    assert again == {first["id"]: "duplicate", second["id"]: "stored"}
    lines = landed_of(service, device, 2)
    assert sorted(len(line["body"]["records"]) for line in lines) == [1, 2]


def test_results_follow_the_rules_of_the_jobs(start: Callable[..., Service], place: Place) -> None:
    row = json.dumps(CATALOGUE).encode() + b"\n"
    place.landing.put("catalog/episodes.ndjson", row)
    service = start(place, sync_catalogue_s=3600)
    with new_device(service) as device:
        good, forged = device.record(1), {**device.record(2), "to_ms": 29_000}
        unknown, beyond = device.record(3, episode_id="ep-2"), device.record(4, to_ms=62_001)
        bare: dict[str, Any] = {"id": "f" * 64}
        results = device.send([good, forged, unknown, beyond, bare, None, "x"]).json()["results"]
        assert results == {
            good["id"]: "stored",
            forged["id"]: "rejected:hash_mismatch",
            unknown["id"]: "rejected:unknown_episode",
            beyond["id"]: "rejected:bad_interval",
            "f" * 64: "rejected:malformed",
            "#5": "rejected:malformed",
            "#6": "rejected:malformed",
        }
        # a rejected record is not known afterwards: when the catalogue has its episode, it is stored
        place.landing.put("catalog/episodes.ndjson", row + row.replace(b"ep-1", b"ep-2"))
        wait_until(
            lambda: device.send([unknown]).json()["results"][unknown["id"]] == "stored", what="the new catalogue"
        )


def test_a_catalogue_that_the_jobs_refuse_changes_nothing(start: Callable[..., Service], folder: Place) -> None:
    folder.landing.put("catalog/episodes.ndjson", json.dumps(CATALOGUE).encode())
    service = start(folder, sync_catalogue_s=0.05)
    with new_device(service) as device:
        folder.landing.put("catalog/episodes.ndjson", b"{}\n")
        wait_until(lambda: "the catalogue stays as it was" in service.said(), what="the warning")
        assert device.send([device.record(1)]).json()["results"] == {device.record(1)["id"]: "stored"}


def envelopes(device: Device) -> dict[str, tuple[bytes, int]]:
    good = device.body([device.record(1)])
    changed: dict[str, tuple[dict[str, Any], int]] = {
        "another version": ({"v": 2}, 400),
        "v as text": ({"v": "1"}, 400),
        "no epoch": ({"log_epoch": None}, 400),
        "an empty epoch": ({"log_epoch": ""}, 400),
        "a long epoch": ({"log_epoch": "x" * 65}, 400),
        "a surrogate": ({"log_epoch": "\ud800"}, 400),
        "no time of sending": ({"sent": {}}, 400),
        "a fraction for a time": ({"sent": {"wall_ms": 1.0}}, 400),
        "no records": ({"records": {}}, 400),
        "another device": ({"device_id": "somebody-else"}, 403),
        "too many records": ({"records": [0] * 501}, 413),
    }
    made = {name: (json.dumps({**good, **change}).encode(), status) for name, (change, status) in changed.items()}
    text = json.dumps(good).encode()
    return {
        **made,
        "nothing": (b"", 400),
        "no object": (b"[]", 400),
        "half": (text[:-10], 400),
        "a second value": (text + b"{}", 400),
        "an envelope of its own": (text + b',"device_id":"x"', 400),
        "no UTF-8": (text.replace(b"s1", b"\xff\xfe"), 400),
        "a BOM": (b"\xef\xbb\xbf" + text, 400),
        "NaN": (text.replace(b"30000", b"NaN"), 400),
        "nested too deep": (
            json.dumps(good).replace('"records": [', '"records": [' + "[" * 511 + "]" * 511 + ",").encode(),
            400,
        ),
        "a control character": (text.replace(b"s1", b"s\x01"), 400),
    }


def test_unreadable_envelopes(service: Service) -> None:
    with new_device(service) as device:
        for name, (content, status) in envelopes(device).items():
            answer = device.post(content)
            assert answer.status_code == status, f"{name}: {answer.status_code} {answer.text}"
            assert answer.headers["content-type"] == "application/problem+json", name
            assert answer.json()["status"] == status, name
        assert device.send([device.record(1)]).status_code == 200
        lines = landed_of(service, device)
    assert len(lines) == 1, "what was refused must not land"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content_Type": "text/plain"}, 415),
        ({"Content_Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content_Type": "application/json; charset=utf-8"}, 200),
        ({"Content_Encoding": "br"}, 415),
        ({"Content_Encoding": "gzip"}, 400),
        ({"Content_Encoding": "zstd"}, 400),
        ({"Authorization": "Bearer pl_nobody"}, 401),
        ({"Authorization": "Basic YTpi"}, 401),
        ({"Authorization": ""}, 401),
    ],
)
def test_headers(service: Service, headers: dict[str, str], status: int) -> None:
    with new_device(service) as device:
        answer = device.post(json.dumps(device.body([device.record(1)])).encode(), **headers)
    assert answer.status_code == status, answer.text
    if status == 401:
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_token_without_a_device_syncs_nothing(service: Service) -> None:
    account = listener(service)
    with new_device(service) as device:
        device.token = account["token"]
        assert device.send([device.record(1)]).json()["type"] == "urn:podledger:problem:no_device"


def test_a_revoked_token_ends_at_once(service: Service) -> None:
    account = listener(service)
    with new_device(service, account["token"]) as device:
        assert device.send([device.record(1)]).status_code == 200
        signed_in = {"Authorization": f"Bearer {account['token']}"}
        assert device.client.delete(f"/v1/devices/{device.device_id}", headers=signed_in).status_code == 204
        assert device.send([device.record(2)]).status_code == 401


def test_no_answer_redirects(service: Service) -> None:
    with service.client() as client:
        assert client.post("/v1/sync/").status_code == 404
        assert client.get("/v1/sync").headers["allow"] == "POST"
