"""The headers of tus as the OpenAPI document describes them; `service.uploads.protocol` reads them itself."""

from typing import Any

from service.uploads.protocol import CHECKSUMS, CONTENT_TYPE, VERSION


def _header(name: str, schema: dict[str, Any], *, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": required, "schema": schema}


_VERSION = _header("Tus-Resumable", {"type": "string", "enum": [VERSION]}, required=True)
_OFFSET = _header("Upload-Offset", {"type": "integer", "minimum": 0, "maximum": 10**15 - 1}, required=True)
_LENGTH = _header("Upload-Length", {"type": "integer", "minimum": 1, "maximum": 10**15 - 1}, required=True)
_CHECKSUM = _header(
    "Upload-Checksum", {"type": "string", "description": f"One of {', '.join(CHECKSUMS)}, and the digest in base64."}
)
_METADATA = _header("Upload-Metadata", {"type": "string", "description": "Names and their base64 values."})
_PIECE = {"content": {CONTENT_TYPE: {"schema": {"type": "string", "format": "binary"}}}}

SPOKEN: dict[str, Any] = {"parameters": [_VERSION]}
BEGINNING: dict[str, Any] = {"parameters": [_VERSION, _LENGTH, _METADATA]}
PIECE: dict[str, Any] = {"parameters": [_VERSION, _OFFSET, _CHECKSUM], "requestBody": {"required": True, **_PIECE}}
