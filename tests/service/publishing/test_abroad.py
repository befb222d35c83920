"""Other people's servers: hubs that are told, feeds that are brought in, and addresses that are not asked."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from service.feeds.opml import Subscription, read_opml, write_opml
from service.feeds.outside import Outside, OutsideFailed
from service.feeds.parsing import NotReadable
from service.feeds.reading import read_feed
from service.feeds.settings import OutsideSettings
from tests.service.publishing.abroad import Abroad
from tests.service.publishing.creators import Creator, new_creator
from tests.service.publishing.edges import Edge
from tests.service.running import wait_until

Audio = Callable[[str], Path]


def test_hubs_and_podping_hear_of_changes_until_they_say_yes(
    own_edge: Callable[..., Edge], audio: Audio, abroad: Abroad
) -> None:
    abroad.statuses[:] = [503]
    abroad.files["/podping"] = b""
    edge = own_edge(feeds_hubs=f"{abroad.url}/hub", feeds_podping_url=f"{abroad.url}/podping")
    with new_creator(edge) as creator:
        show = creator.show()

        def notices() -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = creator.client.get(f"/v1/shows/{show['id']}/notices").json()["items"]
            return found

        wait_until(lambda: any(one["outcome"] == "answered 503" for one in notices()), what="the refusal")
        abroad.files["/hub"] = b""
        creator.published(show, audio("tone.mp3"))
        # Nothing changes any more once nobody is left to be told: the pages below are asked for one after the other.
        wait_until(lambda: {(one["due_ms"], one["outcome"]) for one in notices()} == {(None, "told")}, what="the yes")
        assert {one["kind"] for one in notices()} == {"websub", "podping"}
        listed, asked = f"/v1/shows/{show['id']}/notices", {"limit": "1"}
        newest = creator.client.get(listed, params=asked).json()
        older = creator.client.get(listed, params={**asked, "after": newest["next"]}).json()
        assert [*newest["items"], *older["items"]] == notices()[:2]
        assert f'rel="hub" href="{abroad.url}/hub"' in edge.client().get(f"/feeds/{show['slug']}.xml").text
    told = [parse_qs(body.decode()) for method, path, body, _ in abroad.asked if (method, path) == ("POST", "/hub")]
    assert all(one["hub.mode"] == ["publish"] and one["hub.url"] == [show["feed_url"]] for one in told)
    pinged = [parse_qs(urlsplit(path).query) for method, path, *_ in abroad.asked if path.startswith("/podping")]
    assert pinged[0]["url"] == [show["feed_url"]]


def foreign_feed(abroad: Abroad, audio: Audio, more: str = "", items: str = "") -> bytes:
    abroad.files["/tone.mp3"] = audio("tone.mp3").read_bytes()
    return f"""<?xml version="1.0"?>
      <rss version="2.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"
        xmlns:podcast="https://podcastindex.org/namespace/1.0" xmlns:atom="http://www.w3.org/2005/Atom">
      <channel><title>Afar & away</title><description>&lt;p&gt;From afar&lt;/p&gt;</description>
      <language>en_us</language><itunes:explicit>yes</itunes:explicit>
      <itunes:category text="Science"><itunes:category text="Physics"/></itunes:category>
      <podcast:guid>9b024349-ccf0-5f69-a609-6b82873eab3c</podcast:guid>
      <itunes:owner><itunes:email>Ana@Example.org</itunes:email></itunes:owner>{more}
      <item><title>Old one</title><guid>https://afar.example/1</guid><pubDate>Tue, 10 Nov 2020 10:00:00 +0100</pubDate>
        <enclosure url="{abroad.url}/tone.mp3" length="1" type="audio/x-wrong"/><itunes:season>2</itunes:season></item>
      <item><title>Lost one</title><guid isPermaLink="false">two</guid>
        <enclosure url="{abroad.url}/lost.mp3" length="1" type="audio/mpeg"/></item>{items}
      </channel></rss>""".encode()


def imported(creator: Creator, url: str) -> dict[str, Any]:
    row = creator.made("/v1/imports", {"url": url})

    def done() -> dict[str, Any] | None:
        found: list[dict[str, Any]] = creator.client.get("/v1/imports").json()["items"]
        return next((one for one in found if one["id"] == row["id"] and one["state"] in ("done", "failed")), None)

    result: dict[str, Any] = wait_until(done, 60, "the import")
    return result


def test_a_foreign_show_is_brought_in_with_its_media(creator: Creator, audio: Audio, abroad: Abroad) -> None:
    abroad.files["/feed.xml"] = foreign_feed(abroad, audio, f'<atom:link rel="next" href="{abroad.url}/older.xml"/>')
    older = foreign_feed(abroad, audio).replace(b"https://afar.example/1", b"three").replace(b"Old one", b"Oldest")
    abroad.files["/older.xml"] = older
    done = imported(creator, f"{abroad.url}/feed.xml")
    assert (done["state"], done["total"], done["brought"]) == ("done", 3, 2)
    assert done["report"] == f"Lost one: {abroad.url}/lost.mp3 answered 404"
    show = creator.client.get(f"/v1/shows/{done['show_id']}").json()
    assert (show["title"], show["details"]["explicit"]) == ("Afar & away", True)
    assert show["guid"] == "9b024349-ccf0-5f69-a609-6b82873eab3c"
    assert show["details"]["description"] == "From afar"
    assert show["details"]["language"] == "en-us"
    channel = creator.feed(show)
    guids = {item.findtext("title"): item.find("guid") for item in channel.iterfind("item")}
    kept = guids["Old one"]
    assert kept is not None
    assert (kept.text, kept.get("isPermaLink")) == ("https://afar.example/1", "true")
    (old,) = [item for item in channel.iterfind("item") if item.findtext("title") == "Old one"]
    assert old.findtext("pubDate") == "Tue, 10 Nov 2020 09:00:00 GMT"
    enclosure = old.find("enclosure")
    assert enclosure is not None
    assert enclosure.get("type") == "audio/mpeg"
    assert enclosure.get("url", "").startswith(creator.edge.url)


def test_a_locked_feed_is_for_its_owner(edge: Edge, audio: Audio, abroad: Abroad) -> None:
    abroad.files["/feed.xml"] = foreign_feed(abroad, audio, "<podcast:locked>yes</podcast:locked>")
    with new_creator(edge) as stranger, new_creator(edge, email="ana@example.org") as owner:
        refused = imported(stranger, f"{abroad.url}/feed.xml")
        assert refused["state"] == "failed"
        assert "locked" in refused["report"]
        assert imported(owner, f"{abroad.url}/feed.xml")["state"] == "done"


def test_a_feed_that_is_none_fails_with_the_reason(creator: Creator, abroad: Abroad) -> None:
    abroad.files["/page"] = b"<html><body>Hello</body></html>"
    assert imported(creator, f"{abroad.url}/page")["report"] == "this is no RSS feed"
    assert imported(creator, f"{abroad.url}/nothing")["report"].endswith("answered 404")
    answer = creator.client.post("/v1/imports", json={"url": "file:///etc/passwd"})
    assert answer.status_code == 422


def test_shows_of_an_opml_file_are_brought_in(creator: Creator, audio: Audio, abroad: Abroad) -> None:
    abroad.files["/feed.xml"] = foreign_feed(abroad, audio)
    opml = write_opml("Mine", [Subscription("Afar", f"{abroad.url}/feed.xml")])
    answer = creator.client.post("/v1/imports/opml", content=opml)
    assert [one["url"] for one in answer.json()] == [f"{abroad.url}/feed.xml"]
    wait_until(lambda: creator.client.get("/v1/imports").json()["items"][0]["state"] == "done", 60, "the import")
    listed = read_opml(creator.client.get("/v1/opml").content)
    assert [show.title for show in listed] == ["Afar & away"]
    assert creator.client.post("/v1/imports/opml", content=b"nonsense").status_code == 400


def test_private_networks_are_not_asked_unless_that_is_meant(abroad: Abroad) -> None:
    abroad.files["/feed.xml"] = b"x"
    fenced = Outside(OutsideSettings(private_networks=False, timeout_s=5))
    port = urlsplit(abroad.url).port
    for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0x7f.1"):
        with pytest.raises(OutsideFailed, match="not on the public internet"):
            fenced.fetch(f"http://{host}:{port}/feed.xml", 1000)
    for url in ("file:///etc/passwd", "ftp://x.example/", "gopher://x", "http://"):
        with pytest.raises(OutsideFailed):
            fenced.fetch(url, 1000)
    fenced.close()
    assert abroad.asked == []


def test_too_much_and_too_many_redirects_end_it(abroad: Abroad) -> None:
    open_door = Outside(OutsideSettings(private_networks=True, timeout_s=5))
    abroad.files["/large"] = b"x" * 2000
    with pytest.raises(OutsideFailed, match="more than 1000 bytes"):
        open_door.fetch(f"{abroad.url}/large", 1000)
    abroad.statuses[:] = [302] * 20
    with pytest.raises(OutsideFailed, match="redirects"):
        open_door.fetch(f"{abroad.url}/", 1000)
    open_door.close()


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"not xml",
        b'<!DOCTYPE x [<!ENTITY a "aaa">]><rss><channel><title>&a;</title></channel></rss>',
        b"<rss></rss>",
        b"\xff\xfe<",
    ],
)
def test_documents_that_are_no_feeds_are_refused(document: bytes) -> None:
    with pytest.raises(NotReadable):
        read_feed(document)


def test_a_feed_with_the_usual_faults_is_read() -> None:
    read = read_feed(
        b"<rss><channel><title>Tom & Jerry</title><item><enclosure url='http://x.example/a.mp3'/></item></channel></rss>"
    )
    assert read.title.startswith("Tom")
    assert [(one.title, one.guid) for one in read.episodes] == [("Untitled", "http://x.example/a.mp3")]
