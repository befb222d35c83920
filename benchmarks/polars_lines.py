"""One landed file, read and judged line by line and record by record, in Polars."""

import gzip
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.odd_lines import INTEGERS, LENIENT, MOST_INTEGER, ODD, STRINGS, read_line

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
LINES_AT_A_TIME = 128
LAST_MS = 253_402_300_799_999
DIALECTS = ("podledger/1", "gpodder/2", "rad/1")
RECORD = dict.fromkeys(STRINGS, pl.String) | dict.fromkeys(INTEGERS, pl.Int64)
TEXTS = ("receipt", "dialect", "device_id", "account_id", "network", "country", "user_agent")
LINE = pl.Struct(
    {
        "v": pl.Int64, "received_ms": pl.Int64, **dict.fromkeys(TEXTS, pl.String),
        "body": pl.Struct(
            {
                "v": pl.Int64, "device_id": pl.String, "log_epoch": pl.String,
                "sent": pl.Struct({"wall_ms": pl.Int64, "boot_id": pl.String, "mono_ms": pl.Int64}),
                "records": pl.List(pl.Struct(RECORD)),
            }
        ),
    }
)  # fmt: skip
ENVELOPE = {
    "line_no": pl.Int64, "line_key": pl.String, "v": pl.Int64, **dict.fromkeys(TEXTS, pl.String),
    "received_ms": pl.Int64, "has_body": pl.Boolean, "body_v": pl.Int64, "same_device": pl.Boolean,
    "log_epoch": pl.String, "sent_wall_ms": pl.Int64, "sent_boot_id": pl.String, "sent_mono_ms": pl.Int64,
    "has_records": pl.Boolean, "raw": pl.String,
}  # fmt: skip
ODD_RECORD = {"line_no": pl.Int64, "position": pl.Int64, "well_typed": pl.Boolean, "raw": pl.String, **RECORD}
HASHED = (
    "device_id", "log_epoch", "seq", "session_id", "session_wall_ms", "type", "episode_id", "wall_ms", "boot_id",
    "mono_ms", "from_ms", "to_ms", "rate_milli", "offline",
)  # fmt: skip
REFUSED = ("key", "reason", "receipt", "dialect", "raw", "line_key", "position", "received_ms")
COPY = ("line_no", "position", *RECORD)


def judge_file(path: Path, number: int, episodes: pl.DataFrame, out: Path) -> None:
    """Write the batches, accepted copies and refusals of a file as Parquet; `number` makes its lines' numbers."""
    text = gzip.decompress(path.read_bytes()).removeprefix(BYTE_ORDER_MARK)
    lines = list(dict.fromkeys(line for line in text.split(b"\n") if line.strip(b" \t\r")))
    keys = [sha256(line).hexdigest() for line in lines]
    numbers = range(number << 32, (number << 32) + len(lines))
    texts = [line.decode(errors="replace") for line in lines]
    frame = pl.DataFrame({"line_no": numbers, "line_key": keys, "raw": texts})
    parsed, is_odd = _parsed(frame["raw"], [not _is_utf8(line) for line in lines])
    read = [read_line(line, no) for line, no, odd in zip(lines, numbers, is_odd, strict=True) if odd]
    frame = frame.with_columns(parsed).filter(~is_odd)
    envelopes = pl.concat([_envelopes(frame), _rows([envelope for envelope, _ in read], ENVELOPE)])
    batches = envelopes.with_columns(reason=_line_reason(), listener_id=_listener())
    odd_records = _rows([record for _, records in read for record in records], ODD_RECORD)
    records = pl.concat([_records(frame), odd_records])
    copies = _judged(records, batches, episodes)
    refused = pl.concat([_refused_lines(batches), _refused_records(copies, batches)])
    refused.write_parquet(out / f"rejected-{number}.parquet")
    batches.filter(pl.col("reason").is_null()).drop("raw", "reason").write_parquet(out / f"batches-{number}.parquet")
    copies.filter(pl.col("reason").is_null()).select(COPY).write_parquet(out / f"copies-{number}.parquet")


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _parsed(raw: pl.Series, is_unfit: list[bool]) -> tuple[pl.Series, pl.Series]:
    """The lines as structs, and which of them want a strict reader; those are null."""
    is_odd = pl.Series("odd", is_unfit, pl.Boolean) | raw.str.contains(ODD) | raw.str.contains(LENIENT)
    texts = pl.select(pl.when(~is_odd).then(raw).alias("l")).to_series()
    parts = [_decoded(texts.slice(at, LINES_AT_A_TIME)) for at in range(0, len(texts), LINES_AT_A_TIME)]
    parsed = pl.concat(parts) if parts else pl.Series("l", [], LINE)
    return parsed, is_odd | parsed.is_null()


def _decoded(texts: pl.Series) -> pl.Series:
    """Texts as structs, null where they are no JSON or of another shape: those are looked for by halves."""
    try:
        decoded = texts.str.json_decode(LINE)
    except pl.exceptions.ComputeError:
        decoded = texts.clear()
    if len(decoded) == len(texts):
        return decoded
    if len(texts) == 1:
        return pl.Series(texts.name, [None], LINE)
    half = len(texts) // 2
    return pl.concat([_decoded(texts.head(half)), _decoded(texts.slice(half))])


def _rows(rows: list[dict[str, Any]], schema: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=schema, orient="row")


def _envelopes(lines: pl.DataFrame) -> pl.DataFrame:
    body, sent = pl.col("l").struct.field("body"), pl.col("l").struct.field("body").struct.field("sent")
    return lines.select(
        "line_no",
        "line_key",
        pl.col("l").struct.field("v"),
        pl.col("l").struct.field(*TEXTS),
        pl.col("l").struct.field("received_ms"),
        body.is_not_null().alias("has_body"),
        body.struct.field("v").alias("body_v"),
        pl.col("l").struct.field("device_id").eq_missing(body.struct.field("device_id")).alias("same_device"),
        body.struct.field("log_epoch"),
        sent.struct.field("wall_ms").alias("sent_wall_ms"),
        sent.struct.field("boot_id").alias("sent_boot_id"),
        sent.struct.field("mono_ms").alias("sent_mono_ms"),
        body.struct.field("records").is_not_null().alias("has_records"),
        "raw",
    )


def _records(lines: pl.DataFrame) -> pl.DataFrame:
    records = pl.col("l").struct.field("body").struct.field("records")
    listed = lines.select("line_no", record=records).filter(pl.col("record").list.len() > 0)
    numbered = listed.with_columns(position=pl.int_ranges(pl.col("record").list.len()))
    rows = numbered.explode("record", "position").unnest("record")
    return rows.with_columns(well_typed=pl.lit(True), raw=pl.lit(None, pl.String)).select(list(ODD_RECORD))


def _within(column: str, most: int) -> pl.Expr:
    return pl.col(column).str.len_chars().is_between(1, most).fill_null(False)


def _listener() -> pl.Expr:
    has_account = pl.col("account_id").fill_null("") != ""
    return pl.when(has_account).then("account_id").otherwise("device_id")


def _line_reason() -> pl.Expr:
    is_readable = (
        (pl.col("receipt").fill_null("") != "")
        & pl.col("received_ms").is_between(0, LAST_MS).fill_null(False)
        & pl.col("dialect").is_not_null()
        & pl.col("has_body")
    )
    is_known = pl.col("v").eq_missing(1) & pl.col("dialect").is_in(DIALECTS)
    is_named = _within("device_id", 64) & _within("log_epoch", 64)
    is_whole = is_named & pl.col("sent_wall_ms").is_not_null() & pl.col("has_records")
    is_other = pl.col("dialect") != "podledger/1"
    return (
        pl.when(~is_readable).then(pl.lit("unreadable"))
        .when(~is_known).then(pl.lit("unsupported_version"))
        .when(is_other).then(pl.lit(None, pl.String))
        .when(pl.col("body_v").ne_missing(1)).then(pl.lit("unsupported_version"))
        .when(~pl.col("same_device")).then(pl.lit("wrong_device"))
        .when(~is_whole).then(pl.lit("malformed"))
    )  # fmt: skip


def _judged(records: pl.DataFrame, batches: pl.DataFrame, episodes: pl.DataFrame) -> pl.DataFrame:
    """The records of good batches, each with its reason."""
    good = batches.filter(pl.col("reason").is_null() & (pl.col("dialect") == "podledger/1"))
    rows = records.join(good.select("line_no", "device_id", "log_epoch"), on="line_no")
    text = pl.concat_str(
        [pl.lit("podledger/1"), *(pl.col(name).cast(pl.String).fill_null("") for name in HASHED)], separator="\n"
    )
    contents = rows.select(text).to_series()
    ids = [sha256(content.encode()).hexdigest() for content in contents]
    rows = rows.with_columns(content_id=pl.Series(ids, dtype=pl.String))
    return rows.join(episodes.select("episode_id", "duration_ms"), on="episode_id", how="left").with_columns(
        reason=_record_reason()
    )


def _record_reason() -> pl.Expr:
    spans = ("from_ms", "to_ms", "rate_milli")
    is_progress = pl.col("type") == "progress"
    has_spans = pl.all_horizontal(pl.col(*spans).is_not_null())
    span_fits = (
        pl.when(is_progress)
        .then(has_spans & pl.col("rate_milli").is_between(250, 5000))
        .when(pl.col("type").is_in(["download", "play", "pause", "complete"]))
        .then(pl.all_horizontal(pl.col(*spans).is_null()))
    )
    boot_fits = (pl.col("boot_id").is_null() & pl.col("mono_ms").is_null()) | (
        _within("boot_id", 64) & (pl.col("mono_ms") >= 0).fill_null(False)
    )
    is_well_formed = (
        pl.col("well_typed") & pl.col("id").is_not_null() & pl.col("seq").is_between(1, MOST_INTEGER)
        & _within("session_id", 64) & _within("episode_id", 128) & pl.col("session_wall_ms").is_not_null()
        & pl.col("wall_ms").is_not_null() & pl.col("offline").is_in([0, 1]) & boot_fits & span_fits
    ).fill_null(False)  # fmt: skip
    is_heard = (pl.col("from_ms") >= 0) & (pl.col("to_ms") > pl.col("from_ms"))
    is_inside = pl.col("to_ms") <= pl.col("duration_ms") + 2000
    is_hash = pl.col("id").str.contains("^[0-9a-f]{64}$")
    return (
        pl.when(~is_well_formed).then(pl.lit("malformed"))
        .when((pl.col("id") != pl.col("content_id")) & is_hash).then(pl.lit("hash_mismatch"))
        .when(pl.col("id") != pl.col("content_id")).then(pl.lit("malformed"))
        .when(pl.col("duration_ms").is_null()).then(pl.lit("unknown_episode"))
        .when(is_progress & ~(is_heard & is_inside)).then(pl.lit("bad_interval"))
    )  # fmt: skip


def _refused_lines(batches: pl.DataFrame) -> pl.DataFrame:
    refused = batches.filter(pl.col("reason").is_not_null())
    return refused.with_columns(key="line_key", position=pl.lit(None, pl.Int64)).select(REFUSED)


def _refused_records(copies: pl.DataFrame, batches: pl.DataFrame) -> pl.DataFrame:
    envelopes = batches.select("line_no", "line_key", "receipt", "dialect", "received_ms", line="raw")
    refused = copies.filter(pl.col("reason").is_not_null()).join(envelopes, on="line_no")
    cut = [
        raw or json.dumps(json.loads(line)["body"]["records"][position], ensure_ascii=False)
        for raw, line, position in refused.select("raw", "line", "position").iter_rows()
    ]
    key = pl.format("{}:{}", "line_key", "position")
    return refused.with_columns(key=key, raw=pl.Series(cut, dtype=pl.String)).select(REFUSED)
