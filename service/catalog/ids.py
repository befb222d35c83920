"""Ids that sort by when they were made, as far as the clock told."""

import secrets


def new_id(prefix: str, now_ms: int) -> str:
    """``<prefix><time in hex><random>``, 26 characters at most."""
    return f"{prefix}{max(0, now_ms):012x}{secrets.token_hex(5)}"
