"""What the signer remembers: what happens when some of it is lost, and how it is backed up and put back."""

import json
import sqlite3
from pathlib import Path

import pytest

from tests.signers import (
    HOT,
    NOW_MS,
    PASSPHRASE,
    QUICK_N,
    WORDS,
    change,
    found_signer,
    header,
    place_in,
    proof_of,
    request,
    signer_in,
)
from wallet.domain.tron.addresses import to_base58
from wallet.signer import backups, founding, key_files, keystore
from wallet.signer.backups import BadBackup
from wallet.signer.founding import KeysExist
from wallet.signer.protocol import SignerLocked, SignerRefused
from wallet.signer.sealing import WrongKey
from wallet.signer.secret import Secret
from wallet.signer.store import NEWEST_FILE, STORE_FILE, BrokenStore, Store


class TestTheStore:
    """Case 59: whatever is lost of it, nothing is signed until a person confirms."""

    def signed(self, folder: Path) -> bytes:
        signer = found_signer(folder)
        signature = signer.sign(request())
        signer.sign(request(key="withdrawal/18/1"))
        signer.close()
        return signature

    def shorten(self, folder: Path) -> None:
        with sqlite3.connect(folder / STORE_FILE) as database:
            database.executescript("DROP TRIGGER entry_is_kept; DELETE FROM entry WHERE subject = 'withdrawal/18/1'")
        database.close()

    def copy(self, folder: Path) -> None:
        content = (folder / STORE_FILE).read_bytes()
        (folder / STORE_FILE).rename(folder / "old")
        (folder / STORE_FILE).write_bytes(content)

    @pytest.mark.parametrize("lose", ["all of it", "its end", "its place", "the note beside it"])
    def test_that_lost_something_signs_nothing_until_a_person_confirms(self, tmp_path: Path, lose: str) -> None:
        signature = self.signed(tmp_path)
        folder = tmp_path / "signer"
        match lose:
            case "all of it":
                (folder / STORE_FILE).unlink()
            case "its end":
                self.shorten(folder)
            case "its place":
                self.copy(folder)
            case "the note beside it":
                (folder / NEWEST_FILE).unlink()
        signer = signer_in(tmp_path)
        assert "wallet confirm" in signer.status().why_not
        for asked in (request(), request(key="withdrawal/19/1")):
            with pytest.raises(SignerLocked, match="wallet confirm"):
                signer.sign(asked)
        with pytest.raises(SignerLocked):
            signer.confirm_address(1)
        with pytest.raises(SignerRefused, match="reason"):
            signer.confirm(" ")
        signer.confirm("looked into it")
        assert signer.sign(request()) == signature
        signer.close()
        again = signer_in(tmp_path)
        assert again.status().ready
        again.close()

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE entry SET body = replace(body, '5000000', '6000000') WHERE kind = 'signature'",
            "UPDATE entry SET subject = 'withdrawal/99/1' WHERE subject = 'withdrawal/17/1'",
            "DELETE FROM entry WHERE subject = 'withdrawal/17/1'",
            "UPDATE entry SET number = number + 100 WHERE subject = 'withdrawal/18/1'",
            "INSERT INTO entry SELECT number + 1, at_ms, kind, 'a', body, hash FROM entry WHERE subject LIKE '%18/1'",
            "DELETE FROM entry",
            "DROP TABLE entry",
        ],
    )
    def test_that_was_altered_signs_nothing(self, tmp_path: Path, statement: str) -> None:
        self.signed(tmp_path)
        with sqlite3.connect(tmp_path / "signer" / STORE_FILE) as database:
            with pytest.raises(sqlite3.IntegrityError, match=r"entries|hash"):
                database.execute("UPDATE entry SET at_ms = 0")
            database.executescript("DROP TRIGGER entry_is_kept; DROP TRIGGER entry_stays")
            database.execute(statement)
        database.close()
        signer = signer_in(tmp_path)
        assert not signer.status().ready
        with pytest.raises(SignerLocked, match=r"changed|read|empty|shortened"):
            signer.sign(request(key="withdrawal/20/1"))

    def test_that_was_cut_to_nothing_signs_nothing(self, tmp_path: Path) -> None:
        self.signed(tmp_path)
        (tmp_path / "signer" / STORE_FILE).write_bytes(b"")
        assert not signer_in(tmp_path).status().ready

    def test_of_another_wallet_is_not_taken(self, tmp_path: Path) -> None:
        self.signed(tmp_path)
        store = Store(tmp_path / "signer", Secret(bytes(32)))
        with pytest.raises(BrokenStore, match="other keys"):
            list(store.open())
        store.close()

    def test_begins_anew_where_a_broken_one_was_moved_away(self, tmp_path: Path) -> None:
        self.signed(tmp_path)
        path = tmp_path / "signer" / STORE_FILE
        path.write_bytes(b"nonsense" * 1_000)
        signer = signer_in(tmp_path)
        with pytest.raises(SignerLocked, match="can't be read"):
            signer.confirm("it will do")
        path.rename(tmp_path / "broken")
        signer.confirm("it was broken; nothing newer is in the ledger")
        assert signer.sign(request())
        signer.close()


class TestABackup:
    def made(self, folder: Path) -> Path:
        """Return a backup, made while the signer runs, after an attempt that died and another."""
        signer = found_signer(folder)
        first, end = request(), header(130, after_s=60)
        signer.sign(first)
        signer.sign(request(key="withdrawal/17/2", block=end, dead_proof=proof_of(first, end)))
        place = place_in(folder)
        kept = keystore.load(place.keys)
        key = key_files.read(place.key_file)[str(kept.wrap)]
        lock = founding.lock_by_passphrase(PASSPHRASE, n=QUICK_N)
        backups.write(backups.make(place.folder, kept, key, lock), folder / "backup.json")
        signer.close()
        return folder / "backup.json"

    def test_drill_a_lost_machine_is_put_back_and_signs_nothing_twice(self, tmp_path: Path) -> None:
        backup = backups.read(self.made(tmp_path / "lost"))
        with backup.phrase(PASSPHRASE) as phrase:
            place = place_in(tmp_path / "found")
            lock = founding.lock_by_key_file(place.key_file)
            founding.found(place.folder, phrase, lock, network="devnet", at_ms=NOW_MS, entries=backup.entries)
        signer = signer_in(tmp_path / "found")
        assert signer.status().hot_address == to_base58(HOT)
        assert signer.status().newest_signed is not None
        with pytest.raises(SignerLocked, match="wallet confirm"):
            signer.sign(request(key="withdrawal/18/1"))
        signer.confirm("drill")
        with pytest.raises(SignerRefused, match="comes after attempt 2"):
            signer.sign(request(block=header(140)))
        assert signer.sign(request(key="withdrawal/18/1"))
        signer.close()

    def test_has_no_secret_in_clear_and_is_its_owners_alone(self, tmp_path: Path) -> None:
        path = self.made(tmp_path)
        assert not any(f'"{word}' in path.read_text() for word in WORDS.split())
        assert path.stat().st_mode & 0o077 == 0
        with pytest.raises(FileExistsError):
            backups.write(backups.read(path), path)

    def test_opens_by_its_passphrase_alone(self, tmp_path: Path) -> None:
        path = self.made(tmp_path)
        with pytest.raises(WrongKey):
            backups.read(path).phrase(Secret(b"another"))
        change(path, lambda content: content["keystore"].update(hot_address="T"))
        with pytest.raises(WrongKey, match="altered"):
            backups.read(path).phrase(PASSPHRASE)

    def test_with_altered_entries_is_not_put_back(self, tmp_path: Path) -> None:
        path = self.made(tmp_path)
        change(path, lambda content: content["entries"].pop(2))
        place = place_in(tmp_path / "found")
        with pytest.raises(BrokenStore):
            founding.found(
                place.folder,
                Secret(WORDS.encode()),
                founding.lock_by_key_file(place.key_file),
                network="devnet",
                at_ms=NOW_MS,
                entries=backups.read(path).entries,
            )
        assert not place.folder.exists()
        assert [path.name for path in (tmp_path / "found").iterdir() if path.suffix != ".lock"] == ["signer.key"]

    @pytest.mark.parametrize("content", ["", "[]", "{}", '{"what": "seedbox wallet backup"}', "[" * 100_000])
    def test_that_is_none_is_named_so(self, tmp_path: Path, content: str) -> None:
        (tmp_path / "file").write_text(content)
        with pytest.raises(BadBackup):
            backups.read(tmp_path / "file")

    def test_with_a_number_too_long_to_read_is_named_so(self, tmp_path: Path) -> None:
        found_signer(tmp_path).close()
        kept = keystore.write(keystore.load(place_in(tmp_path).keys))
        kept["versions"]["1" * 5_000] = kept["versions"]["1"]
        content = {"what": backups.WHAT, "format": backups.FORMAT, "keystore": kept, "entries": []}
        with pytest.raises(BadBackup, match="another shape"):
            backups.parse(json.dumps(content).encode())


class TestAWallet:
    def test_is_never_made_over_another(self, tmp_path: Path) -> None:
        found_signer(tmp_path).close()
        before = {path.name: path.read_bytes() for path in (tmp_path / "signer").iterdir()}
        with pytest.raises(KeysExist, match="Nothing was changed"):
            found_signer(tmp_path)
        assert {path.name: path.read_bytes() for path in (tmp_path / "signer").iterdir()} == before

    def test_of_words_that_were_used_before_waits_for_a_person(self, tmp_path: Path) -> None:
        place = place_in(tmp_path)
        lock = founding.lock_by_key_file(place.key_file)
        founding.found(place.folder, Secret(WORDS.encode()), lock, network="devnet", at_ms=NOW_MS, entries=())
        signer = signer_in(tmp_path)
        assert "the store is empty" in signer.status().why_not
        signer.confirm("these words have signed nothing")
        assert signer.sign(request())
        signer.close()
