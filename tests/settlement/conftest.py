"""The house that most tests of money begin with."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Ran
from tests.settlement.house import House, new_house


@pytest.fixture
def house(podledger: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """A month heard and counted, and finance files."""
    return new_house(podledger, tmp_path, monkeypatch)
