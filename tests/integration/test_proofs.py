"""Proofs from the books, on both databases, and the command that writes and checks them."""

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from seedbox.models import User
from tests.builders import NOW
from tests.ledger import ASSET, BTT, TREASURY, fund, lifted_guards, place_hold, post, transfer, user
from tests.proofs import make_inclusion, make_liability
from wallet import models
from wallet.domain.accounts import channel_account
from wallet.domain.kinds import TransferKind
from wallet.domain.money import Asset
from wallet.domain.proofs import BadProof, verify
from wallet.services import ledger, liabilities, proofs
from wallet.services.seals import seal_new

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

CHANNEL = "ab" * 16


def proof_command(*words: object) -> str:
    out = StringIO()
    call_command("proof", *map(str, words), stdout=out)
    return out.getvalue()


def post_and_seal(owner: User, stranger: User, *sizes: int) -> list[int]:
    fund(user(owner.pk), BTT)
    ids: list[int] = []
    for number, size in enumerate(sizes):
        wishes = [transfer(user(owner.pk), user(stranger.pk), 1, memo=f"nº {place}") for place in range(size)]
        ids += [outcome.transfer_id or 0 for outcome in ledger.post(wishes, now=NOW)]
        seal_new(now=NOW + timedelta(seconds=number))
    return ids


class TestTheProofOfATransfer:
    def test_holds_for_every_one(self, owner: User, stranger: User) -> None:
        ids = post_and_seal(owner, stranger, 9, 1, 4)
        newest = bytes(models.Seal.objects.get(number=3).hash).hex()
        for transfer_id in ids:
            proof = proofs.inclusion(transfer_id)
            assert proof
            verified = verify(proof.as_json())
            assert verified.hash == newest
            assert verified.sentence.startswith(f"Transfer {transfer_id} is under seal ")

    def test_is_there_once_it_is_sealed(self, owner: User) -> None:
        fund(user(owner.pk), BTT)
        outcome = post(transfer(user(owner.pk), TREASURY, 1, kind=TransferKind.ADJUSTMENT))
        assert outcome.transfer_id
        assert proofs.inclusion(outcome.transfer_id) is None
        seal_new(now=NOW)
        assert proofs.inclusion(outcome.transfer_id)
        assert proofs.inclusion(outcome.transfer_id + 1) is None

    def test_carries_as_much_of_the_chain_as_is_wanted(self, owner: User, stranger: User) -> None:
        first = post_and_seal(owner, stranger, 1, 1, 1)[0]
        part = proofs.inclusion(first, max_links=1)
        assert part and len(part.links) == 1
        assert verify(part.as_json()).sentence.endswith("all seals up to 2 are chained.")

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE wallet_transfer SET memo = 'other' WHERE memo = 'nº 3'",
            "UPDATE wallet_transfer SET amount_ubtt = amount_ubtt + 1 WHERE memo = 'nº 3'",
            "DELETE FROM wallet_transfer WHERE memo = 'nº 5'",
            "UPDATE wallet_seal SET root = previous_hash WHERE number = 1",
            "UPDATE wallet_seal SET previous_hash = root WHERE number = 2",
        ],
    )
    def test_does_not_hold_once_the_books_were_changed(self, owner: User, stranger: User, change: str) -> None:
        ids = post_and_seal(owner, stranger, 7, 1)
        with lifted_guards(), connection.cursor() as cursor:
            cursor.execute(change)
        proof = proofs.inclusion(ids[3])
        assert proof
        with pytest.raises(BadProof):
            verify(proof.as_json())


def open_channel(payer: User, payee: User, amount_ubtt: int) -> None:
    """Put money into a channel and write its row, as the service of channels does."""
    opened = transfer(
        user(payer.pk),
        channel_account(ASSET, CHANNEL),
        amount_ubtt,
        kind=TransferKind.CHANNEL_OPENED,
        cause="channel/1",
    )
    assert post(opened).is_done
    of = {(account.kind, account.ref): account for account in models.Account.objects.filter(asset=ASSET)}
    models.Channel.objects.create(
        id=CHANNEL,
        account=models.Account.objects.get(ref=CHANNEL),
        payer=of[2, str(payer.pk)],
        payee=of[2, str(payee.pk)],
        payer_key="02" * 33,
        payee_key="03" * 33,
        amount_ubtt=amount_ubtt,
        fee_ppm=0,
        opened_at=NOW,
        expires_at=NOW + timedelta(hours=1),
    )


class TestTheProofOfWhatIsOwed:
    def test_counts_held_money_and_open_channels_for_their_owner(self, owner: User, stranger: User) -> None:
        fund(user(owner.pk), 10 * BTT)
        fund(user(stranger.pk), 1)
        fund(TREASURY, 7 * BTT)
        assert post(place_hold(user(owner.pk), 2 * BTT)).is_done
        open_channel(owner, stranger, 3 * BTT)
        assert post(
            transfer(channel_account(ASSET, CHANNEL), user(stranger.pk), BTT, kind=TransferKind.VOUCHER)
        ).is_done
        seal_new(now=NOW)
        snapshot = liabilities.take_snapshot(ASSET, NOW)
        assert (snapshot.users, snapshot.count, snapshot.total_ubtt, snapshot.seal_number) == (2, 16, 10 * BTT + 1, 1)
        for person, owed_ubtt in ((owner, 9 * BTT), (stranger, BTT + 1)):
            proof = liabilities.proof_for(person.pk, snapshot=snapshot)
            assert proof and proof.balance_ubtt == owed_ubtt
            assert verify(proof.as_json()).hash == bytes(snapshot.hash).hex()

    def test_holds_for_everybody_and_tells_nothing_twice(self, owner: User, stranger: User, admin: User) -> None:
        people = (owner, stranger, admin)
        for person in people:
            fund(user(person.pk), 5)
        taken = [liabilities.take_snapshot(ASSET, NOW + timedelta(hours=hour)) for hour in (0, 1)]
        assert len({bytes(leaf.hash) for leaf in models.LiabilityLeaf.objects.all()}) == 32
        for snapshot in taken:
            for person in people:
                proof = liabilities.proof_for(person.pk, snapshot=snapshot)
                assert proof and verify(proof.as_json())
        newest = liabilities.proof_for(owner.pk)
        assert newest and newest.snapshot.hash() == bytes(taken[1].hash)

    def test_is_not_there_for_strangers_other_assets_and_before_the_first(self, owner: User, stranger: User) -> None:
        assert liabilities.proof_for(owner.pk) is None
        fund(user(owner.pk), 5)
        liabilities.take_snapshot(ASSET, NOW)
        assert liabilities.proof_for(owner.pk)
        assert liabilities.proof_for(stranger.pk) is None
        other = liabilities.take_snapshot(Asset.TRX, NOW)
        assert (other.total_ubtt, other.users) == (0, 0)
        assert liabilities.proof_for(owner.pk, snapshot=other) is None

    def test_is_renewed_once_a_day(self, owner: User) -> None:
        fund(user(owner.pk), 5)
        due = [NOW, NOW + timedelta(hours=23), NOW + timedelta(hours=24)]
        taken = [bool(liabilities.take_snapshot_if_due(ASSET, at)) for at in due]
        assert taken == [True, False, True]

    @pytest.mark.parametrize("table", ["wallet_liabilitysnapshot", "wallet_liabilityleaf"])
    def test_is_written_once(self, owner: User, table: str) -> None:
        fund(user(owner.pk), 5)
        liabilities.take_snapshot(ASSET, NOW)
        for statement in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}"):
            with pytest.raises(DatabaseError, match="never"), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)


class TestTheCommand:
    def test_writes_proofs_that_it_finds_to_hold(self, owner: User, stranger: User, tmp_path: Path) -> None:
        transfer_id = post_and_seal(owner, stranger, 3, 1)[0]
        liabilities.take_snapshot(ASSET, NOW)
        file = tmp_path / "proof.json"
        for words in (("show", transfer_id), ("owed", owner.pk)):
            file.write_text(proof_command(*words))
            said = proof_command("verify", file)
            assert "The proof holds if this is the hash that was published: " in said
            found = json.loads(proof_command("verify", file, "--json"))
            assert found["holds"] and found["hash"] in said

    def test_says_that_there_is_no_proof(self) -> None:
        with pytest.raises(CommandError, match="not sealed"):
            proof_command("show", 1)
        with pytest.raises(CommandError, match="no snapshot"):
            proof_command("owed", 1)


class TestTheCheckOfTheCommand:
    @pytest.mark.parametrize("proof", [make_inclusion(), make_liability()])
    def test_asks_no_database(self, tmp_path: Path, proof: dict[str, Any]) -> None:
        file = tmp_path / "proof.json"
        file.write_text(json.dumps(proof))
        with connection.execute_wrapper(forbidden):
            assert "holds" in proof_command("verify", file)

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            (json.dumps(make_inclusion() | {"leaf": "0" * 64}), "The transfer is not the one"),
            ("{}", "This is no proof"),
            ("[" * 100_000, "This is no JSON."),
            ("\udcff", "This is no JSON."),
            ("", "This is no JSON."),
        ],
    )
    def test_fails_with_a_sentence(self, tmp_path: Path, content: str, sentence: str) -> None:
        file = tmp_path / "proof.json"
        file.write_text(content, errors="surrogateescape")
        with pytest.raises(CommandError, match=sentence):
            proof_command("verify", file)
        with pytest.raises(CommandError, match="can't be read"):
            proof_command("verify", tmp_path / "none")


def forbidden(*_: object) -> None:
    raise AssertionError("the database was asked")
