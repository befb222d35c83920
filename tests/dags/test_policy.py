"""What every DAG owes the people who run it. Each message says how to put it right."""

import ast
import importlib.util
import re
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from jobs.tables import BY_NAME

pytestmark = pytest.mark.airflow

HOUSE = Path(__file__).resolve().parents[2]
DAGS = HOUSE / "dags"
SHARED = ("common", "approval")
PIPELINES = sorted(path.stem for path in DAGS.glob("*.py") if path.stem not in SHARED)
ALLOWED_IMPORTS = ("airflow.sdk", "airflow.providers", "jobs.tables", *SHARED)
RUNBOOK = re.compile(r"docs/runbooks/([\w-]+)\.md")
PARSED_WITHIN_S = 1.0
LINES = 50


@pytest.fixture(scope="module", autouse=True)
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_HOME", str(tmp_path_factory.mktemp("airflow")))
        patch.syspath_prepend(str(DAGS))
        import airflow.sdk  # noqa: F401  # its own import time is not ours

        yield
        for module in SHARED:
            sys.modules.pop(module, None)


@pytest.fixture(params=PIPELINES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def dag(name: str) -> Any:
    return load(name)


def load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"dags.{name}", DAGS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.dag


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or ".")
    return found


def test_a_file_is_one_dag_of_its_name(name: str, dag: Any) -> None:
    assert dag.dag_id == name, f"dags/{name}.py: name the DAG {name!r}, so that people find its file"


def test_its_docstring_is_its_page(name: str, dag: Any) -> None:
    page = ast.get_docstring(ast.parse((DAGS / f"{name}.py").read_text(encoding="utf-8")), clean=False)
    assert page, f"dags/{name}.py: begin it with a docstring: it is the DAG's page"
    assert dag.doc_md == page, f"dags/{name}.py: pass doc_md=__doc__"
    for due in ("### ", "**By hand**", "docs/runbooks/"):
        assert due in page, f"dags/{name}.py: the page lacks {due!r}: a title, the command, where to look on failure"


def test_it_has_a_deadline_and_one_run_at_a_time(name: str, dag: Any) -> None:
    assert dag.deadline, f"dags/{name}.py: pass deadline=done_within(…)"
    for alert in dag.deadline:
        assert isinstance(alert.interval, float), f"dags/{name}.py: done_within(…) alone gives what can be cleared"
    assert dag.max_active_runs == 1, f"dags/{name}.py: pass max_active_runs=1: runs of one step go one after another"
    assert dag.catchup is False, f"dags/{name}.py: pass catchup=False: missed hours are backfilled on purpose"
    assert "podledger" in dag.tags, f"dags/{name}.py: tag it podledger"


def test_its_tasks_keep_the_rules(name: str, dag: Any) -> None:
    for task in dag.tasks:
        where = f"dags/{name}.py, task {task.task_id}"
        assert type(task).__name__ in ("Podledger", "Approval"), f"{where}: launch a command with Podledger(…)"
        assert task.owner == "podledger", f"{where}: leave the owner to Podledger"
        assert task.pool == "lake_writer", f"{where}: leave the pool to Podledger: one writer a lake"
        assert task.retries >= 3, f"{where}: leave the retries to Podledger: what is busy now may be free later"
        assert task.retry_exponential_backoff > 1, f"{where}: retries must grow apart"
        assert task.execution_timeout, f"{where}: give it an execution_timeout"


def test_it_waits_for_its_time(name: str, dag: Any) -> None:
    at_once = getattr(dag.timetable, "run_immediately", timedelta(0))
    why = "where the house is set up soon after, within a tenth of the time between runs, Airflow begins at once"
    assert at_once == timedelta(0), f"dags/{name}.py: pass run_immediately=timedelta(0): {why}"


def test_its_alarms_name_a_runbook(name: str, dag: Any) -> None:
    for task in dag.tasks:
        pages = [alarm.runbook for alarm in task.on_failure_callback if type(alarm).__name__ == "Alarm"]
        assert pages, f"dags/{name}.py, task {task.task_id}: on_failure_callback must raise an Alarm"
        for page in (*pages, dag.deadline[0].callback.kwargs["runbook"]):
            assert (HOUSE / f"docs/runbooks/{page}.md").exists(), f"write docs/runbooks/{page}.md, one page an alarm"


def test_its_commands_exist(name: str, dag: Any) -> None:
    from importlib.metadata import entry_points

    commands = {entry.name for entry in entry_points(group="podledger.commands")}
    for task in dag.tasks:
        for command in task.commands():
            assert command in commands, f"dags/{name}.py: there is no command `podledger {command}`"


def test_its_assets_are_tables(name: str, dag: Any) -> None:
    for task in dag.tasks:
        for asset in task.outlets:
            known = asset.name in BY_NAME or asset.name == "publication"
            assert known, f"dags/{name}.py: asset {asset.name} is no table of jobs.tables; name it after what it is"


def test_it_imports_nothing_heavy() -> None:
    for path in sorted(DAGS.glob("*.py")):
        for module in imported(path):
            fine = module.startswith(ALLOWED_IMPORTS) or module.partition(".")[0] in sys.stdlib_module_names
            assert fine, f"{path.name} imports {module}: a DAG launches commands; only {', '.join(ALLOWED_IMPORTS)}"


def test_it_is_short(name: str) -> None:
    lines = len((DAGS / f"{name}.py").read_text(encoding="utf-8").splitlines())
    assert lines <= LINES, f"dags/{name}.py has {lines} lines: what it does belongs in a command"


@pytest.mark.filterwarnings("error:::(dags|common)")
def test_it_is_parsed_quickly(name: str) -> None:
    started = time.perf_counter()
    load(name)
    assert time.perf_counter() - started < PARSED_WITHIN_S, f"dags/{name}.py: do nothing at import but declare"


def test_the_chain_is_whole() -> None:
    dags = [load(name) for name in PIPELINES]
    handed_on = {asset.name for dag in dags for task in dag.tasks for asset in task.outlets}
    conditions = [getattr(dag.timetable, "asset_condition", None) for dag in dags]
    waited_for = {condition.name for condition in conditions if condition}
    assert waited_for <= handed_on, f"nobody hands on {waited_for - handed_on}"
    assert handed_on - waited_for == {"publication"}, "a table handed on has a DAG that waits for it"


def test_every_runbook_named_anywhere_exists() -> None:
    folders = ("dags", "jobs", "expectations", "demo")
    files = [path for folder in folders for path in (HOUSE / folder).rglob("*.py")]
    named = {page for path in files for page in RUNBOOK.findall(path.read_text(encoding="utf-8"))}
    there = {path.stem for path in (HOUSE / "docs/runbooks").glob("*.md")}
    assert named <= there, f"write docs/runbooks/ for {sorted(named - there)}"
    index = (HOUSE / "docs/runbooks/README.md").read_text(encoding="utf-8")
    missing = [page for page in sorted(there - {"README"}) if f"({page}.md)" not in index]
    assert not missing, f"docs/runbooks/README.md does not list {missing}"
