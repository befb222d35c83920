"""Text from people, made fit for XML and for the apps that show it."""

import re
from html import escape

import nh3

_NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BREAK = re.compile("\r\n?|\u2028|\u2029|\x85")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_PARAGRAPHS = re.compile(r"\n[ \t]*\n\s*")
# What PSP-1 and Apple let stand in an episode's description.
_HTML_TAGS = {"p", "br", "ol", "ul", "li", "a", "b", "i", "strong", "em"}
_HTML_ATTRIBUTES = {"a": {"href"}}


def clean(text: str) -> str:
    """The text without what XML 1.0 cannot carry; line ends become line feeds.

    Controls, lone surrogates and non-characters go. Emoji, combining marks and writing from right to left stay.
    """
    return _NOT_XML.sub("", _BREAK.sub("\n", text))


def clean_line(text: str) -> str:
    """The text on one line, fit for a title: white space folded, the ends trimmed."""
    return " ".join(clean(text).split())


def element_text(text: str) -> str:
    """Cleaned and escaped, to stand between two tags."""
    return clean(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def attribute_text(text: str) -> str:
    """Cleaned and escaped, to stand in double quotes: on one line, so that reading it back gives the same."""
    return element_text(clean_line(text)).replace('"', "&quot;")


def as_plain(text: str) -> str:
    """Without any tag, for the places where apps show HTML as it is written, such as a show's description."""
    without = _TAG.sub("", clean(text)) if _TAG.search(text) else clean(text)
    return without.strip()


def as_html(text: str) -> str:
    """The few tags that apps show in an episode's notes; plain text gets its paragraphs and line breaks."""
    text = clean(text).strip()
    if _TAG.search(text):
        return nh3.clean(
            text,
            tags=_HTML_TAGS,
            attributes=_HTML_ATTRIBUTES,
            url_schemes={"http", "https", "mailto"},
            link_rel=None,
            strip_comments=True,
        )
    paragraphs = (paragraph for paragraph in _PARAGRAPHS.split(text) if paragraph)
    return "".join("<p>" + escape(paragraph, quote=False).replace("\n", "<br>") + "</p>" for paragraph in paragraphs)
