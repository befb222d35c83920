"""Feeds as bytes: what is in them, what cannot be, and when a file changes."""

import gzip
import random
import zlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.feeds.channel import join_page, render_head
from service.feeds.check import FeedBroken, check_feed
from service.feeds.compressing import BLOCK_BYTES, BlockGzip
from service.feeds.files import write_feed_file
from service.feeds.identity import podcast_guid
from service.feeds.item import render_item
from service.feeds.model import Channel, Enclosure, Item, Person, Soundbite, Transcript
from service.feeds.paging import Page, split_into_pages
from service.feeds.text import as_html, as_plain, clean
from tests.service.publishing.creators import NAMES

BASE = "https://pods.example"
CHANNEL = Channel(
    feed_url=f"{BASE}/feeds/tides.xml",
    guid="917393e3-1b1e-5cef-ace4-edaa54e1f810",
    title="Tides & Times",
    description="About the <b>sea</b>.",
    image_url=f"{BASE}/m/sh/cover.png",
    language="en",
    categories=(("Science", "Physics"),),
    link=BASE,
    hub_urls=("https://hub.example/",),
)
ONE_PAGE = Page("tides.xml", CHANNEL.feed_url, (), 0, 1, None)


def item(number: int, **changed: object) -> Item:
    audio = Enclosure(f"{BASE}/m/sh/ep-{number}.mp3", 1000 + number, "audio/mpeg")
    plain = Item(f"guid-{number}", f"Episode {number}", 1_790_000_000_000 + number * 1000, audio, 60_400)
    return replace(plain, **changed)  # type: ignore[arg-type]


def page_of(channel: Channel, pieces: Iterable[bytes]) -> bytes:
    return join_page(render_head(channel, ONE_PAGE), pieces)


def parsed(*items: Item, channel: Channel = CHANNEL) -> ElementTree.Element:
    document = page_of(channel, [render_item(one) for one in items])
    check_feed(document, len(items))
    found = ElementTree.fromstring(document).find("channel")
    assert found is not None
    return found


def test_a_feed_says_what_the_standards_ask_for() -> None:
    channel = parsed(item(1))
    assert channel.findtext("description") == "About the sea."
    assert channel.findtext("itunes:explicit", namespaces=NAMES) == "false"
    assert channel.findtext("podcast:guid", namespaces=NAMES) == CHANNEL.guid
    links = {link.get("rel"): link.get("href") for link in channel.iterfind("atom:link", NAMES)}
    assert links == {"self": CHANNEL.feed_url, "hub": "https://hub.example/"}
    category = channel.find("itunes:category", NAMES)
    assert category is not None
    assert [category.get("text"), *(one.get("text") for one in category)] == ["Science", "Physics"]
    (episode,) = channel.iterfind("item")
    guid, enclosure = episode.find("guid"), episode.find("enclosure")
    assert guid is not None
    assert (guid.text, guid.get("isPermaLink")) == ("guid-1", "false")
    assert enclosure is not None
    assert enclosure.attrib == {"url": f"{BASE}/m/sh/ep-1.mp3", "length": "1001", "type": "audio/mpeg"}
    assert episode.findtext("itunes:duration", namespaces=NAMES) == "60"
    assert episode.find("itunes:explicit", NAMES) is None, "the show's word holds where the episode has none"


def test_chapters_people_transcripts_soundbites_and_seasons_are_there() -> None:
    full = item(
        1,
        explicit=True,
        season=2,
        season_name="Low & high",
        episode=3,
        chapters_url=f"{BASE}/m/sh/c.json",
        transcripts=(Transcript(f"{BASE}/m/sh/t.vtt", "text/vtt", "en"),),
        persons=(Person('Ana "Tide" Lund', "guest", "cast", None, "https://ana.example/?a=1&b=2"),),
        soundbites=(Soundbite(73_500, 60_000, "A wave"),),
    )
    (episode,) = parsed(full).iterfind("item")
    found = {name: episode.find(f"podcast:{name}", NAMES) for name in ("chapters", "transcript", "person", "soundbite")}
    assert all(one is not None for one in found.values())
    assert {name: dict(one.attrib) for name, one in found.items() if one is not None} == {
        "chapters": {"url": f"{BASE}/m/sh/c.json", "type": "application/json+chapters"},
        "transcript": {"url": f"{BASE}/m/sh/t.vtt", "type": "text/vtt", "language": "en"},
        "person": {"role": "guest", "group": "cast", "href": "https://ana.example/?a=1&b=2"},
        "soundbite": {"startTime": "73.5", "duration": "60"},
    }
    season = episode.find("podcast:season", NAMES)
    assert season is not None
    assert (season.text, season.get("name")) == ("2", "Low & high")
    assert episode.findtext("itunes:explicit", namespaces=NAMES) == "true"


@given(st.text(max_size=60), st.text(max_size=200))
def test_any_text_gives_a_feed_that_can_be_read_back(title: str, notes: str) -> None:
    people = (Person(title or "x", href=f"https://x.example/?{len(notes)}"),)
    (episode,) = parsed(item(1, title=title, description=notes, persons=people)).iterfind("item")
    assert (episode.findtext("title") or "") == " ".join(clean(title).split())


def test_what_xml_cannot_carry_goes_and_all_else_stays() -> None:
    assert clean("a\x00b\x1b\ud800c\ufffe") == "abc"
    assert clean("🌊 é שלום\u202e") == "🌊 é שלום\u202e"
    assert clean("one\r\ntwo\u2028three") == "one\ntwo\nthree"


def test_notes_keep_the_few_tags_that_apps_show() -> None:
    assert as_html("One\ntwo\n\nthree & <") == "<p>One<br>two</p><p>three &amp; &lt;</p>"
    kept = as_html(
        '<p onclick="x()">Hi <a href="javascript:x()">a</a><a href="https://b.example">b</a><script>x</script>'
    )
    assert kept == '<p>Hi <a>a</a><a href="https://b.example">b</a></p>'
    assert as_plain("About <b>tides</b> & <3") == "About tides & <3"


def test_the_same_values_are_the_same_bytes_and_an_item_depends_on_its_episode_alone() -> None:
    first = page_of(CHANNEL, [render_item(item(1)), render_item(item(2))])
    assert first == page_of(CHANNEL, [render_item(item(1)), render_item(item(2))])
    assert render_item(item(1)) in page_of(replace(CHANNEL, title="Other"), [render_item(item(1))])


@pytest.mark.parametrize(
    ("items", "complaint"),
    [
        ((item(1), item(1)), "guid stands twice"),
        ((item(1), item(2, enclosure=item(1).enclosure)), "enclosure address stands twice"),
        ((item(1, enclosure=Enclosure("https://x.example/é.mp3", 1, "audio/mpeg")),), "not ASCII"),
    ],
)
def test_a_feed_with_a_fault_is_not_published(items: tuple[Item, ...], complaint: str) -> None:
    document = page_of(CHANNEL, [render_item(one) for one in items])
    with pytest.raises(FeedBroken, match=complaint):
        check_feed(document, len(items))
    with pytest.raises(FeedBroken, match="cannot be read back"):
        check_feed(document[:-9], len(items))


def test_the_guid_of_a_show_is_that_of_the_specification() -> None:
    assert podcast_guid("https://podnews.net/rss") == "9b024349-ccf0-5f69-a609-6b82873eab3c"
    assert podcast_guid("podnews.net/rss/") == podcast_guid("https://podnews.net/rss")


def pages_of(count: int, limit: int = 3) -> list[Page]:
    return list(split_into_pages(f"{BASE}/feeds", "tides", list(range(count, 0, -1)), limit))


def test_pages_are_counted_from_the_oldest_so_that_a_new_episode_moves_none() -> None:
    assert [(page.name, page.first, page.last) for page in pages_of(5)] == [("tides.xml", 0, 5)]
    assert [(page.name, page.first, page.last) for page in pages_of(8)] == [
        ("tides.xml", 0, 5),
        ("tides/1.xml", 5, 8),
    ]
    ten = pages_of(10)
    assert [(page.name, page.first, page.last) for page in ten] == [
        ("tides.xml", 0, 4),
        ("tides/2.xml", 4, 7),
        ("tides/1.xml", 7, 10),
    ]
    assert dict(ten[1].links) == {
        "first": f"{BASE}/feeds/tides.xml",
        "previous": f"{BASE}/feeds/tides.xml",
        "next": f"{BASE}/feeds/tides/1.xml",
        "last": f"{BASE}/feeds/tides/1.xml",
    }


@given(st.integers(0, 60), st.integers(1, 9))
def test_every_episode_stands_on_exactly_one_page(count: int, limit: int) -> None:
    covered = [number for page in pages_of(count, limit) for number in range(page.first, page.last)]
    assert covered == list(range(count))
    assert all(page.last - page.first == limit for page in pages_of(count, limit)[1:])


def test_a_file_changes_only_with_its_content_and_then_gets_a_later_second(tmp_path: Path) -> None:
    file = tmp_path / "feeds" / "tides.xml"
    assert write_feed_file(file, b"<rss>1</rss>", now_s=1_000, gzip=BlockGzip())
    before = (file.stat().st_ino, file.stat().st_mtime_ns)
    assert not write_feed_file(file, b"<rss>1</rss>", now_s=2_000, gzip=BlockGzip())
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == before
    for number in (2, 3):
        assert write_feed_file(file, b"<rss>%d</rss>" % number, now_s=1_000, gzip=BlockGzip())
        packed = file.with_name("tides.xml.gz")
        assert file.stat().st_mtime == packed.stat().st_mtime == 1_000 + number - 1
        assert gzip.decompress(packed.read_bytes()) == file.read_bytes() == b"<rss>%d</rss>" % number
    assert sorted(one.name for one in file.parent.iterdir()) == ["tides.xml", "tides.xml.gz"]


def test_a_gzip_left_alone_by_a_crash_is_made_up_for(tmp_path: Path) -> None:
    file = tmp_path / "tides.xml"
    write_feed_file(file, b"<rss>1</rss>", now_s=1_000, gzip=BlockGzip())
    file.with_name("tides.xml.gz").unlink()
    assert write_feed_file(file, b"<rss>1</rss>", now_s=1_000, gzip=BlockGzip())
    assert gzip.decompress(file.with_name("tides.xml.gz").read_bytes()) == b"<rss>1</rss>"


def test_a_long_file_is_one_gzip_and_the_same_whatever_was_kept() -> None:
    text = random.Random(1).randbytes(3 * BLOCK_BYTES).hex().encode()
    kept = BlockGzip(most_bytes=len(text) // 4)  # less than the whole: some is kept, some was let go
    for content in (text, b"a new episode " + text, text[BLOCK_BYTES:], text[: 2 * BLOCK_BYTES], text + b"at the end"):
        packed = kept.compress(content)
        assert packed == kept.compress(content) == BlockGzip().compress(content)
        reader = zlib.decompressobj(wbits=31)
        assert (reader.decompress(packed), reader.eof, reader.unused_data) == (content, True, b"")


def test_feedparser_finds_nothing_to_complain_of() -> None:
    document = page_of(CHANNEL, [render_item(item(2)), render_item(item(1, title="🌊 <&>"))])
    read = feedparser.parse(document)
    assert not read.bozo
    assert [entry.title for entry in read.entries] == ["Episode 2", "🌊 <&>"]
    assert read.entries[0].enclosures[0].href == f"{BASE}/m/sh/ep-2.mp3"
