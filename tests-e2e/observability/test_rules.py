"""The alerts fire when they should and are silent when they should, by Prometheus's own promtool."""

import os
import shutil
import subprocess
import sys

import pytest

from .matrix import HERE, ROOT


def promtool(*arguments: str) -> "subprocess.CompletedProcess[str]":
    found = shutil.which("promtool")
    if found is None:
        if os.environ.get("AIGUY_TEST_REQUIRE_SERVERS") == "1":
            pytest.fail("promtool is missing: .ci/packages alerts")
        pytest.skip("promtool is missing: .ci/packages alerts")
    return subprocess.run([found, *arguments], cwd=HERE, capture_output=True, text=True, check=False)


def test_rules_are_sound() -> None:
    checked = promtool("check", "rules", *(str(path) for path in sorted((HERE / "rules").glob("*.yaml"))))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    configured = promtool("check", "config", str(HERE / "prometheus.yaml"))
    assert configured.returncode == 0, configured.stdout + configured.stderr


def test_alerts_fire_and_are_silent_as_their_examples_say() -> None:
    tried = promtool("test", "rules", *(str(path) for path in sorted((HERE / "rules" / "tests").glob("*.yaml"))))
    assert tried.returncode == 0, tried.stdout + tried.stderr


def test_dashboards_are_what_their_source_says() -> None:
    built = subprocess.run(
        [sys.executable, "k8s/observability/build.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stdout + built.stderr
