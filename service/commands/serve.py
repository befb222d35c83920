"""``podledger serve``: runs the service until it is told to stop."""

import argparse
import logging
import time
from contextlib import suppress

from jobs.errors import PodledgerError, Stop, TryAgain

log = logging.getLogger(__name__)

ABOUT = "Run the service: sync, catalogue, uploads, feeds, media."


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    parser.add_argument("--host", metavar="ADDRESS", help="where to listen (setting server.host)")
    parser.add_argument("--port", metavar="N", help="where to listen (setting server.port)")
    parser.add_argument("--data", metavar="DIR", help="folder of the service's own data (setting data.folder)")
    parser.add_argument("--landing", metavar="PLACE", help="landing folder or s3://bucket/prefix (landing.place)")


def run(arguments: argparse.Namespace) -> int:
    """Serves; SIGTERM and SIGINT end it after the requests that are under way."""
    import uvicorn

    from service.app import create_app
    from service.settings import read_settings

    settings = read_settings(overrides=_given(arguments))
    server = settings.server
    _write_log_to_stderr()
    try:
        app = create_app(settings)
    except Exception as error:
        raise _as_told(error) from error
    config = uvicorn.Config(
        app,
        host=server.host,
        port=server.port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=bool(server.trusted_proxies),
        forwarded_allow_ips=server.trusted_proxies or None,
        timeout_graceful_shutdown=30,
        log_config=None,
    )
    where = f"http://{server.host}:{server.port}, data in {settings.data.folder}"
    log.info("starting on %s", where)
    with suppress(SystemExit):  # what the server ends with when it cannot start
        running = uvicorn.Server(config)
        running.run()
        if running.started:
            return 0
    raise _as_told(app.state.failure)


def _as_told(failure: Exception | None) -> PodledgerError:
    """Why it did not start. Only of what nobody foresaw a trace is logged."""
    from service.errors import as_away

    if isinstance(failure, PodledgerError):
        return failure
    away = as_away(failure) if failure is not None else None
    if away is not None:
        reason = str(failure).partition("\n")[0]
        return TryAgain(f"the service did not start: {away.detail} ({reason}); see docs/runbooks/service.md")
    if failure is not None:
        log.error("the service did not start", exc_info=failure)
    return Stop(f"the service did not start: {failure or 'see the lines above'}; see docs/runbooks/service.md")


def _write_log_to_stderr() -> None:
    """One line an event, in UTC. Requests are not among them: nginx and the metrics know those."""
    logging.Formatter.converter = time.gmtime
    logging.basicConfig(level=logging.INFO, format="%(asctime)sZ %(levelname)s %(name)s %(message)s")
    for quiet in ("alembic", "botocore", "boto3", "httpx", "uvicorn.error"):
        logging.getLogger(quiet).setLevel(logging.WARNING)
    # the server writes why the app did not start as a trace, whatever it was, and of each answer that it closes before
    # its end that it was not completed; `_as_told` and whoever broke the answer off know better
    known = ("Traceback", "ASGI callable returned without completing response")
    logging.getLogger("uvicorn.error").addFilter(lambda record: not str(record.msg).startswith(known))


def _given(arguments: argparse.Namespace) -> dict[str, dict[str, str]]:
    asked = (
        ("server", "host", arguments.host),
        ("server", "port", arguments.port),
        ("data", "folder", arguments.data),
        ("landing", "place", arguments.landing),
    )
    given: dict[str, dict[str, str]] = {}
    for section, name, value in asked:
        if value is not None:
            given.setdefault(section, {})[name] = value
    return given
