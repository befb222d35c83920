"""Reading XML from strangers: no entities, no network, no depth without end; mended where it can be."""

import re

from lxml import etree

MAX_BYTES = 64 << 20
_STRAY = re.compile(rb"<!\[CDATA\[.*?\]\]>|&(?!#[0-9]+;|#[xX][0-9a-fA-F]+;|[A-Za-z][A-Za-z0-9]*;)", re.DOTALL)


class NotReadable(Exception):
    """It is not what it should be; the text says how."""


def parse_xml(document: bytes) -> etree._Element:
    """The root element; faults such as a stray ampersand are mended as apps mend them.

    Raises:
        NotReadable: it is too large, declares entities, or nothing can be made of it.
    """
    if len(document) > MAX_BYTES:
        raise NotReadable(f"it is larger than {MAX_BYTES >> 20} MB")
    if b"<!ENTITY" in document.upper():
        raise NotReadable("it declares entities of its own, which no feed needs")
    try:
        root = _parse(document, recover=False)
    except etree.XMLSyntaxError:
        root = None
    try:
        root = root if root is not None else _parse(_STRAY.sub(_escape, document), recover=True)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise NotReadable(f"it is no XML: {error}") from error
    if root is None:
        raise NotReadable("it is no XML")
    return root


def _parse(document: bytes, *, recover: bool) -> etree._Element | None:
    parser = etree.XMLParser(
        recover=recover, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_pis=True
    )
    found: etree._Element | None = etree.fromstring(document, parser)
    return found


def _escape(found: re.Match[bytes]) -> bytes:
    """A stray ampersand as an entity; what stands in CDATA is no ampersand of XML's."""
    return b"&amp;" if found[0] == b"&" else found[0]
