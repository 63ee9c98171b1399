"""`greenroom tenant` and `greenroom setting` as an operator types them, on an installation of their own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .test_cli import greenroom

BUNDLE = """
slug = "zed"
name = "Zed"
hosts = ["zed.localhost"]
[plugins]
helpdesk = false
[settings]
"kernel.idle_days" = 9
[[accounts]]
email = "owner@zed.test"
name = "Zoe"
roles = ["owner"]
"""


@pytest.mark.slow
def test_a_tenants_life_by_command(tmp_path: Path) -> None:
    def run(*args: str, status: int = 0, stdin: str = "") -> str:
        done = greenroom(*args, "--data", str(tmp_path / "data"), cwd=tmp_path, stdin=stdin, GREENROOM_MODE="demo")
        assert done.returncode == status, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + (done.stderr if status else "")

    bundle, copy = tmp_path / "zed.toml", tmp_path / "copy.toml"
    bundle.write_text(BUNDLE, encoding="utf-8")
    assert "created zed: http://zed.localhost" in run("tenant", "create", "--bundle", str(bundle))
    assert "slug: there is a tenant zed already" in run("tenant", "create", "--bundle", str(bundle), status=1)
    run("tenant", "export", "zed", str(copy))
    assert '"kernel.idle_days" = 9' in copy.read_text(encoding="utf-8")
    assert "nothing to do" in run("tenant", "diff", "zed", str(copy))
    copy.write_text(copy.read_text(encoding="utf-8").replace('"kernel.idle_days" = 9', '"kernel.idle_days" = 11'))
    assert "~ settings.kernel.idle_days: 9 -> 11" in run("tenant", "diff", "zed", str(copy), status=2)
    assert "applied; to take it back" in run("tenant", "apply", "zed", str(copy))
    assert "nothing to do" in run("tenant", "apply", "zed", str(copy))
    kept = next((tmp_path / "data" / "bundles").glob("zed-*.toml"))
    assert "~ settings.kernel.idle_days: 11 -> 9" in run("tenant", "apply", "zed", str(kept))
    assert "rule for this tenant: locked" in run(
        "setting", "lock", "kernel.idle_days", "--tenant", "zed", "--reason", "contract"
    ) + run("setting", "explain", "kernel.idle_days", "--tenant", "zed")
    made = ("account", "create", "--tenant", "zed", "--email", "ann@zed.test", "--name", "Ann", "--password-stdin")
    assert "password: " in run(*made, status=1, stdin="zed\n")
    assert "created ann@zed.test in zed" in run(*made, stdin="a fine lamp for the porch\n")
    assert "there is no plugin or feature 'nope'" in run("plugin", "enable", "nope", "--tenant", "zed", status=1)
    run("tenant", "quota", "zed", "kernel.accounts", "3")
    run("tenant", "suspend", "zed", "--reason", "unpaid")
    shown = json.loads(run("tenant", "list", "--json"))
    assert (shown[0]["slug"], shown[0]["state"], shown[0]["state_reason"]) == ("zed", "suspended", "unpaid")
    assert {"id": "kernel.accounts", "used": 2, "limit": 3}.items() <= shown[0]["quotas"][0].items()
    assert "say that you mean it" in run("tenant", "delete", "zed", status=1)
    assert "0 rows are left" in run("tenant", "delete", "zed", "--confirm", "zed")
    assert "There are no tenants" in run("tenant", "list")
    assert "there is no tenant 'zed'" in run("tenant", "export", "zed", status=1)
