"""What the simulation has come to: the chain's blocks beside the rows and the books of the wallet."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from seedbox.config.benches.chain_world import UNITS_PER_UBTT, Payment, World
from wallet.domain.accounts import AccountKind
from wallet.domain.deposits import MINIMUM_UBTT
from wallet.domain.kinds import TransferKind
from wallet.domain.money import Asset
from wallet.domain.tron.addresses import Address, parse_address
from wallet.domain.withdrawal_states import WithdrawalState
from wallet.models import Account, Attempt, DepositAddress, Transfer, Withdrawal

UNITS = {"trc10": 1, "trc20": UNITS_PER_UBTT}


@dataclass
class Verdict:
    """All counts of wrongs must be 0; `wrongs` says what they are, in sentences."""

    withdrawals: int = 0
    paid: int = 0
    attempts: int = 0
    deposits: int = 0
    sweeps: int = 0  # that arrived
    double_pays: int = 0
    unpaid: int = 0  # said to be final, and not in any block; or never came to an end
    unexplained: int = 0  # what the hot address paid and no attempt explains
    missed_deposits: int = 0
    false_deposits: int = 0
    unbalanced: int = 0  # assets whose books are not what the chain holds
    wrongs: list[str] = field(default_factory=list)


def judge(world: World, *, hot: Address, wrongs: Sequence[str]) -> Verdict:
    users = {
        parse_address(address): user_id for address, user_id in DepositAddress.objects.values_list("address", "user_id")
    }
    payments = list(world.payments({hot, *users}))
    verdict = Verdict(wrongs=list(wrongs))
    verdict.sweeps = sum(one.recipient == hot and one.sender in users for one in payments)
    _judge_withdrawals(verdict, [one for one in payments if one.sender == hot and one.recipient not in users])
    _judge_deposits(verdict, [one for one in payments if one.recipient in users and one.sender not in {hot, *users}])
    _judge_books(verdict, {hot, *users}, payments)
    return verdict


def _judge_withdrawals(verdict: Verdict, paid: list[Payment]) -> None:
    by_tx_id = {one.tx_id.hex(): one for one in paid}
    attempts: dict[int, list[str]] = defaultdict(list)
    for tx_id, withdrawal_id in Attempt.objects.values_list("tx_id", "withdrawal_id"):
        attempts[withdrawal_id].append(tx_id)
        verdict.attempts += 1
    for found in Withdrawal.objects.order_by("pk"):
        verdict.withdrawals += 1
        made = [by_tx_id.pop(tx_id) for tx_id in attempts[found.pk] if tx_id in by_tx_id]
        right = [one for one in made if _is_what_was_wanted(found, one)]
        expected = int(found.state == WithdrawalState.FINAL)
        verdict.paid += len(made)
        if len(made) > expected or len(right) < len(made):
            verdict.double_pays += max(len(made) - expected, 1)
            verdict.wrongs.append(f"{found} is {found.state}, and was paid {len(made)} times")
        if len(right) < expected or found.ended_at is None:
            verdict.unpaid += 1
            verdict.wrongs.append(f"{found} is {found.state}, and was paid {len(right)} times")
    for one in by_tx_id.values():
        verdict.unexplained += 1
        verdict.wrongs.append(f"no withdrawal explains {one.tx_id.hex()}")


def _is_what_was_wanted(found: Withdrawal, one: Payment) -> bool:
    units = found.amount_ubtt * UNITS[one.kind]
    is_asset = Asset(found.asset) is Asset[one.kind.upper()]
    return is_asset and one.recipient == parse_address(found.address) and one.amount == units


def _judge_deposits(verdict: Verdict, came: list[Payment]) -> None:
    credited = {
        transfer.cause: transfer.amount_ubtt
        for transfer in Transfer.objects.filter(kind=TransferKind.DEPOSIT, credit__kind=AccountKind.USER)
    }
    for one in came:
        amount_ubtt = one.amount // UNITS[one.kind]
        if amount_ubtt < MINIMUM_UBTT[Asset[one.kind.upper()]]:
            continue
        verdict.deposits += 1
        name = f"deposit/devnet/{one.tx_id.hex()}/{one.kind}/{one.index}"
        if credited.pop(name, None) != amount_ubtt:
            verdict.missed_deposits += 1
            verdict.wrongs.append(f"{name} of {amount_ubtt} µBTT was not credited, or not as much")
    for name in credited:
        verdict.false_deposits += 1
        verdict.wrongs.append(f"{name} was credited, and never came")


def _judge_books(verdict: Verdict, ours: set[Address], payments: list[Payment]) -> None:
    """Hold what our addresses have on the chain against the books, which leave out what is too small."""
    for kind, unit in UNITS.items():
        asset, of_kind = Asset[kind.upper()], [one for one in payments if one.kind == kind]
        holds = sum(one.amount * ((one.recipient in ours) - (one.sender in ours)) for one in of_kind)
        accounts = Account.objects.filter(asset=asset).exclude(kind=AccountKind.CHAIN)
        owed = sum(accounts.values_list("balance_ubtt", flat=True)) * unit
        came = [one.amount for one in of_kind if one.recipient in ours and one.sender not in ours]
        small = sum(amount for amount in came if amount // unit < MINIMUM_UBTT[asset])
        if not 0 <= holds - owed - small < unit:
            verdict.unbalanced += 1
            verdict.wrongs.append(
                f"{asset.unit}: {holds} units are there, {owed} owed, {small} too small to be credited"
            )
