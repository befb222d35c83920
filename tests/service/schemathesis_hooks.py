"""What schemathesis must be told in code: pieces of uploads are bytes. The rest stands in schemathesis.toml."""

import schemathesis

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
