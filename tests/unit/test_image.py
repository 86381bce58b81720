"""The image and the compose file start what `manage.py up` starts, from the lock files, with little allowed."""

import re

from seedbox.config.children import PROCESSES
from tests.box import ROOT
from tests.prove import dockerfile

BUILD, IMAGE = dockerfile.read()
COMPOSE = (ROOT / "docker" / "compose.yml").read_text()
EXAMPLE = (ROOT / "docker" / "env.example").read_text()
SECRETS = {"SEEDBOX_SECRET_KEY", "POSTGRES_PASSWORD", "VALKEY_PASSWORD"}


class TestTheImage:
    def test_installs_from_the_lock_alone(self) -> None:
        steps = [rest for name, rest in BUILD.steps if name == "RUN" and "apt-get" not in rest]
        assert len(steps) == 1
        assert steps[0].startswith("make setup REQUIREMENTS=requirements/run.txt")
        assert "pip" not in "".join(rest for name, rest in IMAGE.steps if name == "RUN")
        assert "--require-hashes" in (ROOT / "Makefile").read_text()
        assert "npm ci --ignore-scripts" in (ROOT / "Makefile").read_text()

    def test_starts_what_people_start(self) -> None:
        assert IMAGE.start_command == [".venv/bin/python", "manage.py", "up"]
        assert IMAGE.health_command == [".venv/bin/python", "manage.py", "alive"]
        assert IMAGE.last("STOPSIGNAL") == "SIGTERM"

    def test_runs_as_nobody_special(self) -> None:
        assert IMAGE.last("USER") == "box"

    def test_lets_the_builder_see_only_what_it_copies(self) -> None:
        copied = {
            source.rstrip("/")
            for stage in (BUILD, IMAGE)
            for name, rest in stage.steps
            if name == "COPY" and not rest.startswith("--from=")
            for source in rest.split()[:-1]
        }
        lines = (ROOT / ".dockerignore").read_text().splitlines()
        assert "*" in lines
        assert {line[1:] for line in lines if line.startswith("!")} == copied


class TestTheComposeFile:
    def test_starts_each_process_by_the_command_of_people(self) -> None:
        assert sorted(re.findall(r"command: \[up, --only, (\w+)\]", COMPOSE)) == sorted(PROCESSES)
        assert sorted(re.findall(r"command: \[(\w+)[,\]]", COMPOSE)) == ["devnet", "signer", *["up"] * len(PROCESSES)]

    def test_starts_nothing_without_secrets_of_its_own(self) -> None:
        asked = set(re.findall(r"\$\{(\w+):\?", COMPOSE))
        assert asked == SECRETS | {"SEEDBOX_PUBLIC_URL"}
        assert all(re.search(rf"^{name}=$", EXAMPLE, re.MULTILINE) for name in SECRETS)

    def test_explains_every_variable_in_the_example(self) -> None:
        used = set(re.findall(r"\$\{(\w+)", COMPOSE))
        explained = set(re.findall(r"^([A-Z_]+)=", EXAMPLE, re.MULTILINE))
        assert used | {"COMPOSE_PROFILES"} == explained

    def test_gives_each_process_as_little_as_it_needs(self) -> None:
        ours = COMPOSE.partition("x-environment:")[0]
        for line in ("read_only: true", "cap_drop:\n    - ALL", "no-new-privileges:true"):
            assert line in ours
        assert COMPOSE.count("<<: *process") == len(PROCESSES) + 2  # and signer and devnet
        published = re.findall(r"^      - (\S+:\d+)$", COMPOSE, re.MULTILINE)
        assert all(port.startswith("127.0.0.1:") for port in published)
        assert len(published) == 3

    def test_keeps_the_keys_from_every_other_process(self) -> None:
        signer = COMPOSE.partition("\n  signer:\n")[2].partition("\n\n")[0]
        for line in ('user: "10002:10001"', "network_mode: none", "depends_on: []", "core: 0"):
            assert line in signer
        assert not {"DATABASE_URL", "REDIS_URL", "POSTGRES_PASSWORD", "*environment"} & set(
            re.findall(r"[*\w]+", signer)
        )
        assert COMPOSE.count("/keys") == signer.count("/keys") == 2
        assert "useradd --uid 10002 --gid box" in "".join(rest for name, rest in IMAGE.steps if name == "RUN")
