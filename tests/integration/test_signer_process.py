"""The signer as a process: who may ask it, what it leaves behind when it is killed, what it never says."""

import json
import resource
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.box import ROOT
from tests.signer_process import STOP_WAIT_S, Running
from tests.signers import (
    HOT,
    PASSPHRASE,
    WORDS,
    found_in,
    found_signer,
    header,
    pays,
    place_in,
    request,
    secrets_of,
    signer_in,
)
from wallet.domain.tron.addresses import parse_address, to_base58
from wallet.domain.tron.keys import recover
from wallet.signer import hardening, keystore, sealing
from wallet.signer.client import SignerAway, SignerClient, SignerLocked, SignerRefused
from wallet.signer.keystore import Purpose
from wallet.signer.protocol import LENGTH, SignRequest, frame

STRANGER = 65_534
# As root at first, so that it finds its library; then as somebody else, who connects and passes on what it is told.
AS_ANOTHER = """
import os, socket, sys
os.setgroups([])
os.setresgid({uid}, {uid}, {uid})
os.setresuid({uid}, {uid}, {uid})
line = socket.socket(socket.AF_UNIX)
line.connect(sys.argv[1])
line.sendall(sys.stdin.buffer.read())
line.settimeout(10)
sys.stdout.buffer.write(line.recv(65536))
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A signer of the devnet, which makes its wallet by itself; also another user may ask it."""
    with tempfile.TemporaryDirectory() as folder:  # pytest's own are closed to other users
        Path(folder).chmod(0o755)
        settings = {"WALLET_SIGNER_SOCKET": f"{folder}/signer.sock", "WALLET_SIGNER_PEERS": str(STRANGER)}
        found = Running(tmp_path_factory.mktemp("signer") / "data", settings)
        with found.process():
            found.socket.chmod(0o666)
            yield found


def ask_as(uid: int, path: Path, question: dict[str, Any]) -> dict[str, Any]:
    told = subprocess.run(
        [sys.executable, "-c", AS_ANOTHER.format(uid=uid), str(path)],
        input=frame(question),
        capture_output=True,
        timeout=60,
        check=True,
    )
    found: dict[str, Any] = json.loads(told.stdout[LENGTH.size :])
    return found


class TestASignerOfTheDevnet:
    def test_makes_a_wallet_by_itself_for_its_own_user_alone(self, running: Running) -> None:
        status = running.client.status()
        assert (status.ready, status.network, status.notices) == (True, "devnet", ())
        made = [running.data / "signer", running.data / "signer.key", *(running.data / "signer").iterdir()]
        assert [path.name for path in made if path.stat().st_mode & 0o077] == []
        assert f"signs for devnet from {status.hot_address}" in running.log.read_text()

    def test_signs_what_its_client_asks(self, running: Running) -> None:
        hot = parse_address(running.client.status().hot_address or "")
        asked = request(pays(sender=hot))
        assert recover(asked.tx_id, running.client.sign(asked)) == hot
        with pytest.raises(SignerRefused, match="signed before"):
            running.client.sign(request(pays(6, sender=hot)))
        assert running.client.confirm_address(3) == running.client.confirm_address(3)
        assert running.client.addresses(0)[-1] == 3
        assert running.client.account_xpub().startswith("xpub")

    def test_signs_one_of_many_that_are_asked_for_one_attempt_at_once(self, running: Running) -> None:
        hot = parse_address(running.client.status().hot_address or "")
        asked = [request(pays(amount, sender=hot), key="withdrawal/77/1") for amount in range(1, 33)]

        def signature(one: SignRequest) -> bytes | None:
            try:
                return running.client.sign(one)
            except SignerRefused:
                return None

        entries = running.client.status().entries
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(signature, asked * 2))
        assert running.client.status().entries == entries + 1
        given = [(one, answer) for one, answer in zip(asked * 2, answers, strict=True) if answer]
        assert [recover(one.tx_id, answer) for one, answer in given] == [hot] * len(given)
        assert len(given) == 2
        assert len(set(given)) == 1

    def test_works_once_in_a_folder(self, running: Running) -> None:
        second = running.box.manage("signer")
        assert second.returncode == 1
        assert "another signer works in" in second.stderr

    def test_leaves_no_core_and_no_memory_to_others(self, running: Running) -> None:
        script = Path(hardening.__file__).read_text().partition('"""\n')[2]
        script += f"os.setresuid(*[{STRANGER}] * 3)\n"
        script += "_LIBC.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)\n"  # as at a start: a change of user closes it already
        script += "print(os.stat('/proc/self/mem').st_uid)\nkeep_memory_to_ourselves()\n"
        script += "print(resource.getrlimit(resource.RLIMIT_CORE), os.stat('/proc/self/mem').st_uid)"
        said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
        assert said == f"{STRANGER}\n(0, 0) 0\n"  # the kernel gives /proc/PID of such a process to root


class TestOtherUsers:
    def test_are_refused(self, running: Running) -> None:
        answer = ask_as(STRANGER - 1, running.socket, {"ask": "status"})
        assert answer == {"refused": f"user {STRANGER - 1} may not ask the signer"}

    def test_that_are_named_may_ask_for_what_a_worker_needs(self, running: Running) -> None:
        assert ask_as(STRANGER, running.socket, {"ask": "status"})["answer"]["ready"]
        assert ask_as(STRANGER, running.socket, {"ask": "confirm_address", "index": 0})["answer"].startswith("T")

    @pytest.mark.parametrize(
        "question",
        [
            {"ask": "unlock", "passphrase": "a guess"},
            {"ask": "confirm", "reason": "because"},
            {"ask": "rules"},
            {"ask": "set_rules", "rules": {}},
        ],
    )
    def test_that_are_named_may_not_rule_it(self, running: Running, question: dict[str, Any]) -> None:
        assert "own user" in ask_as(STRANGER, running.socket, question)["refused"]


class TestNonsense:
    @pytest.mark.parametrize(
        "question",
        [
            {},
            {"ask": "sing"},
            {"ask": ["sign"]},
            {"ask": "sign"},
            {"ask": "sign", "purpose": "withdrawal", "attempt_key": "withdrawal/1/1", "raw_bytes": "zz"},
            {"ask": "confirm_address", "index": -1},
            {"ask": "confirm_address", "index": 1e9},
            {"ask": "unlock", "passphrase": 7},
            {"ask": "unlock", "passphrase": "\ud800"},
            {"ask": "unlock", "passphrase": "ß" * 513},
            {"ask": "set_rules", "rules": {"limits": {}, "fee_limit_sun": 1}},
            {"ask": "confirm", "reason": "x" * 501},
        ],
    )
    def test_is_refused_and_nothing_else_happens(self, running: Running, question: dict[str, Any]) -> None:
        entries = running.client.status().entries
        with closing(socket.socket(socket.AF_UNIX)) as line:
            line.connect(str(running.socket))
            line.sendall(frame(question))
            assert b'"refused"' in line.recv(65_536)
        assert running.client.status().entries == entries

    @pytest.mark.parametrize(
        "sent", [b"\xff\xff\xff\xff", b"\0\0\0\0", b"\0\0\0\x02[]", b"GET / HTTP/1.1\r\n\r\n", b"\0"]
    )
    def test_that_is_no_frame_ends_the_connection(self, running: Running, sent: bytes) -> None:
        with closing(socket.socket(socket.AF_UNIX)) as line:
            line.connect(str(running.socket))
            line.sendall(sent)
            line.shutdown(socket.SHUT_WR)
            assert line.recv(1) == b""
        assert running.client.status().ready
        assert "Traceback" not in running.log.read_text()


class TestASignerThatIsKilled:
    def test_between_store_and_answer_has_signed_once(self, tmp_path: Path) -> None:
        found_signer(tmp_path).close()
        path, asked = tmp_path / "signer.sock", request()
        command = [sys.executable, "-m", "tests.signer_child", str(tmp_path), str(path)]
        child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
        with child:
            assert child.stdout
            assert child.stdout.readline() == b"ready\n"
            with pytest.raises(SignerAway, match="hung up"):
                SignerClient(path).sign(asked)
            assert child.wait(STOP_WAIT_S) == -signal.SIGKILL
        signer = signer_in(tmp_path)
        entries = signer.status().entries
        assert signer.status().newest_signed == (asked.attempt_key, asked.tx_id)
        signed = signer.signed_for("withdrawal/17")
        assert signed is not None and (signed.attempt_key, signed.raw_bytes) == (asked.attempt_key, asked.raw_bytes)
        assert signer.signed_for("withdrawal/1") is None
        with pytest.raises(SignerRefused, match="signed before, with other bytes"):
            signer.sign(request(block=header(101)))
        assert recover(asked.tx_id, signer.sign(asked)) == HOT
        assert signer.status().entries == entries
        signer.close()

    def test_comes_back_by_itself(self, tmp_path: Path) -> None:
        found_signer(tmp_path / "data").close()
        running = Running(tmp_path / "data")
        with running.process() as process:
            signature = running.client.sign(request())
            process.kill()
            process.wait()
        assert running.socket.exists()
        with running.process():
            assert running.client.sign(request()) == signature
        assert not running.socket.exists()


class TestASignerThatCannotWrite:
    def test_signs_nothing_until_it_can(self, tmp_path: Path) -> None:
        found_signer(tmp_path / "data").close()
        running = Running(tmp_path / "data")
        with running.process() as process:
            first = running.client.sign(request())
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (4_096, resource.RLIM_INFINITY))
            with pytest.raises(SignerAway, match="can't be written"):
                running.client.sign(request(key="withdrawal/18/1"))
            assert "look at its disk" in running.client.status().why_not
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            assert running.client.sign(request(key="withdrawal/18/1"))
            assert running.client.sign(request()) == first
            status = running.client.status()
        assert (status.ready, status.entries) == (True, 4)
        assert "Traceback" not in running.log.read_text()


class TestSecrets:
    """Case 58."""

    def test_are_in_nothing_that_a_signer_writes(self, tmp_path: Path) -> None:
        found_signer(tmp_path / "data", passphrase=True).close()
        running = Running(tmp_path / "data")
        place = place_in(tmp_path / "data")
        passphrase = PASSPHRASE.reveal().decode()
        with running.process() as process:
            with pytest.raises(SignerLocked):
                running.client.sign(request())
            with pytest.raises(SignerRefused):
                running.client.unlock("a long passphrase of oskar")
            told = running.box.manage("wallet", "unlock", stdin=f"{passphrase}\n")
            assert told.returncode == 0, told.stderr
            running.client.sign(request())
            with pytest.raises(SignerRefused):
                running.client.sign(request(memo=b"more"))
            seen = Path(f"/proc/{process.pid}/environ").read_bytes() + Path(f"/proc/{process.pid}/cmdline").read_bytes()
        assert to_base58(HOT) in told.stdout
        written = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        written |= {Path("what it told"): (told.stdout + told.stderr).encode(), Path("/proc"): seen}
        kept = keystore.load(place.keys)
        assert isinstance(kept.wrap, sealing.Scrypt)
        key = sealing.stretch(PASSPHRASE, kept.wrap)
        assert kept.opened(key)[Purpose.PHRASE].reveal().decode() == WORDS
        assert found_in(written, [*secrets_of(WORDS), passphrase.encode(), key.reveal()]) == []
