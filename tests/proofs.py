"""Proofs made by hand, without a database, and ways to spoil them: for Python's check and for the browser's."""

import copy
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from wallet.domain import merkle, merkle_sum
from wallet.domain.proofs import Inclusion, Liability, Snapshot
from wallet.domain.seals import BEGINNING, Seal, seal
from wallet.domain.written import Written

AT = datetime(2026, 11, 25, 23, 55, 19, 123_456, tzinfo=UTC)
TIP = Written(
    id=7,
    asset=2,
    kind=11,
    amount_ubtt=1_500_000,
    debit=3,
    debit_kind=2,
    debit_ref="41",
    credit=4,
    credit_kind=2,
    credit_ref="42",
    event_at=AT,
    written_at=AT,
    key_hash=bytes(range(16)),
    body_hash=bytes(range(32)),
    cause="tip/1",
    memo="für |id=i9|",
    hold=None,
    reverses=None,
)


def make_seals(*, sizes: tuple[int, ...]) -> list[tuple[Seal, list[Written]]]:
    made, link, first_id = [], BEGINNING, 1
    for number, size in enumerate(sizes):
        transfers = [TIP._replace(id=first_id + place) for place in range(size)]
        drawn = seal(transfers, after=link, now=AT + timedelta(seconds=number))
        made.append((drawn, transfers))
        link, first_id = drawn.link(), first_id + size + 1  # one id was rolled back
    return made


def make_inclusion(*, index: int = 2, sizes: tuple[int, ...] = (5, 1, 2), links: int = 9) -> dict[str, Any]:
    """Prove one transfer of the first seal."""
    (first, transfers), *rest = make_seals(sizes=sizes)
    leaves = [transfer.leaf() for transfer in transfers]
    newest = rest[-1][0] if rest else first
    return Inclusion(
        transfer=transfers[index].text(),
        leaf=leaves[index],
        index=index,
        count=len(leaves),
        path=merkle.audit_path(leaves, index=index),
        root=first.root,
        seal=first.text(),
        seal_number=first.number,
        seal_hash=first.hash(),
        links=tuple(after.text() for after, _ in rest[:links]),
        newest_number=newest.number,
        newest_hash=newest.hash(),
    ).as_json()


def make_liability(*, index: int = 5, balances: tuple[int, ...] = (5, 0, 7, 2**62, 1, 3, 0)) -> dict[str, Any]:
    nonces = [bytes([place]) * 32 for place in range(merkle_sum.padded(len(balances)))]
    owed = [*balances, *[0] * (len(nonces) - len(balances))]
    leaves = [
        merkle_sum.leaf(user=str(place + 1), nonce=nonce, balance_ubtt=owed[place])
        for place, nonce in enumerate(nonces)
    ]
    return Liability(
        snapshot=Snapshot(asset=2, taken_at=AT, seal_number=3, count=len(leaves), root=merkle_sum.root(leaves)),
        user=str(index + 1),
        nonce=nonces[index],
        balance_ubtt=owed[index],
        index=index,
        path=merkle_sum.sum_path(leaves, index=index),
    ).as_json()


def spoiled(proof: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the proof with each of its values changed, missing, or of another type, and say which."""
    for place in list(_places(proof)):
        for other in _others(_at(proof, place)):
            if place == ("links",) and isinstance(other, list):
                continue  # a chain may end early: then it says how far it leads
            changed = copy.deepcopy(proof)
            _at(changed, place[:-1])[place[-1]] = other
            yield f"{'.'.join(map(str, place))} = {str(other)[:80]}", changed


def _places(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*before, key)
        yield from _places(inner, (*before, key))


def _at(value: Any, place: tuple[Any, ...]) -> Any:
    for key in place:
        value = value[key]
    return value


def _others(value: Any) -> list[Any]:
    if isinstance(value, str):
        middle = len(value) // 2
        flipped = "1" if value[middle] != "1" else "2"
        return [None, 5, "", "-" + value, value + "0", value[:-1], value[:middle] + flipped + value[middle + 1 :]]
    if isinstance(value, int):
        return [None, str(value), -1, value - 1, value + 0.5]
    return [None, "", {}, value[:-1]] if isinstance(value, list) else [None, [], ""]
