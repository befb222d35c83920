"""``podledger serve``: runs the service until it is told to stop."""

import argparse

from jobs.errors import Stop

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
    config = uvicorn.Config(
        create_app(settings),
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
    )
    running = uvicorn.Server(config)
    running.run()
    if not running.started:
        raise Stop("the service did not start; the lines above say why")
    return 0


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
