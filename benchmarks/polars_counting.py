"""From accepted copies to events, listens and device logs, in Polars."""

from hashlib import sha256

import polars as pl

TOLERANCE_MS = 120_000
DAY_MS = 86_400_000
MOST_POSITIONS = 2**20
KEY = ("listener_id", "episode_id", "listen_day")
EVENT = (
    "id", "device_id", "log_epoch", "seq", "listener_id", "episode_id", "type", "at", "session_at", "clock",
    "received_at", "listen_day", "dialect", "session_id", "from_ms", "to_ms", "rate_milli", "offline", "wall_ms",
    "country", "user_agent", "network", "receipt", "line_key", "position",
)  # fmt: skip


def events(copies: pl.LazyFrame, batches: pl.DataFrame) -> pl.LazyFrame:
    """One row an id, told by the copy that counts; `rank` is a batch's place in the counting order."""
    ranks = batches.lazy().select("line_no", "rank")
    place = pl.col("rank").cast(pl.Int64) * MOST_POSITIONS + pl.col("position")
    ranked = copies.join(ranks, on="line_no").with_columns(copy=place)
    counting = ranked.group_by("id").agg(pl.col("copy").min()).select("copy")
    envelopes = batches.lazy().drop("line_no", "v", "body_v")
    told = ranked.drop("line_no").join(counting, on="copy", how="semi").join(envelopes, on="rank")
    return _placed(told).select(EVENT)


def _placed(told: pl.LazyFrame) -> pl.LazyFrame:
    """When it happened, by which clock, and on which day it counts."""
    received, wall = pl.col("received_ms"), pl.col("wall_ms")
    is_same_boot = pl.col("boot_id") == pl.col("sent_boot_id")
    is_monotonic = (is_same_boot & (pl.col("mono_ms") <= pl.col("sent_mono_ms"))).fill_null(False)
    mono_at = received - (pl.col("sent_mono_ms") - pl.col("mono_ms"))
    skew = received - pl.col("sent_wall_ms")
    is_right = pl.when(is_monotonic).then((mono_at - wall).abs() <= TOLERANCE_MS).otherwise(skew.abs() <= TOLERANCE_MS)
    by_boot = pl.when(is_monotonic).then(pl.lit("monotonic")).otherwise(pl.lit("offset"))
    source = pl.when(is_right).then(pl.lit("wall")).otherwise(by_boot)
    guess = pl.when(is_right).then(wall).when(is_monotonic).then(mono_at).otherwise(wall + skew)
    is_old = pl.col("guess_ms") < received - 400 * DAY_MS
    is_ahead = pl.col("guess_ms") > received + TOLERANCE_MS
    into = wall - pl.col("session_wall_ms")
    began = pl.col("at_ms") - pl.when(into.is_between(0, DAY_MS)).then(into).otherwise(0)
    return (
        told.with_columns(guess_ms=guess, clock=source)
        .with_columns(
            at_ms=pl.when(is_old).then(received).otherwise(pl.min_horizontal("guess_ms", "received_ms")),
            clock=pl.when(is_old).then(pl.lit("unknown")).when(is_ahead).then(pl.lit("clamped")).otherwise("clock"),
        )
        .with_columns(
            at=pl.from_epoch("at_ms", time_unit="ms"),
            session_at=pl.from_epoch(began, time_unit="ms"),
            received_at=pl.from_epoch("received_ms", time_unit="ms"),
        )
        .with_columns(listen_day=pl.col("session_at").dt.date())
    )


def listens(counted: pl.LazyFrame, episodes: pl.DataFrame) -> pl.DataFrame:
    """One row a listener, episode and day with progress."""
    is_sure = ~pl.col("clock").is_in(["clamped", "unknown"])
    progress = counted.filter(pl.col("type") == "progress").select(
        *KEY, "device_id", "session_id", "from_ms", "to_ms", "at", "received_at",
        played_ms=(pl.col("to_ms") - pl.col("from_ms")) * 1000 // pl.col("rate_milli"),
        offline_ms=pl.when(pl.col("offline") == 1).then(pl.col("to_ms") - pl.col("from_ms")).otherwise(0),
        day=pl.when(is_sure).then(pl.col("at").dt.date()),
    )  # fmt: skip
    sure = progress.filter(pl.col("day").is_not_null()).group_by("device_id", "day").agg(pl.col("played_ms").sum())
    impossible = sure.filter(pl.col("played_ms") > DAY_MS).collect()
    invalid = progress.join(impossible.lazy(), on=["device_id", "day"], how="semi").select(KEY).unique()
    totals = progress.group_by(KEY).agg(
        pl.col("played_ms", "offline_ms").sum(),
        pl.col("session_id").n_unique().cast(pl.Int64).alias("sessions"),
        pl.col("at").min().alias("first_at"),
        pl.col("at").max().alias("last_at"),
        pl.col("received_at").max().alias("last_received_at"),
    )
    keyed = totals.join(invalid.with_columns(is_invalid=True), on=KEY, how="left").with_row_index("key").collect()
    heard = _heard(progress.join(keyed.lazy().select("key", *KEY), on=KEY).select("key", "from_ms", "to_ms"))
    return _rows(keyed.join(heard.collect(), on="key").join(episodes, on="episode_id"))


def _heard(pieces: pl.LazyFrame) -> pl.LazyFrame:
    """The unions of the intervals of each key, and their length."""
    ordered = pieces.sort("key", "from_ms", "to_ms")
    reached = pl.col("to_ms").cum_max().shift(1).over("key")
    is_first = (pl.col("from_ms") > reached).fill_null(True)
    islands = ordered.with_columns(island=is_first.cum_sum()).group_by("key", "island", maintain_order=True)
    spans = islands.agg(pl.col("from_ms").first(), pl.col("to_ms").max())
    return spans.group_by("key", maintain_order=True).agg(
        heard=pl.struct("from_ms", "to_ms"), heard_ms=(pl.col("to_ms") - pl.col("from_ms")).sum()
    )


def _rows(found: pl.DataFrame) -> pl.DataFrame:
    texts = found.select(pl.concat_str(pl.lit("listen/1"), *KEY, separator="\n")).to_series()
    is_invalid = pl.col("is_invalid").fill_null(False)
    status = pl.when(is_invalid).then(pl.lit("invalid")).when(pl.col("heard_ms") <= 30_000).then(pl.lit("too_short"))
    reasons = pl.when(is_invalid).then(pl.lit(["impossible_day"])).otherwise(pl.lit([], pl.List(pl.String)))
    return found.select(
        pl.Series("listen_id", [sha256(text.encode()).hexdigest()[:32] for text in texts], pl.String),
        *KEY, pl.lit("measured").alias("evidence"), "show_id", "creator_id", "heard", "heard_ms", "played_ms",
        "offline_ms", "sessions", "first_at", "last_at", "last_received_at",
        (pl.col("heard_ms") * 100 >= pl.col("duration_ms") * 95).alias("completed"),
        status.otherwise(pl.lit("counted")).alias("status"), reasons.alias("reasons"),
    )  # fmt: skip


def device_logs(counted: pl.LazyFrame) -> pl.LazyFrame:
    """One row a log: how far it goes, how many events, what is missing and where it forks."""
    seqs = counted.group_by("device_id", "log_epoch", "seq").agg(ids=pl.len().cast(pl.Int64))
    ordered = seqs.sort("device_id", "log_epoch", "seq")
    expected = pl.col("seq").shift(1).over("device_id", "log_epoch").fill_null(0) + 1
    gap = pl.struct(from_seq="expected", to_seq=pl.col("seq") - 1)
    return (
        ordered.with_columns(expected=expected)
        .group_by("device_id", "log_epoch", maintain_order=True)
        .agg(
            pl.col("seq").max().alias("max_seq"),
            pl.col("ids").sum().alias("events"),
            gap.filter(pl.col("seq") > pl.col("expected")).alias("missing"),
            pl.col("seq").filter(pl.col("ids") > 1).alias("forks"),
        )
    )
