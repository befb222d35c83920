"""Land: every landed file exactly once, every distinct line one batch, the catalogue in force."""

from dataclasses import asdict

from jobs.errors import Stop
from jobs.lake.landing import FileReport, land_files
from jobs.lake.landing_files import LandedFile, landing_at
from jobs.published.reading import looked_at, rows
from jobs.records.catalogue import CatalogueRefused, Episode, read_catalogue
from jobs.steps.work import Report, Step, Work
from jobs.tables import CLAIMS, EPISODES, LANDED_FILES, SYNC_BATCHES, SYNC_LINES, SYNC_RECORDS

MEGABYTE = 1024 * 1024


def land_step(hour: str | None = None) -> Step:
    """The step for one sealing hour (``YYYY-MM-DDTHH``, UTC), or for all there are."""
    return Step(
        "land",
        reads=(),
        writes=(LANDED_FILES, SYNC_LINES, SYNC_RECORDS, CLAIMS, SYNC_BATCHES, EPISODES),
        run=lambda work: _land(work, hour),
        has_news=lambda work: bool(new_files(work, hour)) or _catalogue_moved(work),
    )


def new_files(work: Work, hour: str | None = None) -> list[LandedFile]:
    """Files that were not looked at yet, or have another size or time since."""
    known = {
        row["path"]: (row["size_bytes"], row["tag"])
        for row in looked_at(work.settings.lake, work.state.tables.get(LANDED_FILES.name))
    }
    return [file for file in _sealed_files(work, hour) if known.get(file.path) != (file.size_bytes, file.tag)]


def _sealed_files(work: Work, hour: str | None) -> list[LandedFile]:
    """What lay there when it was first asked; what comes meanwhile is for later work."""
    if hour not in work.sealed_files:
        landing = landing_at(work.settings.landing)
        if not landing.exists():
            raise Stop(f"there is no landing folder {work.settings.landing}: name it with --landing")
        work.sealed_files[hour] = landing.files(hour)
    return work.sealed_files[hour]


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
    task_bytes = settings.files_per_task_mb * MEGABYTE
    landed = land_files(store, landing_at(settings.landing), files, number, task_bytes)
    store.add_parts(SYNC_RECORDS, landed.records)
    store.add_parts(CLAIMS, landed.claims)
    store.add_parts(SYNC_LINES, landed.lines)
    batches = _write_batches(work, landed.reports, number)
    damaged = _keep_files(work, files, landed.reports, number, report)
    lines = sum(one.lines for one in landed.reports)
    refused = sum(one.refused for one in landed.reports)
    report.figures |= {
        "files": len(files) - damaged,
        "damaged": damaged,
        "lines": lines,
        "repeated": lines - refused - batches,
        "refused": refused,
    }


def _write_batches(work: Work, reports: list[FileReport], number: int) -> int:
    """Adds what was not landed before, and once now, the first by file and place; how many.

    Equal lines were received at the same instant, so only batches of that time are looked into.
    """
    span = [at for one in reports for at in (one.received_from_ms, one.received_to_ms) if at is not None]
    if not span:
        return 0
    store = work.store
    received = (min(span), max(span))
    with store.engine() as sql:
        sql.files("lines", SYNC_LINES, store.files(SYNC_LINES, within={"landed_in": (number, number)}))
        sql.files("batches", SYNC_BATCHES, store.files(SYNC_BATCHES, within={"received_ms": received}))
        known = f"SELECT line_key FROM batches WHERE received_ms BETWEEN {received[0]} AND {received[1]}"
        first = (
            f"SELECT * FROM lines ANTI JOIN ({known}) USING (line_key) WHERE landed_in = {number} AND reason IS NULL "
            "QUALIFY row_number() OVER (PARTITION BY line_key ORDER BY file, line_no) = 1"
        )
        parts = sql.write(store.folder(SYNC_BATCHES), SYNC_BATCHES, first)
    store.add_parts(SYNC_BATCHES, parts)
    return sum(part.rows for part in parts)


def _keep_files(work: Work, files: list[LandedFile], reports: list[FileReport], number: int, report: Report) -> int:
    """Writes down what became of each file; returns how many are damaged."""
    reasons = {one.path: one.damage for one in reports}
    work.store.add_few(
        LANDED_FILES,
        [
            {
                "path": file.path,
                "size_bytes": file.size_bytes,
                "tag": file.tag,
                "state": "landed" if reasons[file.path] is None else "damaged",
                "reason": reasons[file.path],
                "landed_in": number,
            }
            for file in files
        ],
    )
    damaged = {path: reason for path, reason in reasons.items() if reason is not None}
    for path, reason in damaged.items():
        report.notes.append(f"set aside {path}: {reason}; see docs/runbooks/damaged-file.md")
    return len(damaged)


def _catalogue_moved(work: Work) -> bool:
    tag = landing_at(work.settings.landing).catalogue_tag()
    return tag is not None and tag != work.state.catalogue.get("tag")


def _land_catalogue(work: Work, report: Report) -> None:
    """Puts a new catalogue in force, or refuses it whole and says why; the one before then stays."""
    landing = landing_at(work.settings.landing)
    tag = landing.catalogue_tag()
    if tag is None or tag == work.state.catalogue.get("tag"):
        return
    known = _known_episodes(work)
    try:
        episodes = read_catalogue(landing.catalogue(), known)
    except CatalogueRefused as refusal:
        work.state.catalogue = {**work.state.catalogue, "tag": tag, "faults": refusal.faults}
        report.figures["catalogue_faults"] = len(refusal.faults)
        report.notes.append(f"catalogue refused, the one before stays: {refusal}; see docs/runbooks/catalogue.md")
        return
    work.state.catalogue = {"tag": tag, "faults": [], "in_force": True}
    report.figures["episodes"] = sum(episode.listed for episode in episodes.values())
    if episodes != known:
        work.store.replace_by_few(EPISODES, [asdict(episodes[name]) for name in sorted(episodes)])


def _known_episodes(work: Work) -> dict[str, Episode]:
    version = work.state.tables.get(EPISODES.name)
    if version is None:
        return {}
    return {row["episode_id"]: Episode(**row) for row in rows(work.settings.lake, EPISODES.name, version).to_pylist()}
