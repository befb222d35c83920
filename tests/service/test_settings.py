"""Settings and secrets: read once, or refused with what to do."""

from pathlib import Path

import pytest

from jobs.errors import Stop
from service.secrets import read_secrets
from service.settings import read_settings, variables


def test_the_environment_goes_over_the_file() -> None:
    settings = read_settings({"PODLEDGER_SERVICE_SERVER_PORT": "9001", "PODLEDGER_SERVICE_LOG_SEAL_S": "0.5"})
    assert (settings.server.port, settings.log.seal_s) == (9001, 0.5)
    assert read_settings({"PODLEDGER_LANDING": "/x"}).server.port == 8470, "settings of the jobs are not ours"
    assert settings.data.folder.is_absolute()


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("PODLEDGER_SERVICE_SERVER_PROT", "1", "unknown setting PODLEDGER_SERVICE_SERVER_PROT"),
        ("PODLEDGER_SERVICE_NOWHERE_PORT", "1", "unknown setting"),
        ("PODLEDGER_SERVICE_SERVER_PORT", "high", "server.port wants int, not 'high'"),
    ],
)
def test_settings_that_are_none(variable: str, value: str, said: str) -> None:
    with pytest.raises(Stop, match=said):
        read_settings({variable: value})


def test_files_that_are_no_settings(tmp_path: Path) -> None:
    conf = tmp_path / "service.toml"
    with pytest.raises(Stop, match="does not exist"):
        read_settings({}, conf=conf)
    conf.write_text("[server")
    with pytest.raises(Stop, match="is not TOML"):
        read_settings({}, conf=conf)
    conf.write_text("[server]\nport = 1\n")
    with pytest.raises(Stop, match="missing or unknown"):
        read_settings({}, conf=conf)


def test_a_secret_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    first = read_secrets(tmp_path, {})
    assert read_secrets(tmp_path, {}).master == first.master
    assert first.key("network") != first.key("links")
    assert "master" not in repr(first)
    file = tmp_path / "secret"
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o644)
    with pytest.raises(Stop, match="chmod 600"):
        read_secrets(tmp_path, {})
    with pytest.raises(Stop, match="fewer than 32 characters"):
        read_secrets(tmp_path, {"PODLEDGER_SERVICE_SECRET": "short"})
    assert "PODLEDGER_SERVICE_SECRET" in variables()
