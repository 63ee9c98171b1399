"""Plugins that misbehave in every way there is, written into a folder as packages of their own."""

from __future__ import annotations

from pathlib import Path

from ..processes import ROOT

_SHAKY = """
import asyncio, socket, time
from datetime import timedelta
from aiohttp import web
from kernel import (
    Gate, Job, Route, SearchSource, Subscriber, Widget, enqueue, hookimpl, unit_of_work,
)

kept = []
ASIDE = {"gate": ""}

async def well(request):
    return web.Response(text="well")

async def raising(request):
    raise RuntimeError("the hose is cut")

async def hanging(request):
    await asyncio.Event().wait()

async def blocking(request):
    time.sleep(float(request.query.get("s", "3")))
    return web.Response(text="woke up")

async def wrong_type(request):
    return "no response"

async def leaking(request):
    one = socket.socket()
    one.bind(("127.0.0.1", 0))
    kept.append(one)
    async def forever():
        await asyncio.Event().wait()
    kept.append(asyncio.get_running_loop().create_task(forever()))
    return web.Response(text="leaked")

async def arm(request):
    ASIDE["gate"] = request.query["gate"]
    return web.Response(text="armed")

async def gate(request):
    if request.path != "/home":
        return
    if ASIDE["gate"] == "raise":
        raise RuntimeError("the gate is stuck")
    if ASIDE["gate"] == "hang":
        await asyncio.Event().wait()

async def widget_raises(subject):
    raise RuntimeError("the picture fell down")

async def widget_hangs(subject):
    await asyncio.Event().wait()

async def search_raises(words):
    raise RuntimeError("lost the index")

async def hears(happened):
    raise RuntimeError("deaf today")

async def job_raises():
    raise RuntimeError("job broke")

async def put_jobs(request):
    async with unit_of_work():
        await enqueue("shaky.raises")
    return web.Response(text="queued")

def _get(path, handler):
    return Route(method="GET", path="/shaky/" + path, handler=handler, name="shaky." + path, public=True)

@hookimpl
def register_routes():
    return [
        _get("well", well), _get("raising", raising), _get("hanging", hanging), _get("blocking", blocking),
        _get("wrong", wrong_type), _get("leaking", leaking), _get("arm", arm), _get("jobs", put_jobs),
    ]

@hookimpl
def register_gates():
    return [Gate(name="shaky.gate", check=gate)]

@hookimpl
def register_widgets():
    return [
        Widget(slot="landing", name="shaky.raises", render=widget_raises),
        Widget(slot="landing", name="shaky.hangs", render=widget_hangs),
    ]

@hookimpl
def register_search():
    return [SearchSource(name="shaky.search", find=search_raises)]

@hookimpl
def register_subscribers():
    return [Subscriber(event="kernel.plugin_switched.v1", handler=hears)]

@hookimpl
def register_jobs():
    return [Job(name="shaky.raises", func=job_raises, attempts=1)]

@hookimpl
async def on_enable(tenant):
    raise RuntimeError("cannot get up")
"""

#: id -> source of its plugin.py; each broken in another way at start-up.
SOURCES = {
    "shaky": _SHAKY,
    "noimport": 'raise RuntimeError("broken at import")\n',
    "nohook": (
        'from kernel import hookimpl\n@hookimpl\ndef register_routes():\n    raise ValueError("broken in a hook")\n'
    ),
    "behind": "",
}


def write(folder: Path) -> dict[str, str]:
    """Write them and a manifest beside the product's own; gives the environment that starts with them."""
    text = (ROOT / "plugin_manifest.toml").read_text()
    for pid, source in SOURCES.items():
        package = folder / f"{pid}_package"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("")
        (package / "plugin.py").write_text(source)
        requires = '"noimport"' if pid == "behind" else ""
        text += (
            f'\n[plugins.{pid}]\nmodule = "{pid}_package.plugin"\ntitle = "{pid.title()}"\nversion = "1.0.0"\n'
            f'api = ">=1.0,<2"\nrequires = [{requires}]\ndefault = true\n'
        )
    text += '\n[plugins.gone]\nmodule = "gone_package.plugin"\ntitle = "Gone"\nversion = "1.0.0"\napi = ">=1.0,<2"\n'
    manifest = folder / "plugin_manifest.toml"
    manifest.write_text(text)
    return {"GREENROOM_MANIFEST": str(manifest), "PYTHONPATH": str(folder)}
