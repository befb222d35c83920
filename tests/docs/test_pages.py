"""What README.md and docs/ name is there: pages, headings, commands, targets, settings; and the example is true."""

import json
import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from jobs.cli import GROUP
from jobs.records.identity import record_id
from jobs.records.record import Record, read_record
from jobs.settings import ENVIRONMENT_PREFIX, HOUSE, NAMES, NOT_SETTINGS, SHORT_NAMES
from jobs.tables import BY_NAME
from service.settings import variables as service_variables

README = HOUSE / "README.md"
PAGES = sorted([*HOUSE.glob("*.md"), *(HOUSE / "docs").rglob("*.md")])
CODE = ("jobs", "expectations", "service", "conf", "dags", "demo", "setup", "simulator", "benchmarks", "notebooks")
CODE_ENDINGS = {".py", ".toml", ".json", ".ipynb", ".properties"}

LINK = re.compile(r"\]\(([^)\s]+)\)")
PAGE_IN_CODE = re.compile(r"\bdocs/(?:[a-z0-9-]+/)*[a-z0-9-]+\.md\b")
RUNBOOK_IN_DAG = re.compile(r'runbook="([a-z-]+)"')
COMMAND = re.compile(r"\bpodledger ([a-z]+(?:-[a-z]+)*)")
TARGET = re.compile(r"(?:^ *|`)make ([a-z][a-z-]+)", re.MULTILINE)
VARIABLE = re.compile(rf"\b{ENVIRONMENT_PREFIX}[A-Z_]*[A-Z]\b")
APT_LINE = re.compile(r"^sudo apt-get install --no-install-recommends (.+)$", re.MULTILINE)
TABLE = re.compile(r"\b(?:bronze|silver|gold)/[a-z_]+\b")
CODE_SPAN = re.compile(r"```.*?```|`[^`]+`", re.DOTALL)

SETTABLE_ELSEWHERE = {"PODLEDGER_SPARK_LOG"}
"""Read by Spark's logging, not a setting of a command."""


def texts_in_code() -> Iterator[tuple[Path, str]]:
    yield HOUSE / "Makefile", (HOUSE / "Makefile").read_text(encoding="utf-8")
    yield HOUSE / "setup.cfg", (HOUSE / "setup.cfg").read_text(encoding="utf-8")
    for folder in CODE:
        for path in sorted((HOUSE / folder).rglob("*")):
            if path.suffix in CODE_ENDINGS:
                yield path, path.read_text(encoding="utf-8")


def as_ids(path: Path) -> str:
    return str(path.relative_to(HOUSE))


def headings(page: Path) -> set[str]:
    """The anchors of a page's headings, as renderers of Markdown make them."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_what_the_readme_installs_is_what_is_needed() -> None:
    declared = tomllib.loads((HOUSE / "requirements" / "debian.toml").read_text(encoding="utf-8"))["packages"]
    assert APT_LINE.findall(README.read_text(encoding="utf-8")) == [" ".join(group) for group in declared.values()]


@pytest.mark.parametrize("page", PAGES, ids=as_ids)
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), f"{as_ids(page)} links to {link}, which is not there"
        if anchor:
            assert anchor in headings(target), f"{as_ids(page)} links to {link}, and there is no such heading"


def test_pages_that_code_names_are_there() -> None:
    missing = [
        f"{as_ids(path)} names {page}"
        for path, text in texts_in_code()
        for page in PAGE_IN_CODE.findall(text)
        if not (HOUSE / page).exists()
    ]
    assert not missing, f"write the page, or mend the name: {missing}"


def test_runbooks_of_dags_are_there() -> None:
    named = {name for path in (HOUSE / "dags").glob("*.py") for name in RUNBOOK_IN_DAG.findall(path.read_text("utf-8"))}
    assert named
    missing = [name for name in sorted(named) if not (HOUSE / "docs" / "runbooks" / f"{name}.md").exists()]
    assert not missing, f"a DAG names a runbook that is not in docs/runbooks: {missing}"


@pytest.mark.parametrize("page", PAGES, ids=as_ids)
def test_commands_that_pages_name_exist(page: Path) -> None:
    commands = {entry.name for entry in entry_points(group=GROUP)}
    code = "\n".join(CODE_SPAN.findall(page.read_text(encoding="utf-8")))
    assert set(COMMAND.findall(code)) <= commands, "a page names a command that is no entry point in setup.cfg"


def test_the_readme_names_every_command() -> None:
    commands = {entry.name for entry in entry_points(group=GROUP)}
    named = set(
        re.findall(r"^\| `podledger ([a-z]+(?:-[a-z]+)*)", README.read_text(encoding="utf-8"), flags=re.MULTILINE)
    )
    assert named == commands, "README.md's table of commands and setup.cfg's entry points differ"


@pytest.mark.parametrize("page", PAGES, ids=as_ids)
def test_targets_that_pages_name_exist(page: Path) -> None:
    makefile = (HOUSE / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    code = "\n".join(CODE_SPAN.findall(page.read_text(encoding="utf-8")))
    assert set(TARGET.findall(code)) <= targets, "a page names a target that the Makefile does not have"


@pytest.mark.parametrize("page", PAGES, ids=as_ids)
def test_variables_that_pages_name_are_read(page: Path) -> None:
    read = {f"{ENVIRONMENT_PREFIX}{section}_{name}".upper() for section, name in NAMES}
    read |= {*SHORT_NAMES, *NOT_SETTINGS, *SETTABLE_ELSEWHERE, *service_variables()}
    named = set(VARIABLE.findall(page.read_text(encoding="utf-8")))
    assert named <= read, f"{as_ids(page)} names a setting that nothing reads"


@pytest.mark.parametrize("page", PAGES, ids=as_ids)
def test_tables_that_pages_name_are_declared(page: Path) -> None:
    assert set(TABLE.findall(page.read_text(encoding="utf-8"))) <= set(BY_NAME)


def test_conf_has_what_the_methodology_says() -> None:
    rules = tomllib.loads((HOUSE / "conf" / "counting.toml").read_text(encoding="utf-8"))
    newest = {name: max(values, key=lambda value: value["from"]) for name, values in rules.items()}
    said = (
        newest["min_heard"]["heard_ms"],
        newest["completed"]["percent"],
        newest["impossible_day"]["played_ms"],
    )
    assert said == (30_000, 95, 86_400_000), "docs/methodology.md gives other numbers: say there from when each holds"


def test_the_example_in_the_protocol_has_the_right_id() -> None:
    page = (HOUSE / "docs" / "protocol.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```json\n(.*?)```", page, flags=re.DOTALL)
    (example,) = (json.loads(block) for block in blocks if '"seq"' in block)
    for value in example["records"]:
        record = read_record(value)
        assert isinstance(record, Record)
        assert record.id == record_id(example["device_id"], example["log_epoch"], record)
