"""Writing XML by hand, so that the same values are the same bytes wherever and whenever they are written."""

from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import format_datetime

from service.feeds.model import Person
from service.feeds.text import attribute_text, element_text


def element(name: str, text: str | None = None, /, **attributes: str | None) -> str:
    """``<name …>text</name>``, or closed at once without text; attributes without a value are left out.

    A trailing ``_`` of an attribute's name is dropped (``type_``), and ``is_permalink`` is written as RSS wants it.
    """
    written = "".join(
        f' {_attribute_name(key)}="{attribute_text(value)}"' for key, value in attributes.items() if value is not None
    )
    if text is None:
        return f"<{name}{written}/>"
    return f"<{name}{written}>{element_text(text)}</{name}>"


def _attribute_name(key: str) -> str:
    return "isPermaLink" if key == "is_permalink" else key.removesuffix("_")


def lines(indent: int, parts: Iterable[str | None]) -> str:
    """Those that are there, each on a line of its own."""
    margin = " " * indent
    return "".join(f"{margin}{part}\n" for part in parts if part)


def rss_date(at_ms: int) -> str:
    """A time as RSS writes it, in whole seconds of UTC."""
    return format_datetime(datetime.fromtimestamp(at_ms // 1000, UTC), usegmt=True)


def seconds(ms: int) -> str:
    """Milliseconds as seconds, with a fraction only where there is one."""
    whole, rest = divmod(ms, 1000)
    return f"{whole}.{rest:03}".rstrip("0") if rest else str(whole)


def person(one: Person) -> str:
    """A ``podcast:person``."""
    return element("podcast:person", one.name, role=one.role, group=one.group, img=one.image_url, href=one.href)
