"""The tutorial, followed to the letter: every command copied, every file written, from an empty folder."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp.test_utils import unused_port

from kernel.operations.demo import demo_bundles
from kernel.testing.people import Site

from ..processes import answers, config_of, running, until
from .packages import OFFLINE, ROOT, environment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

TUTORIAL = ROOT / "docs" / "plugins" / "tutorial.md"
_FENCE = re.compile(r"^```(\w+)(?: ([^\n]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass
class Reader:
    """Somebody at a shell who does what the tutorial says."""

    folder: Path
    site: Path

    def types(self, line: str) -> str:
        """One command of the tutorial; what it printed."""
        words = shlex.split(line)
        if words[0] == "cd":
            self.folder = self.folder / words[1]
            return ""
        if words == ["pip", "install", "--editable", "."]:
            # The same, into a folder of this test instead of the environment that runs it.
            command = [sys.executable, "-m", "pip", "install", *OFFLINE, "--upgrade", "--target", str(self.site), "."]
        else:
            program = {"greenroom": ["kernel"], "pytest": ["pytest", "-q", "-p", "no:cacheprovider"]}.get(words[0])
            command = [sys.executable, "-m", *program, *words[1:]] if program else words
        done = subprocess.run(
            command, cwd=self.folder, env=environment(self.site), capture_output=True, text=True, timeout=600
        )
        assert done.returncode == 0, f"$ {line}\n{done.stdout[-3000:]}{done.stderr[-2000:]}"
        if words[0] == "pip":
            self._make_editable()
        return done.stdout

    def writes(self, how: str, text: str) -> None:
        """A file of the tutorial: whole, or a piece of one."""
        options = dict(part.partition("=")[::2] for part in re.split(r" (?=append|after=|replace=)", how))
        path = self.folder / options["file"]
        before = path.read_text() if path.is_file() else ""
        if "append" in options:
            text = before + "\n\n" + text
        elif after := options.get("after"):
            assert after in before, f"{path.name} has no line {after!r}"
            text = before.replace(after + "\n", after + "\n\n" + text, 1)
        elif function := options.get("replace"):
            found = re.search(rf"^async def {function}\(.*?(?=^\S)", before, re.MULTILINE | re.DOTALL)
            assert found, f"{path.name} has no function {function}"
            text = before.replace(found.group(), text + "\n\n", 1)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def _make_editable(self) -> None:
        """What `--editable` means: the sources themselves are on the path."""
        package = self.folder.name
        shutil.rmtree(self.site / package)
        os.symlink(self.folder / package, self.site / package)


async def test_following_the_tutorial_ends_with_a_plugin_that_is_on(tmp_path: Path) -> None:
    reader = Reader(tmp_path, tmp_path / "site")
    said: list[str] = []
    demo = False
    for kind, how, text in _FENCE.findall(TUTORIAL.read_text()):
        if kind == "console":
            for line in (line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ ")):
                if line == "greenroom demo":
                    demo = True  # it serves until it is told to stop: below
                else:
                    said.append(reader.types(line))
        elif how:
            reader.writes(how, text)
    assert demo
    # The grade: every must is kept; the new words are not translated yet, as the tutorial says.
    graded = said[-1]
    assert graded.startswith("reading_list 0.1.0: grade B"), graded
    assert "weak  It is translated into every language" in graded
    await _switch_on(reader)


async def _switch_on(reader: Reader) -> None:
    """The last step: sign in as the owner of the demo's tenant and switch it on under Settings > Plugins."""
    port = unused_port()
    data = reader.folder.parent / "demo"
    path = environment(reader.site)["PYTHONPATH"]
    arguments = ("demo", "--port", str(port), "--data", str(data))
    with running(*arguments, report=reader.folder.parent / "demo.log", PYTHONPATH=path) as program:
        await until(lambda: answers(port), 90)
        bundle = demo_bundles(config_of(port, data))[0]
        owner = next(a for a in bundle.accounts if "owner" in a.roles)
        site = Site(f"{bundle.slug}.localhost", port)
        try:
            page = await site.get("/sign-in")
            form = page.fields() | {"email": owner.email, "password": "greenroom-demo"}
            assert (await site.post("/sign-in", form)).status == 303
            assert (await site.get("/reading-list")).status == 404
            switched = await site.post("/admin/plugins/reading_list", {"on": "1", "reason": "tutorial"})
            assert switched.status == 303
            added = await site.post("/reading-list", {"text": "A book", "link": "https://example.org/book"})
            assert added.status == 303
            shown = await site.get("/reading-list")
            assert "https://example.org/book" in shown.text
            assert "Reading list" in (await site.get("/home")).text
        finally:
            await site.close()
        program.signal()
        assert await program.ended(15) == 0
