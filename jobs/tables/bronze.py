"""What landed, as it landed."""

from dataclasses import replace

from jobs.tables.declare import BIGINT, BINARY, BOOLEAN, INT, STRING, Column, Table, array_of, struct_of

LINE_REASONS = ("unreadable", "unsupported_version", "wrong_device", "malformed")
DIALECTS = ("podledger/1", "gpodder/2", "rad/1")

LINE_KEY = Column("line_key", STRING, "SHA-256 of the landed line's bytes, in lower-case hex.")
LANDED_IN = Column("landed_in", BIGINT, "Number of the landing that brought it, counted from 1.")
FILE = Column("file", STRING, "Landed file it came from, relative to the landing folder.")
LINE_NO = Column("line_no", BIGINT, "Place of the line in that file, counted from 0; empty lines do not count.")

RECORD = struct_of(
    id=STRING,
    seq=BIGINT,
    session_id=STRING,
    session_wall_ms=BIGINT,
    type=STRING,
    episode_id=STRING,
    wall_ms=BIGINT,
    boot_id=STRING,
    mono_ms=BIGINT,
    from_ms=BIGINT,
    to_ms=BIGINT,
    rate_milli=BIGINT,
    offline=BIGINT,
    malformed=BOOLEAN,
)

ENVELOPE = (
    Column("receipt", STRING, "Receipt the service gave for the batch.", nullable=True),
    Column("received_ms", BIGINT, "When the service received it, Unix ms.", nullable=True),
    Column("dialect", STRING, "Protocol the body is written in.", nullable=True),
    Column("device_id", STRING, "Device that the token proved.", nullable=True, personal=True),
    Column("account_id", STRING, "Pseudonym of the account, where known.", nullable=True, personal=True),
    Column("network", STRING, "Keyed hash of the network it came from.", nullable=True, personal=True),
    Column("country", STRING, "Country of that network, ISO 3166-1 alpha-2.", nullable=True),
    Column("user_agent", STRING, "User agent of the request.", nullable=True, personal=True),
    Column("log_epoch", STRING, "Epoch of the device's log: a reinstall mints a new one.", nullable=True),
    Column("sent_wall_ms", BIGINT, "Device wall clock when the batch was sent, Unix ms.", nullable=True),
    Column("sent_boot_id", STRING, "Boot during which it was sent.", nullable=True),
    Column("sent_mono_ms", BIGINT, "Monotonic clock when it was sent, ms since boot.", nullable=True),
)

ALWAYS_GIVEN = ("receipt", "received_ms", "dialect")

LANDED_FILES = Table(
    name="bronze/landed_files",
    about="Every landed file that was looked at, once each, with what became of it.",
    columns=(
        Column("path", STRING, "Path relative to the landing folder."),
        Column("size_bytes", BIGINT, "Size when it was read."),
        Column("tag", STRING, "What changes when the file does: modification time or entity tag."),
        Column("state", STRING, "Whether its lines are in.", one_of=("landed", "damaged")),
        Column("reason", STRING, "Why a damaged file was set aside.", nullable=True),
        LANDED_IN,
    ),
    key=("path",),
    published=False,
)

SYNC_LINES = Table(
    name="bronze/sync_lines",
    about="One row a distinct landed line: its text, and its records in typed form, judged as far as the "
    "line alone allows.",
    columns=(
        LINE_KEY,
        Column("raw", BINARY, "The line's bytes, exactly.", personal=True),
        Column("reason", STRING, "Why the whole line is refused; null for a batch.", nullable=True),
        *ENVELOPE,
        Column("records", array_of(RECORD), "Its records in order; null without a body to read.", nullable=True),
        FILE,
        LINE_NO,
        LANDED_IN,
    ),
    key=("line_key",),
    skip_by=("received_ms", "landed_in"),
    published=False,
)

SYNC_BATCHES = Table(
    name="bronze/sync_batches",
    about="One row a received batch: every distinct landed line that is not refused.",
    columns=(
        LINE_KEY,
        *(replace(column, nullable=column.name not in ALWAYS_GIVEN) for column in ENVELOPE),
        Column("records", INT, "Number of records in it; 0 until its dialect is translated."),
        FILE,
        LINE_NO,
        LANDED_IN,
    ),
    key=("line_key",),
    skip_by=("received_ms", "landed_in", "dialect"),
)

EPISODES = Table(
    name="bronze/episodes",
    about="Every episode a catalogue in force ever named, with its newest row.",
    columns=(
        Column("episode_id", STRING, "The episode."),
        Column("show_id", STRING, "Its show, for good."),
        Column("creator_id", STRING, "Who publishes it."),
        Column("duration_ms", BIGINT, "Length of its audio, ms.", check="duration_ms >= 1"),
        Column("title", STRING, "Its title.", nullable=True),
        Column("show_title", STRING, "Title of the show.", nullable=True),
        Column("published_ms", BIGINT, "When it was published, Unix ms.", nullable=True),
        Column("withdrawn_ms", BIGINT, "When it was withdrawn, Unix ms.", nullable=True),
        Column("row", STRING, "The whole catalogue row, as JSON with sorted keys."),
        Column("listed", BOOLEAN, "Whether the newest catalogue still names it."),
    ),
    key=("episode_id",),
)
