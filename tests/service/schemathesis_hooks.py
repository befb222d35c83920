"""What schemathesis must be told in code; the rest stands in schemathesis.toml.

Pieces of uploads are bytes. An Idempotency-Key is for one request: with the same one, another body is refused.
"""

import itertools
import re
from typing import Any

import schemathesis

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
_KEY = "Idempotency-Key"
_numbers = itertools.count(1)


@schemathesis.hook("map_headers")
def use_each_key_once(_context: Any, headers: Any) -> Any:
    """Makes right keys unlike each other; wrong ones stay wrong."""
    key = headers.get(_KEY) if headers else None
    if isinstance(key, str) and re.fullmatch(r"[\x21-\x7e]{1,240}", key):
        headers[_KEY] = f"{key}~{next(_numbers)}"
    return headers
