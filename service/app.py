"""The app: one router a folder, found by the list below."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from importlib import import_module
from types import ModuleType

from fastapi import FastAPI

from service.core import Core, open_core
from service.db.migrate import migrate
from service.document import describe
from service.errors import add_error_answers
from service.limits import BodyLimit, LimitBodies
from service.metrics import CountRequests
from service.settings import Settings

# A module of routes has `router`; and where it wants them `body_limits(settings)`, a list of `BodyLimit`, and
# `running(core)`, an async context manager that is open while the app runs. They open in this order and close in
# reverse. What it holds open for others it gives to `core.add_part`.
ROUTES = (
    "service.health",
    "service.accounts.routes",
    "service.sync.routes",
    "service.gpodder.routes",
    "service.rad.routes",
    "service.catalog.routes",
    "service.uploads.routes",
    "service.feeds.routes",
    "service.media.routes",
    "service.web.routes",
    "service.edge.serving",
)

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(settings: Settings) -> FastAPI:
    """The whole service as an ASGI app. Its database is migrated when it starts."""
    core = open_core(settings)
    modules = [import_module(name) for name in ROUTES]
    app = FastAPI(
        title="Podledger",
        version="1",
        description="Catalogue, uploads, feeds, media and sync.",
        lifespan=_lifespan(core, modules),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]  # the way the framework documents
    app.state.core = core
    app.state.failure = None
    for module in modules:
        app.include_router(module.router)
    add_error_answers(app)
    app.add_middleware(LimitBodies, limits=_body_limits(settings, modules), bodies_bytes=settings.server.bodies_bytes)
    app.add_middleware(CountRequests, metrics=core.metrics)
    return app


def _lifespan(core: Core, modules: list[ModuleType]) -> Lifespan:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.callback(core.database.close)
            try:
                migrate(core.database)
                for module in modules:
                    if hasattr(module, "running"):
                        await stack.enter_async_context(module.running(core))
            except Exception as error:
                app.state.failure = error  # for whoever started the server: it tells only that it did not start
                raise
            yield

    return lifespan


def _body_limits(settings: Settings, modules: list[ModuleType]) -> list[BodyLimit]:
    limits = [BodyLimit("", settings.server.body_bytes, settings.server.body_seconds)]
    for module in modules:
        if hasattr(module, "body_limits"):
            limits.extend(module.body_limits(settings))
    return limits
