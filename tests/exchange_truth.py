"""What the chain says of a box's money, held against the box's books: every payment, every withdrawal, every user.

Runs in a process of the box whose settings it has: `manage.py shell -c "from tests import exchange_truth; …"`. The
payments are read from the blocks themselves, and not from what the box has written down about them.
"""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

from django.utils import timezone

from tests.box import wait_until
from wallet import wiring
from wallet.chain.endpoints import Chain
from wallet.chain.port import MAX_BLOCKS, ChainTransaction
from wallet.domain.accounts import AccountKind
from wallet.domain.deposits import MINIMUM_UBTT
from wallet.domain.money import Asset
from wallet.domain.tron.abi import decode_transfer_call
from wallet.domain.tron.addresses import to_base58
from wallet.domain.tron.transactions import TransferAsset, TriggerContract
from wallet.domain.withdrawal_states import OPEN, AttemptState, WithdrawalState
from wallet.models import Account, Attempt, DepositAddress, Sweep, SweepPurpose, SweepState, Withdrawal
from wallet.services import halts, own_addresses, reconciliation
from wallet.services.audit import audit
from wallet.tasks import sweep

SWEEP_LIMIT_S, NUDGE_S = 60.0, 1
UNITS_PER_UBTT = {Asset.TRC20: 10**12, Asset.TRC10: 1}


@dataclass(frozen=True)
class Paid:
    """A payment that stands in a block and did not fail."""

    block: int
    tx_id: str
    sender: str
    to: str
    asset: int
    units: int


@dataclass
class Truth:
    blocks: int = 0
    paid: list[Paid] = field(default_factory=list)  # from the hot address to strangers
    deposits: int = 0
    attempts: dict[str, int] = field(default_factory=dict)  # how many of each state
    withdrawals: dict[str, int] = field(default_factory=dict)
    transfers: int = 0
    problems: list[str] = field(default_factory=list)  # in sentences; there must be none


def tell() -> None:
    """Print the truth as JSON."""
    print(json.dumps(asdict(look())))  # noqa: T201 # the answer


def hurry_sweeps() -> None:
    """Nudge the worker until what was deposited has arrived at the address that pays: it sweeps twice a minute only."""

    def has_arrived() -> bool:
        sweep.apply_async(expires=NUDGE_S)
        threading.Event().wait(NUDGE_S)  # more of them would keep the worker from reading the chain
        return Sweep.objects.filter(purpose=SweepPurpose.SWEEP, state=SweepState.FINAL).exists()

    wait_until(has_arrived, "what was deposited to be swept", SWEEP_LIMIT_S)


def look() -> Truth:
    """Read the whole chain and compare; to be called when no withdrawal is under way any more.

    What has left counts wherever it stands; what came counts in blocks that the box has read.
    """
    chain, truth = wiring.chain(), Truth()
    hot, cursor = own_addresses.hot_address(), own_addresses.cursor()
    height = cursor.height if cursor else 0
    truth.blocks = chain.heights().head.number
    users = dict(DepositAddress.objects.values_list("address", "user_id"))
    ours = {hot, *users}
    came: Counter[tuple[int, int]] = Counter()
    for paid in payments(chain, truth.blocks):
        if paid.sender == hot and paid.to not in ours:
            truth.paid.append(paid)
        elif paid.sender in users and paid.to not in ours:
            truth.problems.append(f"{paid} left a deposit address")
        elif paid.to in users and paid.sender not in ours and paid.block <= height:
            truth.deposits += 1
            amount_ubtt = paid.units // UNITS_PER_UBTT[Asset(paid.asset)]
            came[users[paid.to], paid.asset] += amount_ubtt if amount_ubtt >= MINIMUM_UBTT[Asset(paid.asset)] else 0
    truth.attempts = dict(Counter(Attempt.objects.values_list("state", flat=True)))
    truth.withdrawals = dict(Counter(Withdrawal.objects.values_list("state", flat=True)))
    truth.problems += [*_withdrawals(truth.paid), *_balances(came), *_books(truth)]
    return truth


def payments(chain: Chain, up_to: int) -> Iterator[Paid]:
    """Yield all payments in the blocks of both tokens, in their order."""
    for first in range(1, up_to + 1, MAX_BLOCKS):
        for block in chain.blocks(first, min(first + MAX_BLOCKS - 1, up_to), solid=False):
            for transaction in block.transactions:
                if (paid := _payment(chain, block.number, transaction)) is not None:
                    yield paid


def _payment(chain: Chain, block: int, transaction: ChainTransaction) -> Paid | None:
    if transaction.contract_ret != "SUCCESS":
        return None
    tx_id = transaction.tx_id.hex()
    match transaction.raw.contract:
        case TransferAsset(owner, to, asset_id, units) if asset_id == chain.network.assets.trc10_id:
            return Paid(block, tx_id, to_base58(owner), to_base58(to), Asset.TRC10, units)
        case TriggerContract(owner, contract, data) if contract == chain.network.assets.trc20_contract:
            call = decode_transfer_call(data)
            if call is not None:
                return Paid(block, tx_id, to_base58(owner), to_base58(call[0]), Asset.TRC20, call[1])
    return None


def _withdrawals(paid: list[Paid]) -> Iterator[str]:
    """Every payment is one withdrawal that has arrived; every withdrawal is over, one way or the other."""
    arrived = [
        Paid(
            attempt.block_number or 0,
            attempt.tx_id,
            paid[0].sender if paid else "",
            attempt.withdrawal.address,
            attempt.withdrawal.asset,
            attempt.withdrawal.amount_ubtt * UNITS_PER_UBTT[Asset(attempt.withdrawal.asset)],
        )
        for attempt in Attempt.objects.filter(state=AttemptState.FINAL).select_related("withdrawal")
        if attempt.withdrawal.state == WithdrawalState.FINAL
    ]
    for one, times in (Counter(paid) - Counter(arrived)).items():
        yield f"{one} stands on the chain {times} times more than withdrawals have arrived"
    for one, times in (Counter(arrived) - Counter(paid)).items():
        yield f"{one} has arrived {times} times by the books, and the chain has no such payment"
    for withdrawal in Withdrawal.objects.filter(state=WithdrawalState.FINAL):
        if withdrawal.attempts.filter(state=AttemptState.FINAL).count() != 1:
            yield f"{withdrawal} is final without exactly one final attempt"
    for withdrawal in Withdrawal.objects.filter(state__in=OPEN):
        yield f"{withdrawal} is still {withdrawal.state}"


def _balances(came: Counter[tuple[int, int]]) -> Iterator[str]:
    """Every user has what came for them less what arrived elsewhere, with its fees."""
    for withdrawal in Withdrawal.objects.filter(state=WithdrawalState.FINAL):
        came[withdrawal.user_id, withdrawal.asset] -= withdrawal.total_ubtt
    for account in Account.objects.filter(kind=AccountKind.USER):
        wanted = came.pop((int(account.ref), account.asset), 0)
        if (account.available_ubtt, account.held_ubtt) != (wanted, 0):
            has = f"{account.available_ubtt} available and {account.held_ubtt} held"
            yield f"user {account.ref} has {has} of {Asset(account.asset).unit}, and should have {wanted}"
    yield from (f"user {who} has no account, and should have {units}" for (who, _), units in came.items() if units)


def _books(truth: Truth) -> Iterator[str]:
    for account in Account.objects.filter(kind=AccountKind.IN_FLIGHT).exclude(balance_ubtt=0):
        yield f"{account.balance_ubtt} µBTT are in flight, and nothing flies"
    report = audit()
    truth.transfers = report.transfers
    yield from (str(finding) for finding in report.findings)
    compared = reconciliation.run(now=timezone.now())
    if not compared:
        yield "the chain was never compared with the books"
    yield from (reconciliation.in_words(row) for row in compared if row.difference)
    yield from (f"halted: {halt.reason}: {halt.detail}" for halt in halts.standing())
