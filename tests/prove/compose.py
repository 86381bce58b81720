"""Ask Docker itself whether the compose file is valid, where it can be asked."""

import os
import subprocess

from tests.box import ROOT
from tests.prove import NotRun

COMPOSE = ROOT / "docker" / "compose.yml"
ANSWER_WAIT_S = 60
NEEDED = ("SEEDBOX_SECRET_KEY", "SEEDBOX_PUBLIC_URL", "POSTGRES_PASSWORD", "VALKEY_PASSWORD")


def check_compose() -> str:
    """Raise NotRun without the plug-in, AssertionError with what it says."""
    version = subprocess.run(
        ["sh", "-c", "docker compose version"], capture_output=True, timeout=ANSWER_WAIT_S, check=False
    )
    if version.returncode != 0:
        raise NotRun("docker/compose.yml was not given to Docker: its compose plug-in is not here; tests read its text")
    profiles = ["--profile", "wallet", "--profile", "devnet", "--profile", "metrics"]
    command = ["docker", "compose", "--file", str(COMPOSE), *profiles, "config", "--quiet"]
    environ = {**os.environ, **dict.fromkeys((*NEEDED, "SEEDBOX_METRICS_TOKEN"), "x")}
    check = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=ANSWER_WAIT_S, check=False)
    assert check.returncode == 0, f"docker compose config says: {check.stderr}"
    return "Docker finds it valid"
