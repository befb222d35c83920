"""mygpoclient as it comes, the library behind gPodder: in a Python of its own, for its licence is not ours."""

import json
import subprocess
from typing import Any

from tests.needs import needs
from tests.service.conftest import listener
from tests.service.running import Service

DEBIAN_PYTHON = "/usr/bin/python3"
SESSION = """
import json, sys
from mygpoclient import api
name, password, url = sys.argv[1:]
client = api.MygPodderClient(name, password, url)
said = {"described": client.update_device_settings("phone", caption="My phone", type="mobile")}
said["devices"] = [str(device) for device in client.get_devices()]
first = client.update_subscriptions("phone", ["https://a.example/", "ftp://b"], [])
said["update_urls"] = first.update_urls
client.put_subscriptions("phone", ["https://c.example/"])
said["subscriptions"] = client.get_subscriptions("phone")
changes = client.pull_subscriptions("phone", first.since)
said["changes"] = [changes.add, changes.remove]
about = "https://a.example/", "https://a.example/1.mp3"
play = api.EpisodeAction(*about, "play", "phone", "2026-11-01T10:00:00", 0, 10, 100)
fetched = api.EpisodeAction(*about, "download", "phone", "2026-11-01T09:00:00Z")
since = client.upload_episode_actions([play, fetched])
said["actions"] = [action.to_dictionary() for action in client.download_episode_actions().actions]
said["later"] = [action.to_dictionary() for action in client.download_episode_actions(since).actions]
try:
    api.MygPodderClient(name, "wrong", url).get_devices()
except Exception as error:
    said["wrong"] = type(error).__name__
print(json.dumps(said))
"""


def test_a_session(service: Service) -> None:
    needs("gpodder")
    account = listener(service)
    command = [DEBIAN_PYTHON, "-c", SESSION, account["name"], account["password"], service.url]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    said: dict[str, Any] = json.loads(ran.stdout)
    about = {"podcast": "https://a.example/", "episode": "https://a.example/1.mp3", "device": "phone"}
    assert said == {
        "described": True,
        "devices": ["PodcastDevice('phone', 'My phone', 'mobile', 0)"],
        "update_urls": [["ftp://b", ""]],
        "subscriptions": ["https://c.example/"],
        "changes": [["https://c.example/"], ["https://a.example/"]],
        "actions": [
            {**about, "action": "play", "timestamp": "2026-11-01T10:00:00", "started": 0, "position": 10, "total": 100},
            {**about, "action": "download", "timestamp": "2026-11-01T09:00:00"},
        ],
        "later": [],
        "wrong": "Unauthorized",
    }
