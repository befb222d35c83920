"""What is true, once: events, refusals, device logs, listens."""

from jobs.tables.bronze import BUCKET, DIALECTS, LINE_REASONS
from jobs.tables.declare import (
    BIGINT,
    BINARY,
    BOOLEAN,
    DATE,
    INT,
    STRING,
    TIMESTAMP,
    Column,
    Table,
    array_of,
    struct_of,
)

RECORD_REASONS = ("malformed", "hash_mismatch", "unknown_episode", "bad_interval")
RECORD_TYPES = ("download", "play", "progress", "pause", "complete")
STATE = "state"
CLOCKS = ("wall", "monotonic", "offset", "clamped", "unknown")
EVIDENCE = ("measured", "claimed")
STATUSES = ("counted", "too_short", "invalid")
INTERVALS_MS = array_of(struct_of(from_ms=BIGINT, to_ms=BIGINT))
RANGES_SEQ = array_of(struct_of(from_seq=BIGINT, to_seq=BIGINT))

EPISODE_ID = Column("episode_id", STRING, "Episode, as the catalogue names it.")
LISTENER_ID = Column("listener_id", STRING, "The account, or the device where there is none.", personal=True)
LISTEN_DAY = Column("listen_day", DATE, "UTC date on which the session began.")
KIND = Column("evidence", STRING, "Measured by our protocol, or claimed by another.", one_of=EVIDENCE)

SOUGHT_BYTES = 2_000_000
"""Row groups of some 4700 events: the smaller, the fewer keys are read to find one; but a footer has 2 kB of each, and
checks read all of them."""
DAYS_BYTES = 1_000_000
"""Row groups of a month or two of device days, of which late records ask for the last."""

EVENTS = Table(
    name="silver/events",
    about="One row an accepted record, told by the copy that counts.",
    columns=(
        Column("id", STRING, "SHA-256 of the record's content, in lower-case hex.", distinct=True),
        Column(
            "device_id", STRING, "Device that wrote it; for a claim, a pseudonym of what it is called.", personal=True
        ),
        Column("log_epoch", STRING, "Epoch of that device's log.", nullable=True),
        Column("seq", BIGINT, "Place in the log, from 1.", nullable=True, check="seq >= 1", distinct=True),
        LISTENER_ID,
        EPISODE_ID,
        Column(
            "type",
            STRING,
            "What happened; `state` is what another dialect tells besides.",
            one_of=(*RECORD_TYPES, STATE),
        ),
        Column("at", TIMESTAMP, "When it happened, by the best clock there is, UTC.", distinct=True),
        Column("session_at", TIMESTAMP, "When its session began, by the same clock, UTC.", distinct=True),
        Column("clock", STRING, "How the time was found.", one_of=CLOCKS),
        Column("received_at", TIMESTAMP, "When the copy that counts was received, UTC."),
        LISTEN_DAY,
        Column("dialect", STRING, "Protocol it came by.", one_of=DIALECTS),
        KIND,
        Column("session_id", STRING, "Session of the player.", personal=True),
        Column("from_ms", BIGINT, "Progress: start of the content heard, ms.", nullable=True, distinct=True),
        Column("to_ms", BIGINT, "Progress: end of the content heard, exclusive, ms.", nullable=True, distinct=True),
        Column("rate_milli", BIGINT, "Progress: playback speed, 1000 = 1x.", nullable=True),
        Column("offline", INT, "1 when the device had no network meanwhile.", check="offline IN (0, 1)"),
        Column(
            "wall_ms",
            BIGINT,
            "Device wall clock when it was written, Unix ms; for a claim without one, its arrival.",
            distinct=True,
        ),
        Column("country", STRING, "Country it was sent from.", nullable=True),
        Column("user_agent", STRING, "User agent that sent it.", nullable=True, personal=True),
        Column("network", STRING, "Keyed hash of the network it was sent from.", nullable=True, personal=True),
        Column("receipt", STRING, "Receipt of the copy that counts."),
        Column("line_key", STRING, "Landed line of the copy that counts."),
        Column("position", INT, "Place of that copy in its batch, from 0."),
        BUCKET,
    ),
    key=("id",),
    skip_by=("listen_day", "received_at", "device_id", "bucket"),
    cluster_by=("bucket", "device_id", "log_epoch", "seq"),
    group_bytes=SOUGHT_BYTES,
)

REJECTED = Table(
    name="silver/rejected",
    about="One row a refused line or record, with its text and its first reason.",
    columns=(
        Column("key", STRING, "Key of the line; of a record, that and its position: `<line>:<position>`."),
        Column("reason", STRING, "First reason that applies.", one_of=(*LINE_REASONS, *RECORD_REASONS[1:])),
        Column("receipt", STRING, "Receipt of its batch, where the line gives one.", nullable=True),
        Column("dialect", STRING, "Its dialect, where the line gives one.", nullable=True),
        Column("raw", STRING, "Its text; bytes that are no UTF-8 stand as U+FFFD.", personal=True),
        Column("raw_bytes", BINARY, "Its bytes, where they are not UTF-8.", nullable=True, personal=True),
        Column("line_key", STRING, "Landed line."),
        Column("position", INT, "Place in the batch, from 0; null for a whole line.", nullable=True),
        Column("episode_id", STRING, "Episode a record names, where it is a string.", nullable=True),
        Column("received_at", TIMESTAMP, "When its batch was received, where known.", nullable=True),
        BUCKET,
    ),
    key=("key",),
    skip_by=("reason", "episode_id", "received_at", "bucket"),
    cluster_by=("bucket",),
)

DEVICE_LOGS = Table(
    name="silver/device_logs",
    about="One row a device log: how far it is known, what is missing, where it forks.",
    columns=(
        Column("device_id", STRING, "Device.", personal=True),
        Column("log_epoch", STRING, "Epoch of its log."),
        Column("max_seq", BIGINT, "Greatest seq of an event."),
        Column("events", BIGINT, "Number of events."),
        Column("missing", RANGES_SEQ, "Ranges of 1..max_seq without an event, both ends inclusive, sorted."),
        Column("forks", array_of(BIGINT), "Seqs that carry more than one id, sorted: a cloned device."),
        BUCKET,
    ),
    key=("device_id", "log_epoch"),
    skip_by=("bucket",),
    cluster_by=("bucket", "device_id"),
)

DEVICE_DAYS = Table(
    name="silver/device_days",
    about="What a device played on a UTC date, as measured, added up over its rows: each adds what became known.",
    columns=(
        Column("device_id", STRING, "Device, over all its epochs and listeners.", personal=True),
        Column("day", DATE, "UTC date on which it was played."),
        Column("played_ms", BIGINT, "Time spent, ms, by sure clocks; negative where events moved away."),
        BUCKET,
    ),
    key=("device_id", "day"),
    skip_by=("day", "bucket"),
    cluster_by=("day", "bucket"),
    group_bytes=DAYS_BYTES,
    published=False,
)

IMPOSSIBLE_DAYS = Table(
    name="silver/impossible_days",
    about="One row a device and UTC date with more than 24 hours of playing.",
    columns=(
        Column("device_id", STRING, "Device, over all its epochs and listeners.", personal=True),
        Column("day", DATE, "UTC date on which it was played."),
        Column("played_ms", BIGINT, "Time spent, ms; events on clamped or unknown clocks left out."),
    ),
    key=("device_id", "day"),
)

LISTENS = Table(
    name="silver/listens",
    about="One row a listener, episode, day and kind of evidence.",
    columns=(
        Column("listen_id", STRING, "32 hex digits, from the key."),
        LISTENER_ID,
        EPISODE_ID,
        LISTEN_DAY,
        KIND,
        Column("show_id", STRING, "The episode's show."),
        Column("creator_id", STRING, "The episode's creator."),
        Column("heard", INTERVALS_MS, "Content heard: sorted, disjoint, merged, half-open, ms."),
        Column("heard_ms", BIGINT, "Unique content heard, ms.", check="heard_ms >= 0"),
        Column("played_ms", BIGINT, "Time spent, ms; of a claim, its `heard_ms`.", check="played_ms >= 0"),
        Column("offline_ms", BIGINT, "Content heard without a network, repeats included, ms."),
        Column("sessions", BIGINT, "Number of sessions.", check="sessions >= 1"),
        Column("first_at", TIMESTAMP, "First progress, UTC."),
        Column("last_at", TIMESTAMP, "Last progress, UTC."),
        Column("last_received_at", TIMESTAMP, "When the last of its records came in, UTC."),
        Column("completed", BOOLEAN, "Whether 95 % of the episode was heard."),
        Column("status", STRING, "Whether it counts.", one_of=STATUSES),
        Column("reasons", array_of(STRING), "Why it is invalid, sorted; empty otherwise."),
    ),
    key=("listen_id",),
    skip_by=("listen_day", "show_id", "status"),
    cluster_by=("listen_day",),
    file_bytes=2 * 1024 * 1024,
)

LISTEN_SESSIONS = Table(
    name="silver/listen_sessions",
    about="One row a session of a listen: what tells whether a later record's session is a new one.",
    columns=(
        Column("listen_id", STRING, "The listen."),
        LISTEN_DAY,
        Column("session_id", STRING, "Session of the player.", personal=True),
    ),
    key=("listen_id", "session_id"),
    skip_by=("listen_day",),
    cluster_by=("listen_day",),
    file_bytes=2 * 1024 * 1024,
    published=False,
)
