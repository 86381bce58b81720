"""How the signer keeps keys: sealed, bound to their place, sealed anew, to be opened by whom they should."""

import errno
import fcntl
import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.at_once import at_once
from tests.signers import (
    HOT,
    PASSPHRASE,
    WORDS,
    Json,
    change,
    found_signer,
    place_in,
    request,
    signer_in,
)
from wallet.domain.networks import DEVNET, MAINNET, NILE
from wallet.domain.tron.addresses import to_base58
from wallet.signer import founding, key_files, keystore, rotation, rules, sealing
from wallet.signer.founding import Lock
from wallet.signer.keystore import Purpose
from wallet.signer.policy import TRC20, Limit, Rules
from wallet.signer.protocol import SignerLocked, SignerRefused
from wallet.signer.sealing import WrongKey
from wallet.signer.secret import Secret
from wallet.signer.signer import Place


class TestASecret:
    def test_shows_itself_to_nobody(self) -> None:
        secret = Secret(b"junk")
        assert [f"{secret}", f"{secret!r}", f"{secret:>9}", str([secret]), repr({"a": secret})] == [
            "***",
            "***",
            "***",
            "[***]",
            "{'a': ***}",
        ]
        with pytest.raises(TypeError):
            pickle.dumps(secret)
        with secret:
            assert secret.reveal() == b"junk"
        assert secret.reveal() == bytes(4)


class TestTheKeystore:
    def test_has_no_secret_in_clear(self, tmp_path: Path) -> None:
        found_signer(tmp_path)
        text = place_in(tmp_path).keys.read_text()
        assert to_base58(HOT) in text
        assert not any(word in text for word in WORDS.split())
        assert [path.stat().st_mode & 0o077 for path in (tmp_path / "signer").iterdir()] == [0, 0, 0]

    def test_opens_by_its_passphrase_alone(self, tmp_path: Path) -> None:
        signer = found_signer(tmp_path, passphrase=True)
        assert "wallet unlock" in signer.status().why_not
        with pytest.raises(SignerLocked):
            signer.sign(request())
        with pytest.raises(SignerRefused, match="the passphrase or key is wrong"):
            signer.unlock(Secret(b"a long passphrase of oskar"))
        assert not signer.status().ready
        signer.unlock(PASSPHRASE)
        signer.unlock(PASSPHRASE)
        assert signer.sign(request())
        signer.close()

    @pytest.mark.parametrize(
        ("why", "alter"),
        [
            ("altered", lambda content: content["versions"]["1"]["secrets"]["phrase"].update(ciphertext="00" * 80)),
            ("altered", lambda content: content["versions"]["1"]["data_key"].update(nonce="00" * 12)),
            ("altered", lambda content: content.update(wallet="another")),
            ("names other addresses", lambda content: content.update(hot_address=to_base58(HOT)[::-1])),
            ("names other addresses", lambda content: content.update(account_xpub="xpub")),
            ("no key for this keystore", lambda content: content["versions"]["1"].update(wrap="0" * 16)),
            ("those for nile", lambda content: content.update(network="nile")),
            ("is missing", lambda content: content.update(current=2)),
            ("another shape", lambda content: content.pop("versions")),
            ("other secrets", lambda content: content["versions"]["1"].update(secrets={})),
            ("not hexadecimal", lambda content: content["versions"]["1"]["data_key"].update(nonce="zz")),
        ],
    )
    def test_that_was_altered_opens_nothing(self, tmp_path: Path, why: str, alter: Callable[[Json], None]) -> None:
        found_signer(tmp_path).close()
        change(place_in(tmp_path).keys, alter)
        signer = signer_in(tmp_path)
        assert why in signer.status().why_not
        with pytest.raises(SignerLocked, match=why):
            signer.sign(request())
        with pytest.raises(SignerLocked, match=why):
            signer.account_xpub()

    def test_opens_no_ciphertext_that_was_moved(self, tmp_path: Path) -> None:
        """To another purpose, another version, another network."""
        key = Secret(bytes(32))
        bare = keystore.Keystore("w", "devnet", "T", "xpub", 1, {})
        both = bare.with_version({Purpose.PHRASE: Secret(b"words"), Purpose.HUB: Secret(b"hub")}, key, "id")
        assert both.opened(key)[Purpose.HUB].reveal() == b"hub"
        version = both.versions[1]
        swapped = {"phrase": version.secrets["hub"], "hub": version.secrets["phrase"]}
        moved = [
            replace(both, versions={1: replace(version, secrets=swapped)}),
            replace(both, versions={2: version}, current=2),
            replace(both, network="mainnet"),
            replace(both, set_id="v"),
        ]
        for one in moved:
            with pytest.raises(WrongKey):
                one.opened(key)

    @pytest.mark.parametrize(
        ("n", "r", "p"), [(2**21, 8, 1), (3, 8, 1), (16, 1_000, 1), (16, 8, 5), (0, 8, 1), (16, 8, -1)]
    )
    def test_does_not_let_a_strangers_file_eat_the_machine(self, n: int, r: int, p: int) -> None:
        with pytest.raises(WrongKey, match="cost"):
            sealing.stretch(PASSPHRASE, sealing.Scrypt(n, r, p, bytes(16)))

    @pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"[" * 60_000, b"{}" + b" " * 70_000])
    def test_that_is_none_is_named_so(self, tmp_path: Path, content: bytes) -> None:
        found_signer(tmp_path).close()
        place_in(tmp_path).keys.write_bytes(content)
        assert "is no keystore" in signer_in(tmp_path).status().why_not


class TestTheKeyFile:
    @pytest.mark.parametrize(
        ("why", "spoil"),
        [
            ("can't be read", lambda path: path.unlink()),
            ("others may read", lambda path: path.chmod(0o640)),
            ("is no key", lambda path: path.write_text("nonsense\n")),
            ("has no key for", lambda path: path.write_text("")),
            ("altered", lambda path: path.write_text(f"{path.read_text().split()[0]} {'00' * 32}\n")),
        ],
    )
    def test_that_is_not_right_opens_nothing(self, tmp_path: Path, why: str, spoil: Callable[[Path], None]) -> None:
        found_signer(tmp_path).close()
        spoil(place_in(tmp_path).key_file)
        signer = signer_in(tmp_path)
        assert why in signer.status().why_not
        with pytest.raises(SignerLocked):
            signer.sign(request())

    def test_loses_no_key_of_many_that_come_at_once(self, tmp_path: Path) -> None:
        path = tmp_path / "keys" / "signer.key"
        made = at_once(*[lambda: founding.lock_by_key_file(path).wrap] * 8)
        assert set(key_files.read(path)) == set(made)
        assert len(set(made)) == 8

    def test_is_noticed_once_it_is_mended(self, tmp_path: Path) -> None:
        signer = found_signer(tmp_path)
        path = place_in(tmp_path).key_file
        away = path.rename(tmp_path / "away")
        assert not signer.status().ready
        away.rename(path)
        assert signer.status().ready
        signer.close()

    def test_is_warned_of_where_money_has_a_worth(self, tmp_path: Path) -> None:
        for network, expected in ((DEVNET, []), (NILE, ["signer.key"]), (MAINNET, ["signer.key", "limits"])):
            signer = found_signer(tmp_path / network.name, network=network)
            notices = signer.status().notices
            assert len(notices) == len(expected)
            assert all(word in notice for word, notice in zip(expected, notices, strict=True))
            signer.close()
            narrow = Limit(1, 1, 1)
            signer.set_rules(Rules({**rules.DEFAULT.limits, TRC20: narrow}, rules.DEFAULT.fee_limit_sun))
            assert len(signer.status().notices) == len(expected)
        sealed = found_signer(tmp_path / "sealed", network=NILE, passphrase=True)
        assert sealed.status().notices == ()


class TestANewFile:
    def test_is_written_where_a_disk_has_no_links_and_replaces_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(path: Path, _: Path) -> None:
            raise PermissionError(errno.EPERM, "Operation not permitted", str(path))

        monkeypatch.setattr(Path, "hardlink_to", refuse)  # as FAT does
        key_files.write_whole(tmp_path / "backup", b"first", replacing=False)
        with pytest.raises(FileExistsError):
            key_files.write_whole(tmp_path / "backup", b"second", replacing=False)
        assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("backup", b"first")]
        assert (tmp_path / "backup").stat().st_mode & 0o777 == 0o600


def key_of(kept: keystore.Keystore, place: Place) -> Secret:
    if isinstance(kept.wrap, str):
        return key_files.read(place.key_file)[kept.wrap]
    return sealing.stretch(PASSPHRASE, kept.wrap)


@contextmanager
def lock_file(place: Place) -> Iterator[int]:
    descriptor = os.open(place.keys.with_name(f"{place.keys.name}.lock"), os.O_RDWR)
    yield descriptor
    os.close(descriptor)


class TestARotation:
    @pytest.mark.parametrize("steps_done", range(5))
    @pytest.mark.parametrize("sealed_by", ["passphrase", "key file"])
    def test_may_be_interrupted_anywhere_and_done_again(self, tmp_path: Path, steps_done: int, sealed_by: str) -> None:
        found_signer(tmp_path, passphrase=sealed_by == "passphrase").close()
        place = place_in(tmp_path)
        old = keystore.load(place.keys)
        old_key = key_of(old, place)
        self.begin(place, old_key, steps_done)
        signer = signer_in(tmp_path)
        if keystore.load(place.keys).needs_passphrase:
            signer.unlock(PASSPHRASE)
        assert signer.status().hot_address == to_base58(HOT)
        signer.close()

        anothers = founding.lock_by_key_file(place.key_file)
        sealed = {one.wrap for one in keystore.load(place.keys).versions.values()}
        now_key = key_of(keystore.load(place.keys), place)
        rotation.rotate(place, now_key, lambda: founding.lock_by_key_file(place.key_file))
        after = keystore.load(place.keys)
        assert len(after.versions) == 1
        assert {after.wrap, anothers.wrap} <= key_files.read(place.key_file).keys()
        assert not {old.wrap, *sealed} & key_files.read(place.key_file).keys()
        with pytest.raises(WrongKey):
            after.opened(old_key)
        signer = signer_in(tmp_path)
        assert signer.status().ready
        signer.close()

    def begin(self, place: Place, old_key: Secret, steps: int) -> None:
        if steps > 0:
            new = founding.lock_by_key_file(place.key_file)
        if steps > 1:
            rotation.add_version(place, old_key, new)
        if steps > 2:
            rotation.switch(place)
        if steps > 3:
            rotation.drop_old_versions(place)

    def test_with_a_wrong_key_changes_nothing(self, tmp_path: Path) -> None:
        found_signer(tmp_path).close()
        place = place_in(tmp_path)
        before = place.keys.read_bytes()
        keys = place.key_file.read_bytes()
        with pytest.raises(WrongKey):
            rotation.rotate(place, Secret(bytes(32)), lambda: founding.lock_by_key_file(place.key_file))
        assert (place.keys.read_bytes(), place.key_file.read_bytes()) == (before, keys)

    def test_makes_its_key_while_no_other_runs(self, tmp_path: Path) -> None:
        found_signer(tmp_path).close()
        place = place_in(tmp_path)

        def new() -> Lock:
            with lock_file(place) as second, pytest.raises(BlockingIOError):
                fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return founding.lock_by_key_file(place.key_file)

        rotation.rotate(place, key_of(keystore.load(place.keys), place), new)
        assert list(key_files.read(place.key_file)) == [keystore.load(place.keys).wrap]

    def test_that_lost_the_keys_of_old_versions_still_opens(self, tmp_path: Path) -> None:
        found_signer(tmp_path).close()
        place = place_in(tmp_path)
        self.begin(place, key_of(keystore.load(place.keys), place), 3)
        before = place.keys.read_bytes()
        rotation.drop_old_versions(place)
        place.keys.write_bytes(before)  # as if it had been interrupted behind the key file
        signer = signer_in(tmp_path)
        assert signer.status().ready
        signer.close()
