"""Disks that are small, full or read-only. Whoever may not mount skips the test."""

import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.service.running import Service


@contextmanager
def small_disk(at: Path, megabytes: int) -> Iterator[Callable[[str], None]]:
    """A disk of its own; what it gives remounts it: ``ro`` or ``rw``."""
    at.mkdir(parents=True)
    _mount("-t", "tmpfs", "-o", f"size={megabytes}m", "podledger-test", at)
    try:
        yield lambda how: _mount("-o", f"remount,{how}", at)
    finally:
        _unmount(at)


@contextmanager
def read_only(*folders: Path) -> Iterator[None]:
    """Folders that can be read and not written to, for whoever opens a file there from now on."""
    with ExitStack() as stack:
        for folder in folders:
            _mount("--bind", folder, folder)
            stack.callback(_unmount, folder)
            _mount("-o", "remount,ro,bind", folder)
        yield


def _mount(*arguments: str | Path) -> None:
    if subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode != 0:
        pytest.skip("only root may mount a disk")


def _unmount(folder: Path) -> None:
    subprocess.run(["umount", "-l", folder], check=True)


@contextmanager
def no_file_beyond(service: Service, size_bytes: int) -> Iterator[None]:
    """A disk that takes no more: what the service writes beyond that size of a file fails."""
    assert service.process is not None
    before = resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, before)
