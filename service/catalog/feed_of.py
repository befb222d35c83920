"""From rows to what a feed says."""

import zlib

from service.catalog.models import Episode, Media, Show
from service.catalog.shapes import EpisodeDetails, ShowDetails
from service.feeds.item import ITEM_VERSION
from service.feeds.model import Channel, Enclosure, Funding, Item, Person, Soundbite, Transcript
from service.media.addresses import SUBSCRIBER, Addresses


def fragment_version(addresses: Addresses) -> int:
    """What kept fragments were made with; others are made anew."""
    return zlib.crc32(f"{ITEM_VERSION} {addresses.public_url}".encode()) & 0x7FFFFFFF


def channel_of(show: Show, addresses: Addresses, hubs: tuple[str, ...], podping: bool) -> Channel:
    """What a show's feed says of it."""
    given = ShowDetails.model_validate(show.details)
    assert show.cover is not None
    return Channel(
        feed_url=addresses.private_feed_url(SUBSCRIBER) if show.private else addresses.feed_url(show.slug),
        guid=show.guid,
        title=show.title,
        description=given.description,
        image_url=addresses.media_url(show.cover),
        language=given.language,
        categories=tuple((one.name, one.within) for one in given.categories),
        link=given.link or f"{addresses.public_url}/",
        explicit=given.explicit,
        author=given.author or given.owner_name,
        owner_name=given.owner_name,
        owner_email=given.owner_email,
        show_type=given.show_type,
        copyright=given.copyright,
        complete=given.complete,
        private=show.private,
        locked=given.locked or show.private,
        new_feed_url=given.new_feed_url,
        funding=tuple(Funding(one.url, one.message) for one in given.funding),
        persons=tuple(Person(**one.model_dump()) for one in given.persons),
        hub_urls=() if show.private else hubs,
        podping=podping and not show.private,
    )


def item_of(show: Show, episode: Episode, media: Media, addresses: Addresses) -> Item:
    """What a show's feed says of an episode."""
    given = EpisodeDetails.model_validate(episode.details)
    assert episode.published_ms is not None

    def url_of(path: str) -> str:
        return addresses.media_url(path, show.private)

    return Item(
        guid=episode.guid,
        title=episode.title,
        published_ms=episode.published_ms,
        enclosure=Enclosure(url_of(media.path), media.bytes, media.media_type),
        duration_ms=media.duration_ms,
        guid_is_link=episode.guid_is_link,
        description=given.description,
        link=given.link,
        explicit=given.explicit,
        image_url=addresses.media_url(episode.files["image"]) if "image" in episode.files else None,
        season=given.season,
        season_name=given.season_name,
        episode=given.episode,
        episode_type=given.episode_type,
        chapters_url=url_of(episode.files["chapters"]) if "chapters" in episode.files else None,
        transcripts=tuple(
            Transcript(url_of(one["path"]), one["media_type"], one.get("language"))
            for one in episode.files.get("transcripts", [])
        ),
        persons=tuple(Person(**one.model_dump()) for one in given.persons),
        soundbites=tuple(Soundbite(**one.model_dump()) for one in given.soundbites),
    )
