"""What the signer signs and what it refuses, with its real keys and its real store."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.signers import DEPOSIT_0, HOT, STRANGER, found_signer, header, pays, proof_of, request, signer_in
from wallet.domain.networks import DEVNET, MAINNET, NILE
from wallet.domain.tron import abi
from wallet.domain.tron.addresses import BLACK_HOLE, ZERO_ADDRESS, Address, to_base58
from wallet.domain.tron.blocks import encode_header
from wallet.domain.tron.keys import recover
from wallet.domain.tron.transactions import AccountCreate, Contract, TransferAsset, TransferTrx, TriggerContract
from wallet.signer import rules
from wallet.signer.policy import TRC10, Limit, Rules
from wallet.signer.protocol import DeadProof, SignerLimited, SignerLocked, SignerRefused, SignRequest
from wallet.signer.signer import Signer
from wallet.signer.spending import DAY_MS, HOUR_MS, Spending

TOKEN = DEVNET.assets.trc20_contract
LOOK_ALIKE = 1_002_278  # a token of the same name
FEE_SUN = 20_000_000
DEPOSIT_1 = "TPjjvMwjPoDC32V2dGDYTkLH4E5LAtBZ6C"


def token_pays(amount: int = 10**18, *, to: Address = STRANGER, contract: Address = TOKEN) -> TriggerContract:
    return TriggerContract(HOT, contract, abi.transfer_call(to, amount))


@pytest.fixture
def signer(tmp_path: Path) -> Iterator[Signer]:
    found = found_signer(tmp_path)
    assert found.status().ready
    yield found
    found.close()


class TestTheSigner:
    def test_has_the_addresses_of_its_words(self, signer: Signer) -> None:
        status = signer.status()
        assert (status.hot_address, status.network, status.why_not) == (to_base58(HOT), "devnet", "")
        assert signer.account_xpub() == status.account_xpub
        assert signer.confirm_address(0) == to_base58(DEPOSIT_0)
        assert [signer.confirm_address(1), signer.confirm_address(1)] == [DEPOSIT_1, DEPOSIT_1]
        assert (signer.addresses(0), signer.addresses(1), signer.addresses(2)) == ([0, 1], [1], [])
        assert signer.status().entries == status.entries + 2

    def test_signs_withdrawals_sweeps_and_gas(self, signer: Signer) -> None:
        signer.confirm_address(0)
        for asked, sender in (
            (request(), HOT),
            (request(token_pays(), key="withdrawal/18/1", fee_limit_sun=FEE_SUN), HOT),
            (request(pays(to=HOT, sender=DEPOSIT_0), key="sweep/1/1", from_index=0), DEPOSIT_0),
            (request(TransferTrx(HOT, DEPOSIT_0, 5_000_000), key="gas/1/1"), HOT),
        ):
            assert recover(asked.tx_id, signer.sign(asked)) == sender

    def test_signs_on_the_main_network_once_limits_were_set(self, tmp_path: Path) -> None:
        main = found_signer(tmp_path / "main", network=MAINNET)
        with pytest.raises(SignerLocked, match=r"`manage\.py wallet limits`: trc10"):
            main.sign(request())
        assert main.sign(request(pays(to=HOT, sender=DEPOSIT_0), key="sweep/1/1", from_index=0))  # it stays ours
        main.set_rules(Rules({**rules.DEFAULT.limits, TRC10: Limit(10**7, 10**7, 10**7)}, FEE_SUN))
        assert main.sign(request())
        main.close()
        nile = found_signer(tmp_path / "nile", network=NILE)
        assert nile.sign(request())
        nile.close()

    def test_takes_limits_for_set_when_the_operator_has_set_them_and_not_because_a_former_version_came_with_others(
        self, tmp_path: Path
    ) -> None:
        former = replace(rules.DEFAULT, limits={**rules.DEFAULT.limits, TRC10: Limit(10**16, 10**17, 10**18)})
        main = found_signer(tmp_path, network=MAINNET, limits=former)
        assert main.status().ready
        main.set_rules(replace(main.rules, receipts_per_day_ubtt=9))
        with pytest.raises(SignerLocked, match=r"`manage\.py wallet limits`: trc10"):
            main.sign(request())
        main.set_rules(replace(main.rules, chosen=(TRC10,)))  # to what they are
        main.close()
        again = signer_in(tmp_path, network=MAINNET)
        assert again.sign(request())
        assert again.status().notices[-1].endswith("`manage.py wallet limits`: trc20, trx.")
        again.close()

    def test_gives_the_same_signature_when_asked_again(self, signer: Signer, tmp_path: Path) -> None:
        asked = request()
        first = signer.sign(asked)
        entries = signer.status().entries
        assert signer.sign(asked) == first
        signer.close()
        again = signer_in(tmp_path)
        assert again.sign(asked) == first
        assert again.status().entries == entries
        assert again.status().newest_signed == ("withdrawal/17/1", asked.tx_id)
        again.close()


REFUSED: list[tuple[str, SignRequest]] = [
    ("no transaction", replace(request(), raw_bytes=b"\xff\xff")),
    ("not the canonical ones", replace(request(), raw_bytes=request().raw_bytes + b"\x90\x01\x00")),
    ("txID is that of another", replace(request(), tx_id=request(pays(1)).tx_id)),
    ("no header", replace(request(), solid_header=b"\xff")),
    ("not the canonical ones", replace(request(), solid_header=request().solid_header + b"\x50\x00")),
    ("refers to another block", replace(request(), solid_header=encode_header(header(101)))),
    ("refers to another block", replace(request(), solid_header=encode_header(header(after_s=3)))),
    ("allowed is up to", request(life_s=0)),
    ("allowed is up to", request(life_s=-1)),
    ("allowed is up to", request(life_s=601)),
    ("memo or a permission", request(memo=b"order 7")),
    ("memo or a permission", request(permission_id=2)),
    ("pays nothing", request(pays(0))),
    ("pays nothing", request(pays(-5))),
    (f"token {LOOK_ALIKE}", request(TransferAsset(HOT, STRANGER, LOOK_ALIKE, 5))),
    ("not our token", request(token_pays(contract=STRANGER), fee_limit_sun=FEE_SUN)),
    ("fee limit", request(token_pays())),
    ("fee limit", request(token_pays(), fee_limit_sun=10**12)),
    ("no payment", request(pays(), fee_limit_sun=FEE_SUN)),
    (
        "something else of the token",
        request(TriggerContract(HOT, TOKEN, abi.approve_call(STRANGER, 1)), fee_limit_sun=FEE_SUN),
    ),
    (
        "something else of the token",
        request(replace(token_pays(), data=token_pays().data + b"\0"), fee_limit_sun=FEE_SUN),
    ),
    ("no payment", request(replace(token_pays(), call_value=1), fee_limit_sun=FEE_SUN)),
    ("no payment", request(replace(token_pays(), token_id=1_002_000, call_token_value=1), fee_limit_sun=FEE_SUN)),
    ("no payment", request(AccountCreate(HOT, STRANGER))),
    ("TRX is not paid out", request(TransferTrx(HOT, STRANGER, 1))),
    ("not the address that was named", request(pays(sender=STRANGER))),
    ("not the address that was named", request(pays(sender=DEPOSIT_0))),
    ("from the hot address alone", request(pays(sender=DEPOSIT_0), from_index=0)),
    ("our own, or nobody's", request(pays(to=HOT))),
    ("our own, or nobody's", request(pays(to=DEPOSIT_0))),
    ("our own, or nobody's", request(pays(to=TOKEN))),
    ("our own, or nobody's", request(pays(to=ZERO_ADDRESS))),
    ("our own, or nobody's", request(token_pays(to=BLACK_HOLE), fee_limit_sun=FEE_SUN)),
    ("to the hot address", request(pays(sender=DEPOSIT_0), key="sweep/1/1", from_index=0)),
    ("to the hot address", request(pays(to=HOT), key="sweep/1/1")),
    ("gas is TRX", request(TransferTrx(HOT, STRANGER, 1), key="gas/1/1")),
    ("gas is TRX", request(pays(to=DEPOSIT_0), key="gas/1/1")),
    ("gas is TRX", request(TransferTrx(DEPOSIT_0, DEPOSIT_0, 1), key="gas/1/1", from_index=0)),
]


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Signer]:
    """A signer for all refusals: they leave nothing behind."""
    found = found_signer(tmp_path_factory.mktemp("one"))
    found.confirm_address(0)
    yield found
    found.close()


class TestWhatIsNotSigned:
    @pytest.mark.parametrize(("why", "asked"), REFUSED)
    def test_is_refused_with_the_reason(self, one: Signer, why: str, asked: SignRequest) -> None:
        entries = one.status().entries
        with pytest.raises(SignerRefused, match=why):
            one.sign(asked)
        assert one.status().entries == entries


class TestAnAttempt:
    def test_is_signed_once(self, signer: Signer) -> None:
        signer.sign(request())
        with pytest.raises(SignerRefused, match="signed before, with other bytes"):
            signer.sign(request(block=header(101)))
        with pytest.raises(SignerRefused, match="signed before, with other bytes"):
            signer.sign(request(pays(to=DEPOSIT_0)))

    def test_is_followed_by_another_when_it_is_proven_dead(self, signer: Signer) -> None:
        first, end = request(), header(130, after_s=60)
        signer.sign(first)
        second = request(key="withdrawal/17/2", block=end, dead_proof=proof_of(first, end))
        assert recover(second.tx_id, signer.sign(second)) == HOT
        with pytest.raises(SignerRefused, match="comes after attempt 2"):
            signer.sign(request(block=header(140, after_s=90)))

    def test_that_was_never_signed_needs_no_proof(self, signer: Signer) -> None:
        assert signer.sign(request(key="withdrawal/17/3"))
        with pytest.raises(SignerRefused, match="comes after attempt 3"):
            signer.sign(request(key="withdrawal/17/2"))

    def test_is_followed_by_the_one_after_one_that_was_never_signed(self, signer: Signer) -> None:
        first, end = request(), header(130, after_s=60)
        second = request(key="withdrawal/17/2", block=header(101))
        signer.sign(first)
        third = request(key="withdrawal/17/3", block=end, dead_proof=proof_of(second, end))
        with pytest.raises(SignerRefused, match="another transaction"):
            signer.sign(third)
        assert signer.sign(replace(third, earlier_proofs=(proof_of(first, end),)))

    def test_of_one_withdrawal_says_nothing_of_another(self, signer: Signer) -> None:
        signer.sign(request(key="withdrawal/17/1"))
        assert signer.sign(request(key="withdrawal/1/1"))
        assert signer.sign(request(key="withdrawal/170/1"))

    @pytest.mark.parametrize(
        ("why", "changes"),
        [
            ("nothing proves", {"dead_proof": None}),
            ("another transaction", {"tx_id": bytes(32)}),
            ("was not over", {"header": encode_header(header(130, after_s=59))}),
            ("was not over", {"header": encode_header(header(100, after_s=60))}),
            ("needs 2 endpoints", {"absent_at": ("one", "one")}),
            ("does not reach", {"scanned_to": 129}),
            ("before the proof", {"header": encode_header(header(131, after_s=63)), "scanned_to": 200}),
            ("no header", {"header": b"\xff"}),
        ],
    )
    def test_is_not_followed_without_a_whole_proof(self, signer: Signer, why: str, changes: dict[str, object]) -> None:
        first, end = request(), header(130, after_s=60)
        signer.sign(first)
        proof = None if "dead_proof" in changes else replace(proof_of(first, end), **changes)  # type: ignore[arg-type]  # fields of it
        with pytest.raises(SignerRefused, match=why):
            signer.sign(request(key="withdrawal/17/2", block=end, dead_proof=proof))

    def test_is_not_followed_by_one_that_refers_to_a_block_before_its_end(self, signer: Signer) -> None:
        first, end = request(), header(130, after_s=60)
        signer.sign(first)
        early = request(key="withdrawal/17/2", block=header(110, after_s=30), dead_proof=proof_of(first, end))
        with pytest.raises(SignerRefused, match="from before the proof"):
            signer.sign(early)

    @pytest.mark.parametrize("other", [pays(5_000_001), pays(to=Address(b"\x41" + b"\7" * 20)), token_pays(5_000_000)])
    def test_pays_what_the_one_before_would_have_paid(self, signer: Signer, other: Contract) -> None:
        first, end = request(), header(130, after_s=60)
        signer.sign(first)
        fee_sun = FEE_SUN if isinstance(other, TriggerContract) else 0
        proof = proof_of(first, end)
        asked = request(other, key="withdrawal/17/2", block=end, dead_proof=proof, fee_limit_sun=fee_sun)
        with pytest.raises(SignerRefused, match="something else, or somebody else"):
            signer.sign(asked)


class TestTheSignersLimits:
    def test_hold_for_one_transaction_an_hour_and_a_day_of_chain_time(self, signer: Signer, tmp_path: Path) -> None:
        signer.set_rules(Rules({**rules.DEFAULT.limits, TRC10: Limit(10, 15, 20)}, rules.DEFAULT.fee_limit_sun))
        with pytest.raises(SignerLimited, match="one transaction"):
            signer.sign(request(pays(11), key="withdrawal/1/1"))
        signer.sign(request(pays(10), key="withdrawal/1/1"))
        with pytest.raises(SignerLimited, match="in an hour"):
            signer.sign(request(pays(6), key="withdrawal/2/1"))
        signer.close()
        again = signer_in(tmp_path)  # a restart forgets nothing
        with pytest.raises(SignerLimited, match="in an hour"):
            again.sign(request(pays(6), key="withdrawal/2/1", block=header(1_299, after_s=3_599)))
        assert again.sign(request(pays(6), key="withdrawal/2/1", block=header(1_300, after_s=3_600)))
        with pytest.raises(SignerLimited, match="in a day"):
            again.sign(request(pays(5), key="withdrawal/3/1", block=header(9_000, after_s=20_000)))
        assert again.sign(request(pays(5), key="withdrawal/3/1", block=header(28_900, after_s=86_400)))
        again.close()

    def test_do_not_hold_for_money_that_stays_ours(self, signer: Signer) -> None:
        signer.set_rules(Rules({**rules.DEFAULT.limits, TRC10: Limit(0, 0, 0)}, rules.DEFAULT.fee_limit_sun))
        assert signer.sign(request(pays(to=HOT, sender=DEPOSIT_0), key="sweep/1/1", from_index=0))

    def test_make_no_room_for_who_makes_up_a_late_block(self) -> None:
        spending = Spending()
        spending.add(TRC10, 7, at_ms=10 * DAY_MS)
        spending.add(TRC10, 5, at_ms=DAY_MS)
        spending.add(TRC10, 3, at_ms=DAY_MS + 1)
        assert spending.since(TRC10, DAY_MS - 1) == 15
        assert spending.since(TRC10, DAY_MS) == 10
        assert spending.since(TRC10, 10 * DAY_MS - HOUR_MS) == 7
        assert spending.since(TRC10, 10 * DAY_MS) == 0


class TestALedgerThatKnowsMore:
    def test_silences_the_signer_until_a_person_confirms(self, signer: Signer, tmp_path: Path) -> None:
        asked = request(newest_signed=("withdrawal/16/1", bytes(32)))
        for _ in range(2):
            with pytest.raises(SignerLocked, match="withdrawal/16/1 that the store does not"):
                signer.sign(asked)
        signer.close()
        again = signer_in(tmp_path)
        with pytest.raises(SignerLocked, match="wallet confirm"):
            again.sign(request())
        assert not again.status().ready
        again.confirm("looked into it: that one has expired")
        assert again.sign(asked)
        for key in ("withdrawal/16/1", "withdrawal/16/2"):
            with pytest.raises(SignerRefused, match="as the ledger knows"):
                again.sign(request(key=key))
        lost = DeadProof(bytes(32), encode_header(header()), ("one", "two"), 100)
        for why, half in (
            ("no header", replace(lost, header=b"\xff")),
            ("before the proof", replace(lost, header=encode_header(header(101)), scanned_to=101)),
            ("needs 2 endpoints", replace(lost, absent_at=("one", "one"))),
            ("does not reach", replace(lost, scanned_to=99)),
        ):
            with pytest.raises(SignerRefused, match=why):
                again.sign(request(key="withdrawal/16/2", dead_proof=half))
        assert again.sign(request(key="withdrawal/16/2", dead_proof=lost))
        assert again.sign(request(key="withdrawal/18/1", newest_signed=("withdrawal/17/1", asked.tx_id)))
        again.close()

    def test_is_answered_when_it_knows_what_the_store_knows(self, signer: Signer) -> None:
        first = request()
        signer.sign(first)
        assert signer.sign(request(key="withdrawal/18/1", newest_signed=("withdrawal/17/1", first.tx_id)))
