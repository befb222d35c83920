"""Land: every landed file exactly once, every distinct line one row, the catalogue in force."""

from dataclasses import asdict

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from jobs.errors import Stop
from jobs.lake.landing import damage, lines_of
from jobs.lake.landing_files import LandedFile, list_files
from jobs.lake.schema import spark_schema
from jobs.published.reading import rows
from jobs.records.catalogue import CatalogueRefused, Episode, read_catalogue
from jobs.steps.work import Report, Step, Work
from jobs.tables import EPISODES, LANDED_FILES, SYNC_BATCHES, SYNC_LINES

MEGABYTE = 1024 * 1024
PLACE = ("file", "line_no")


def land_step(hour: str | None = None) -> Step:
    """The step for one sealing hour (``YYYY-MM-DDTHH``, UTC), or for all there are."""
    return Step(
        "land",
        reads=(),
        writes=(LANDED_FILES, SYNC_LINES, SYNC_BATCHES, EPISODES),
        run=lambda work: _land(work, hour),
        has_news=lambda work: bool(new_files(work, hour)) or _catalogue_moved(work),
    )


def new_files(work: Work, hour: str | None = None) -> list[LandedFile]:
    """Files that were not looked at yet, or have another size or time since."""
    if not work.settings.landing.is_dir():
        raise Stop(f"there is no landing folder {work.settings.landing}: name it with --landing")
    version = work.state.tables.get(LANDED_FILES.name)
    seen = rows(work.settings.lake, LANDED_FILES.name, version) if version is not None else None
    known = {row["path"]: (row["size_bytes"], row["tag"]) for row in seen.to_pylist()} if seen else {}
    files = list_files(work.settings.landing, hour)
    return [file for file in files if known.get(file.path) != (file.size_bytes, file.tag)]


def _land(work: Work, hour: str | None) -> Report:
    report = Report("land", news=True)
    _land_catalogue(work, report)
    files = new_files(work, hour)
    if files:
        number = work.state.done.get("landing", {}).get("number", 0) + 1
        _land_files(work, files, number, report)
        work.state.done["landing"] = {"number": number}
    return report


def _land_files(work: Work, files: list[LandedFile], number: int, report: Report) -> None:
    settings, store = work.settings, work.store
    lines = lines_of(store.spark, settings.landing, files, settings.files_per_task_mb * MEGABYTE)
    store.append(SYNC_LINES, lines.withColumn("landed_in", F.lit(number)))
    new = store.read(SYNC_LINES).where(F.col("landed_in") == number)
    giving = {row["file"] for row in new.select("file").distinct().collect()}
    repeated = _drop_repeated(work, new, number)
    batches = new.where(F.col("reason").isNull())
    count = F.coalesce(F.size("records"), F.lit(0))
    store.append(SYNC_BATCHES, batches.withColumn("records", F.when(count > 0, count).otherwise(0)))
    damaged = _keep_files(work, files, giving, number, report)
    refused, lines_in = _line_counts(new)
    report.figures |= {
        "files": len(files) - damaged,
        "damaged": damaged,
        "lines": lines_in,
        "repeated": repeated,
        "refused": refused,
    }


def _drop_repeated(work: Work, new: DataFrame, number: int) -> int:
    """Takes out new lines that were landed before, or twice now; the first by file and place stays.

    Equal lines were received at the same instant, so only files of that time are looked into.
    """
    span = new.agg(F.min("received_ms"), F.max("received_ms")).first()
    in_span = F.col("received_ms").isNull()
    if span is not None and span[0] is not None:
        in_span = in_span | F.col("received_ms").between(span[0], span[1])
    old = work.read(SYNC_LINES).where(in_span).select("line_key", F.lit(True).alias("is_old"))
    keys = new.select("line_key", *PLACE)
    in_order = Window.partitionBy("line_key").orderBy(*PLACE)
    ranked = keys.withColumn("rank", F.row_number().over(in_order)).join(old, "line_key", "left")
    repeated = ranked.where((F.col("rank") > 1) | F.col("is_old")).select("line_key", *PLACE).persist()
    count = repeated.count()
    if count:
        work.store.remove(SYNC_LINES, repeated, on=PLACE, within=f"old.landed_in = {number}")
    repeated.unpersist()
    return count


def _line_counts(new: DataFrame) -> tuple[int, int]:
    counts = new.agg(F.count("reason"), F.count(F.lit(1))).first()
    return (counts[0], counts[1]) if counts is not None else (0, 0)


def _keep_files(work: Work, files: list[LandedFile], giving: set[str], number: int, report: Report) -> int:
    """Writes down what became of each file; returns how many are damaged."""
    kept, damaged = [], 0
    for file in files:
        reason = None if file.path in giving else damage(work.settings.landing, file.path)
        state = "landed" if reason is None else "damaged"
        kept.append((file.path, file.size_bytes, file.tag, state, reason, number))
        if reason is not None:
            damaged += 1
            report.notes.append(f"set aside {file.path}: {reason}; see docs/runbooks/damaged-file.md")
    work.store.upsert(LANDED_FILES, work.store.spark.createDataFrame(kept, spark_schema(LANDED_FILES)))
    return damaged


def _catalogue_tag(work: Work) -> str | None:
    try:
        status = (work.settings.landing / "catalog" / "episodes.ndjson").stat()
    except FileNotFoundError:
        return None
    return f"{status.st_size}-{status.st_mtime_ns}"


def _catalogue_moved(work: Work) -> bool:
    tag = _catalogue_tag(work)
    return tag is not None and tag != work.state.catalogue.get("tag")


def _land_catalogue(work: Work, report: Report) -> None:
    """Puts a new catalogue in force, or refuses it whole and says why; the one before then stays."""
    tag = _catalogue_tag(work)
    if tag is None or tag == work.state.catalogue.get("tag"):
        return
    content = (work.settings.landing / "catalog" / "episodes.ndjson").read_bytes()
    known = _known_episodes(work)
    try:
        episodes = read_catalogue(content, known)
    except CatalogueRefused as refusal:
        work.state.catalogue = {**work.state.catalogue, "tag": tag, "faults": refusal.faults}
        report.figures["catalogue_faults"] = len(refusal.faults)
        report.notes.append(f"catalogue refused, the one before stays: {refusal}; see docs/runbooks/catalogue.md")
        return
    work.state.catalogue = {"tag": tag, "faults": [], "in_force": True}
    report.figures["episodes"] = sum(episode.listed for episode in episodes.values())
    if episodes != known:
        ordered = [tuple(asdict(episodes[name]).values()) for name in sorted(episodes)]
        work.store.replace(EPISODES, work.store.spark.createDataFrame(ordered, _episode_schema()))


def _episode_schema() -> str:
    types = {column.name: column.type for column in EPISODES.columns}
    return ", ".join(f"{name} {types[name]}" for name in Episode.__dataclass_fields__)


def _known_episodes(work: Work) -> dict[str, Episode]:
    version = work.state.tables.get(EPISODES.name)
    if version is None:
        return {}
    return {row["episode_id"]: Episode(**row) for row in rows(work.settings.lake, EPISODES.name, version).to_pylist()}
