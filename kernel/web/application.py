"""The web application, put together from the parts of this wing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aiohttp import web

from ..base.i18n import use_rewriter
from . import headers
from .deadlines import DEFAULT, GreenroomRunner
from .endpoints import DEFAULT_BODY_LIMIT
from .routing import mount
from .shell import tenant_words
from .sockets import setup_connections
from .templating import setup_templates
from .trials import setup_trials

if TYPE_CHECKING:
    from ..base.config import Config
    from ..base.runtime import Runtime

__all__ = ["GreenroomRunner", "build_web", "listen"]


def build_web(runtime: Runtime) -> web.Application:
    """Serve what the registry declares. `runtime` has its registry and snapshots; the rest is looked up when used."""
    app = web.Application(client_max_size=DEFAULT_BODY_LIMIT)
    app.on_response_prepare.append(headers.finish)
    mount(app, runtime.registry, runtime.snapshots)
    setup_templates(app, runtime.registry)
    setup_connections(app, runtime.snapshots)
    setup_trials(app)
    use_rewriter(tenant_words)
    return app


async def listen(app: web.Application, config: Config, *, shared: bool = False) -> GreenroomRunner:
    """Open the configured port, `shared` with other processes. The caller ends it with `await runner.cleanup()`."""
    runner = GreenroomRunner(app, deadlines=replace(DEFAULT, total=config.max_connections))
    await runner.setup()
    await web.TCPSite(runner, config.host, config.port, reuse_port=shared or None).start()
    return runner
