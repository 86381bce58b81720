"""The development chain's state file: what survives a restart, a SIGKILL and a full disk."""

import asyncio
import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.box import ROOT
from tests.devnet_child import REORG
from tests.devnet_replay import check_supply, replayed
from tests.devnet_scene import ALICE, BOB, Scene, trx
from tests.small_disk import SmallDisk
from wallet.devnet.answers import Code
from wallet.devnet.application import Application
from wallet.devnet.chain import Devnet
from wallet.devnet.endpoint import Endpoint
from wallet.devnet.http import Arrived
from wallet.devnet.parameters import Lags
from wallet.devnet.state_file import StateFileInUse, StateFileUnreadable, StateFileUnwritable

KILLS = 3


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "chain.sqlite3"


@pytest.fixture
def scene(path: Path) -> Iterator[Scene]:
    scene = Scene(path)
    yield scene
    scene.chain.close()


def opened_again(scene: Scene, path: Path) -> Scene:
    scene.chain.close()
    again = Scene(path)
    again.hand.at_ms = scene.hand.at_ms
    return again


class TestARestart:
    def test_finds_everything_but_what_was_pending(self, scene: Scene, path: Path) -> None:
        scene.pay(ALICE, trc10=5, trc20=10**20)
        scene.pay(BOB)
        info = scene.succeed(trx(ALICE, BOB), ALICE)
        scene.chain.set_clock_offset(1_000)
        pending = scene.raw(trx(ALICE, BOB, 2))
        scene.send(pending, ALICE)
        blocks, values = scene.head.blocks(0, 99), scene.chain.written_values()
        again = opened_again(scene, path)
        assert again.head.blocks(0, 99) == blocks
        assert again.chain.written_values() == values
        assert again.head.info(info.tx_id) == info
        assert again.chain.summary().clock_offset_ms == 1_000
        assert again.chain.pending_size() == 0
        assert again.send(pending, ALICE).code is Code.SUCCESS
        again.chain.close()

    def test_can_still_go_back_and_show_what_was(self, scene: Scene, path: Path) -> None:
        scene.pay(ALICE)
        scene.pay(BOB)
        scene.succeed(trx(ALICE, BOB), ALICE)
        again = opened_again(scene, path)
        solid = again.solid.account(BOB.address)
        assert solid is None
        again.chain.set_lags(Lags(solid=9))
        again.chain.reorg(2, drop=True, is_forced=True)
        assert again.head.account(BOB.address) is None
        assert again.chain.written_values() == dict(replayed(again.head).items())
        again.chain.close()

    def test_after_a_reset_begins_with_the_same_genesis(self, scene: Scene, path: Path) -> None:
        genesis_id = scene.head.blocks(0, 1)[0].id
        scene.pay(ALICE)
        scene.chain.reset()
        again = opened_again(scene, path)
        assert again.head.blocks(0, 1)[0].id == genesis_id
        assert again.head.tip().number == 1
        assert again.head.account(ALICE.address) is None
        again.chain.close()


class TestAKill:
    def test_loses_no_block_that_anybody_has_seen(self, path: Path) -> None:
        chance = random.Random(7)
        for _ in range(KILLS):
            lines = killed_after(path, chance.randint(8, 30))
            chain = Devnet(state_path=path, lags=Lags(solid=6))
            view = chain.view(is_solid=False)
            head_id, solid_id = next(line for line in reversed(lines) if line != REORG).split()
            assert view.block_by_id(bytes.fromhex(solid_id)) is not None
            assert view.block_by_id(bytes.fromhex(head_id)) is not None or lines[-1] == REORG
            assert chain.written_values() == dict(replayed(view).items())
            check_supply(chain.written_values())
            chain.close()


def killed_after(path: Path, count: int) -> list[str]:
    """Run a chain until it has written so many lines; return all that it wrote before it was killed."""
    command = [sys.executable, "-m", "tests.devnet_child", str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        lines = [child.stdout.readline().strip() for _ in range(count)]
        child.kill()
        rest = child.stdout.read().splitlines(keepends=True)
    return [line for line in [*lines, *(whole.strip() for whole in rest if whole.endswith("\n"))] if line]


class TestAFile:
    def test_is_open_in_one_place_only(self, scene: Scene, path: Path) -> None:
        with pytest.raises(StateFileInUse):
            Devnet(state_path=path)
        assert scene.head.tip().number == 1

    def test_of_something_else_is_refused_and_left_alone(self, tmp_path: Path) -> None:
        text = tmp_path / "letter.txt"
        text.write_text("Dear Sir, " * 1_000)
        other = tmp_path / "other.sqlite3"
        with sqlite3.connect(other) as connection:
            connection.execute("CREATE TABLE letters (text TEXT)")
        connection.close()
        for path in (text, other):
            before = path.read_bytes()
            with pytest.raises(StateFileUnreadable):
                Devnet(state_path=path)
            assert path.read_bytes() == before

    def test_that_is_damaged_is_refused_in_a_sentence(self, scene: Scene, path: Path) -> None:
        scene.pay(ALICE)
        scene.chain.close()
        content = bytearray(path.read_bytes())
        content[4_096:] = bytes(len(content) - 4_096)
        path.write_bytes(content)
        with pytest.raises(StateFileUnreadable, match="remove it, or name another"):
            Devnet(state_path=path)

    def test_that_cannot_be_made_is_refused_in_a_sentence(self, tmp_path: Path) -> None:
        with pytest.raises(StateFileUnwritable, match="make room for it"):
            Devnet(state_path=tmp_path / "nowhere" / "chain.sqlite3")

    def test_that_takes_nothing_more_changes_nothing(self, tmp_path: Path) -> None:
        with SmallDisk(tmp_path / "disk", mebibytes=1) as disk:
            scene = Scene(disk.folder / "chain.sqlite3")
            scene.pay(ALICE)
            scene.pay(BOB)
            filler = disk.folder / "filler"
            with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
                while True:
                    file.write(bytes(4_096))
            answer = scene.send(scene.raw(trx(ALICE, BOB)), ALICE)
            before = scene.head.tip(), scene.account(BOB)
            with pytest.raises(StateFileUnwritable):
                scene.chain.mine(50)
            ordered = Arrived("POST", "/devnet/mine", {}, b'{"count": 50}')
            refused = asyncio.run(Application(Endpoint(scene.chain))(ordered))
            assert (refused.status, b"The state file cannot be written: make room" in refused.body) == (507, True)
            assert (scene.head.tip(), scene.account(BOB)) == before
            assert scene.chain.pending_ids() == (answer.tx_id,)
            filler.unlink()
            scene.block()
            assert scene.head.info(answer.tx_id) is not None
            scene.chain.close()
