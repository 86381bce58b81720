"""Every parser of outside text, fed with broken input: by chance, and guided by coverage."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from seedbox.config.benches import fuzz
from seedbox.config.benches.files import BenchFailed
from tests.box import ROOT
from tests.servers import PROVE

INPUTS = 10_000 * PROVE
GUIDED_RUNS = 500 * PROVE
GUIDED_LIMIT_S = 60 + 6 * PROVE
CORPUS_LIMIT_BYTES = 2 * 1024 * 1024
SMALL_BYTES = 64 * 1024
BROKEN = "tests.fuzz.broken"


def kept(corpus: Path) -> dict[str, list[bytes]]:
    return {
        folder.name: [path.read_bytes() for path in sorted(folder.iterdir())] for folder in sorted(corpus.iterdir())
    }


class TestEveryParser:
    @pytest.mark.timeout(120 + 10 * PROVE)
    def test_refuses_or_takes_whatever_it_is_given_in_time(self) -> None:
        said: list[str] = []
        figures = fuzz.run(inputs=INPUTS, seed=PROVE, say=said.append)
        assert (figures["crashes"], figures["hangs"]) == (0, 0), "\n".join(said)
        assert figures["inputs"] >= INPUTS
        assert figures["inputs"] == sum(figures["targets"].values())
        assert min(figures["targets"].values()) > 0
        assert figures["inputs_per_s"] > 0

    @pytest.mark.timeout(GUIDED_LIMIT_S + 60)
    def test_stands_inputs_that_are_led_by_what_they_reach(self, tmp_path: Path) -> None:
        guided = subprocess.run(
            [sys.executable, "-m", "tests.fuzz.guided", str(GUIDED_RUNS), str(tmp_path)],
            cwd=ROOT,
            env=os.environ | {"DJANGO_SETTINGS_MODULE": "seedbox.config.settings"},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=GUIDED_LIMIT_S,
            check=False,
        )
        assert guided.returncode == 0, guided.stderr[-4_000:]
        assert f"Done {GUIDED_RUNS} runs" in guided.stderr, guided.stderr[-4_000:]


class TestTheCorpus:
    def test_has_inputs_for_every_target_and_for_no_other(self) -> None:
        targets = importlib.import_module(fuzz.TARGETS).TARGETS
        assert sorted(kept(fuzz.CORPUS)) == sorted(target.name for target in targets)
        assert all(kept(fuzz.CORPUS).values())

    def test_is_small_and_holds_nothing_twice(self) -> None:
        for name, inputs in kept(fuzz.CORPUS).items():
            assert len(set(inputs)) == len(inputs), f"{name} holds an input twice"
            assert max(map(len, inputs)) <= SMALL_BYTES, f"{name} holds a large input"
        total_bytes = sum(len(data) for inputs in kept(fuzz.CORPUS).values() for data in inputs)
        assert total_bytes <= CORPUS_LIMIT_BYTES


class TestTheBench:
    def test_counts_and_keeps_what_raises_dies_or_never_ends(self, tmp_path: Path) -> None:
        for name, data in (("sound", b"d"), ("raises", b"ab"), ("dies", b"deadly"), ("never_ends", b"endless")):
            (tmp_path / name).mkdir()
            (tmp_path / name / "first").write_bytes(data)
        said: list[str] = []
        figures = fuzz.run(
            inputs=400, seed=1, say=said.append, corpus=tmp_path, targets=BROKEN, silence_s=1.5, alone_s=1.5
        )
        assert figures["hangs"] >= 1
        assert figures["targets"] == {"sound": 100, "raises": 100, "dies": 100, "never_ends": 100}
        counted = {line.partition(":")[0] for line in said}
        assert counted == {"raises", "dies", "never_ends"}
        found = kept(tmp_path)
        assert len(found["sound"]) == 1
        assert any(len(data) % 3 == 0 for data in found["raises"][:-1])
        assert found["dies"].count(b"deadly") == found["never_ends"].count(b"endless") == 2
        assert figures["crashes"] > len(found["raises"]) - 1, "one place is kept once, however often it was met"

    def test_says_what_to_do_without_a_corpus(self, tmp_path: Path) -> None:
        with pytest.raises(BenchFailed, match="copy of the source"):
            fuzz.run(inputs=1, seed=1, say=print, corpus=tmp_path / "none")
        with pytest.raises(BenchFailed, match="put one good input"):
            fuzz.run(inputs=1, seed=1, say=print, corpus=tmp_path, targets=BROKEN)
