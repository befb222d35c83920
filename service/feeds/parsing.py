"""Reading XML from strangers: no entities, no network, no depth without end; mended where it can be."""

from lxml import etree

MAX_BYTES = 64 << 20


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
    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_pis=True
    )
    try:
        root: etree._Element | None = etree.fromstring(document, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise NotReadable(f"it is no XML: {error}") from error
    if root is None:
        raise NotReadable("it is no XML")
    return root
