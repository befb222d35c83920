"""The last look at a finished feed before anybody can see it: it is read back as an app would."""

from xml.parsers import expat


class FeedBroken(Exception):
    """What was rendered is no feed that may be published; what was published before stays."""


class _Reader:
    """Notes what must be unlike anything else, and what must be there.

    The parser is asked for texts and ends of elements inside a guid alone: all others would be most of the work.
    """

    def __init__(self) -> None:
        self.guids: list[str] = []
        self.enclosures: list[str] = []
        self.items = 0
        self._text: list[str] = []
        self._parser = expat.ParserCreate("UTF-8")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start

    def read(self, document: bytes) -> None:
        try:
            self._parser.Parse(document, True)
        finally:
            self._parser.StartElementHandler = None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "item":
            self.items += 1
        elif name == "enclosure":
            self.enclosures.append(attributes.get("url", ""))
        elif name == "guid":
            self._text = []
            self._parser.CharacterDataHandler = self._text.append
            self._parser.EndElementHandler = self._end

    def _end(self, name: str) -> None:
        if name == "guid":
            self._parser.CharacterDataHandler = self._parser.EndElementHandler = None
            self.guids.append("".join(self._text))


def check_feed(document: bytes, items: int) -> None:
    """Passes when it can be read, has so many items, and each has a guid and an ASCII address of its own.

    Raises:
        FeedBroken: it says what is wrong.
    """
    reader = _Reader()
    try:
        reader.read(document)
    except expat.ExpatError as error:
        raise FeedBroken(f"the feed cannot be read back: {error}") from error
    if reader.items != items:
        raise FeedBroken(f"the feed has {reader.items} items where {items} were meant")
    for what, found in (("guid", reader.guids), ("enclosure address", reader.enclosures)):
        if len(found) != items or not all(found):
            raise FeedBroken(f"{items} items need one {what} each; there are {len(found)}")
        if len(set(found)) != items:
            twice = sorted({one for one in found if found.count(one) > 1}) if items < 1000 else []
            raise FeedBroken(f"a {what} stands twice: {', '.join(twice[:3])}")
    foreign = [url for url in reader.enclosures if not url.isascii()]
    if foreign:
        raise FeedBroken(f"an enclosure address is not ASCII: {foreign[0]!r}")
