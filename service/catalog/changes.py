"""Counting what changes, so that a publication reads what changed and nothing else."""

from sqlalchemy import update
from sqlalchemy.orm import Session

from service.catalog.models import Episode, Show


def want_feed(session: Session, show_id: str) -> int:
    """Has a show's feed made anew; says which change of the show this is.

    The database counts, so that of two changes at once none is lost. It holds the show's row until the commit, so
    whoever sees a count sees all that was counted before.
    """
    counted = update(Show).where(Show.id == show_id).values(feed_wanted=Show.feed_wanted + 1)
    unseen = counted.returning(Show.feed_wanted).execution_options(synchronize_session=False)
    return int(session.execute(unseen).scalar_one())


def touch(session: Session, episode: Episode) -> None:
    """Has the episode's piece of the feed made anew, and the feed and the catalogue if it is in there."""
    episode.fragment = None
    if episode.status in ("published", "withdrawn"):
        episode.touched = want_feed(session, episode.show_id)
