"""gzip of long files that grow at their beginning: what stayed as it was is not compressed again."""

import gzip
import hashlib
import zlib

from service.feeds.keeping import KeptBytes

GZIP_LEVEL = 5
BLOCK_BYTES = 256 << 10
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # RFC 1952: deflate, no name, no time
_RAW_BITS = -15


class BlockGzip:
    """Compresses in blocks that are counted from a file's end, and keeps those that it was asked for last.

    A new episode goes to a feed's beginning, so all blocks but the first are those of the feed before. A block is
    compressed alone, which makes the whole some hundredths longer; the same content is the same gzip, whatever was
    kept. ``most_bytes`` is what is kept at most.
    """

    def __init__(self, most_bytes: int = 32 << 20) -> None:
        """Nothing is kept yet."""
        self._kept: KeptBytes[bytes] = KeptBytes(most_bytes)

    def compress(self, content: bytes) -> bytes:
        """One member of gzip that holds the content; a short one in the ordinary way."""
        if len(content) < 2 * BLOCK_BYTES:
            return gzip.compress(content, GZIP_LEVEL, mtime=0)
        starts = range(len(content) % BLOCK_BYTES, len(content), BLOCK_BYTES)
        whole = memoryview(content)
        first = _deflate(whole[: starts[0]], zlib.Z_FULL_FLUSH)
        blocks = [self._block(whole[at : at + BLOCK_BYTES]) for at in starts]
        ending = zlib.crc32(content).to_bytes(4, "little") + (len(content) & 0xFFFFFFFF).to_bytes(4, "little")
        return b"".join([_HEADER, first, *blocks, _deflate(b"", zlib.Z_FINISH), ending])

    def _block(self, block: memoryview) -> bytes:
        key = hashlib.sha256(block).digest()
        made = self._kept.get(key)
        if made is None:
            made = _deflate(block, zlib.Z_FULL_FLUSH)
            self._kept.keep(key, made)
        return made


def _deflate(piece: bytes | memoryview, ending: int) -> bytes:
    """A stretch of deflate that needs nothing of what came before it."""
    compressor = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, _RAW_BITS)
    return compressor.compress(piece) + compressor.flush(ending)
