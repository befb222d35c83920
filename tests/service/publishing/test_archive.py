"""A show that is taken along while its files go away."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.service.conftest import make_bucket_place
from tests.service.publishing.creators import new_creator
from tests.service.publishing.edges import start_edge
from tests.service.storage import running_weed


def test_an_archive_whose_files_go_away_breaks_off_and_one_line_says_so(
    postgres: str, tmp_path: Path, audio: Callable[[str], Path]
) -> None:
    """The file is larger than all that lies between the store and a client who does not read on."""
    with (
        running_weed(tmp_path / "weed") as weed,
        start_edge(tmp_path / "data", make_bucket_place(postgres, weed)) as edge,
    ):
        with new_creator(edge) as creator:
            show = creator.show()
            made = creator.published(show, audio("large.mp3"))
            archive = f"{edge.service.url}/v1/shows/{show['id']}/archive"
            with creator.client.stream("GET", archive) as answer:
                pieces = answer.iter_raw(65536)
                assert answer.status_code == 200
                assert b"show.json" in next(pieces)
                weed.process.kill()
                weed.process.wait()
                with pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
                    assert sum(map(len, pieces)) < made["media"]["bytes"]
        said = edge.service.said()
    (line,) = [one for one in said.splitlines() if "broken off" in one]
    assert Path(made["media"]["url"]).name in line
    assert "docs/runbooks/uploads.md" in line
    assert [word for word in ("Traceback", "Exception in ASGI", "without completing") if word in said] == []
