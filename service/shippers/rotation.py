"""Taking nginx's log away while it writes: moved aside, reopened, shipped, and removed once it has landed."""

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from service.shippers.ship import Shipped, Shipper

_ASIDE = "access-*.log"


def set_log_aside(access_log: Path, reopen: Callable[[], None]) -> bool:
    """Moves the log away and has nginx begin a new one; says whether there was anything in it.

    nginx writes the buffered rest into the moved file before it lets go of it, so that is shipped at the next turn.
    """
    if not access_log.exists() or access_log.stat().st_size == 0:
        return False
    access_log.rename(access_log.with_name(f"access-{uuid4().hex}.log"))
    reopen()
    return True


def ship_set_aside(folder: Path, shipper: Shipper, now_ms: int, settle_s: float) -> list[Shipped]:
    """Ships the logs that were moved aside and that nobody has written to for so long, then removes them."""
    done = []
    for log in sorted(folder.glob(_ASIDE)):
        if now_ms / 1000 - log.stat().st_mtime < settle_s:
            continue
        done.append(shipper.ship(log, "nginx", now_ms))
        log.unlink()
    return done
