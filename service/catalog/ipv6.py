"""An IPv6 address as a pattern, for an OpenAPI document that says exactly what is taken (RFC 3986, section 3.2.2)."""

_BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_GROUP = "[0-9A-Fa-f]{1,4}"
_LAST_TWO = rf"(?:{_GROUP}:{_GROUP}|{_BYTE}(?:\.{_BYTE}){{3}})"


def _shortened(before: int, after: str) -> str:
    """``::`` with up to so many groups before it."""
    return f"(?:(?:{_GROUP}:){{0,{before - 1}}}{_GROUP})?::{after}" if before else f"::{after}"


_ALTERNATIVES = (
    f"(?:{_GROUP}:){{6}}{_LAST_TWO}",
    *(_shortened(5 - after, f"(?:{_GROUP}:){{{after}}}{_LAST_TWO}") for after in range(5, -1, -1)),
    _shortened(6, _GROUP),
    _shortened(7, ""),
)
IPV6_ADDRESS = f"(?:{'|'.join(_ALTERNATIVES)})"
