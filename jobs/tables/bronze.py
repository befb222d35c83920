"""What landed, as it landed."""

from dataclasses import replace

from jobs.tables.declare import BIGINT, BINARY, BOOLEAN, INT, STRING, Column, Table

LINE_REASONS = ("unreadable", "unsupported_version", "wrong_device", "malformed")
DIALECTS = ("podledger/1", "gpodder/2", "rad/1")

BUCKETS = 256
LANDED_BYTES = 4 * 1024 * 1024
"""Files of what landed are chosen by their landing or their time, so putting them together further gains nothing."""
BUCKET = Column(
    "bucket",
    INT,
    "Share of the devices that this belongs to, 0 to 255: CRC-32 of the device; of the listener for a claim; "
    "of the line where neither is known.",
    check=f"bucket BETWEEN 0 AND {BUCKETS - 1}",
)
LINE_KEY = Column("line_key", STRING, "SHA-256 of the landed line's bytes, in lower-case hex.")
LANDED_IN = Column("landed_in", BIGINT, "Number of the landing that brought it, counted from 1.")
FILE = Column("file", STRING, "Landed file it came from, relative to the landing folder.")
LINE_NO = Column("line_no", BIGINT, "Place of the line in that file, counted from 0; empty lines do not count.")

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

HASHED = (
    "device_id",
    "log_epoch",
    "seq",
    "session_id",
    "session_wall_ms",
    "type",
    "episode_id",
    "wall_ms",
    "boot_id",
    "mono_ms",
    "from_ms",
    "to_ms",
    "rate_milli",
    "offline",
)
"""What a record's id is the hash of, in this order, after the name of the protocol."""

ALWAYS_GIVEN = ("receipt", "received_ms", "dialect")

LANDED_FILES = Table(
    name="bronze/landed_files",
    about="One row a look at a landed file, with what became of it; the newest look counts.",
    columns=(
        Column("path", STRING, "Path relative to the landing folder."),
        Column("size_bytes", BIGINT, "Size when it was read."),
        Column("tag", STRING, "What changes when the file does: modification time or entity tag."),
        Column("state", STRING, "Whether its lines are in.", one_of=("landed", "damaged")),
        Column("reason", STRING, "Why a damaged file was set aside.", nullable=True),
        LANDED_IN,
    ),
    key=("path", "landed_in"),
    published=False,
)

SYNC_LINES = Table(
    name="bronze/sync_lines",
    about="One row a landed line, with its text; a line that landed twice has two.",
    columns=(
        LINE_KEY,
        Column("raw", BINARY, "The line's bytes, exactly.", personal=True, distinct=True),
        Column("reason", STRING, "Why the whole line is refused; null for a batch.", nullable=True),
        *ENVELOPE,
        Column("records", INT, "Number of records in it; 0 without a body to read."),
        FILE,
        LINE_NO,
        LANDED_IN,
        BUCKET,
    ),
    key=("file", "line_no", "landed_in"),
    skip_by=("received_ms", "landed_in", "bucket"),
    cluster_by=("bucket",),
    file_bytes=LANDED_BYTES,
    published=False,
)

SYNC_RECORDS = Table(
    name="bronze/sync_records",
    about="One row a record of a landed line that is not refused, judged as far as the line alone allows. "
    "Of a malformed record only the episode is given, where it is well-formed.",
    columns=(
        LINE_KEY,
        Column("position", INT, "Place in the batch, from 0."),
        Column("reason", STRING, "Why it is refused, whatever the catalogue says.", nullable=True),
        *ENVELOPE,
        Column("id", STRING, "Id it carries: 64 lower-case hex digits.", nullable=True, distinct=True),
        Column("seq", BIGINT, "Place in the log, from 1.", nullable=True, distinct=True),
        Column("session_id", STRING, "Session of the player.", nullable=True, personal=True),
        Column(
            "session_wall_ms",
            BIGINT,
            "Device wall clock when the session began, Unix ms.",
            nullable=True,
            distinct=True,
        ),
        Column("type", STRING, "What happened.", nullable=True),
        Column("episode_id", STRING, "Episode it names.", nullable=True),
        Column("wall_ms", BIGINT, "Device wall clock when it was written, Unix ms.", nullable=True, distinct=True),
        Column("boot_id", STRING, "Boot during which it was written.", nullable=True),
        Column("mono_ms", BIGINT, "Monotonic clock when it was written, ms since boot.", nullable=True, distinct=True),
        Column("from_ms", BIGINT, "Progress: start of the content heard, ms.", nullable=True, distinct=True),
        Column("to_ms", BIGINT, "Progress: end of the content heard, exclusive, ms.", nullable=True, distinct=True),
        Column("rate_milli", BIGINT, "Progress: playback speed, 1000 = 1x.", nullable=True),
        Column("offline", BIGINT, "1 when the device had no network meanwhile.", nullable=True),
        LANDED_IN,
        BUCKET,
    ),
    key=("line_key", "position", "landed_in"),
    skip_by=("received_ms", "landed_in", "bucket"),
    cluster_by=("bucket",),
    file_bytes=LANDED_BYTES,
    published=False,
)

CLAIMS = Table(
    name="bronze/claims",
    about="One row a record of a landed line in another dialect than ours, translated as far as the line alone allows. "
    "Of a malformed record only the text is given.",
    columns=(
        LINE_KEY,
        Column("position", INT, "Place in the batch, from 0."),
        Column("reason", STRING, "Why it is refused, whatever the catalogue says.", nullable=True),
        Column("raw", STRING, "Its text, as it was written.", personal=True, distinct=True),
        *(column for column in ENVELOPE if column.name in (*ALWAYS_GIVEN, "network", "country", "user_agent")),
        Column("id", STRING, "SHA-256 of what it claims, in lower-case hex.", nullable=True, distinct=True),
        Column("listener_id", STRING, "Who claims it.", nullable=True, personal=True),
        Column("device_id", STRING, "Device; a pseudonym of what it is called.", nullable=True, personal=True),
        Column("session_id", STRING, "Session, as far as it can be told.", nullable=True, personal=True),
        Column("type", STRING, "What is claimed.", nullable=True),
        Column("episode_id", STRING, "Episode it names by what may be the catalogue's id.", nullable=True),
        Column("episode_url", STRING, "Address of the audio that it names.", nullable=True),
        Column("episode_guid", STRING, "Guid of the episode that it names.", nullable=True),
        Column("wall_ms", BIGINT, "Time it gives, or else that of its arrival, Unix ms.", nullable=True),
        Column("at_ms", BIGINT, "When it happened, as far as that can be believed, Unix ms.", nullable=True),
        Column("clock", STRING, "How that time was found.", nullable=True),
        Column("from_ms", BIGINT, "Progress: start of the content claimed, ms.", nullable=True),
        Column("to_ms", BIGINT, "Progress: end of the content claimed, exclusive, ms.", nullable=True),
        LANDED_IN,
        BUCKET,
    ),
    key=("line_key", "position", "landed_in"),
    skip_by=("landed_in", "bucket"),
    cluster_by=("bucket",),
    published=False,
)

SYNC_BATCHES = Table(
    name="bronze/sync_batches",
    about="One row a received batch: every distinct landed line that is not refused.",
    columns=(
        LINE_KEY,
        *(replace(column, nullable=column.name not in ALWAYS_GIVEN) for column in ENVELOPE),
        Column("records", INT, "Number of records in it."),
        FILE,
        LINE_NO,
        LANDED_IN,
        BUCKET,
    ),
    key=("line_key",),
    skip_by=("received_ms", "landed_in", "dialect", "bucket"),
    cluster_by=("bucket",),
    file_bytes=LANDED_BYTES,
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
