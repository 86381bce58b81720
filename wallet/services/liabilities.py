"""What the install owes to its users, proven to each of them with a Merkle-sum tree.

Counted for a user of an asset: the balance of the user's account, held money included, and the money in open channels
that the user pays from, because what is not redeemed returns. What has been redeemed is in the payee's balance already.
What a node has earned and is not split yet belongs to users too, nobody knows how much to whom: it has a leaf of its
own. Not counted: the install's own accounts, bounties, and withdrawals in flight, which are on their way out of the
books. Every user with an account has a leaf, also with nothing on it.
"""

import secrets
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from wallet import models
from wallet.domain import merkle_sum
from wallet.domain.accounts import AccountKind
from wallet.domain.merkle_sum import NONCE_BYTES, SumNode
from wallet.domain.money import Asset
from wallet.domain.proofs import Liability, Snapshot
from wallet.services.install import market_asset, other_asset

EVERY = timedelta(days=1)
PADDING = ""


@dataclass(frozen=True, slots=True, order=True)
class _Leaf:
    node: SumNode
    user: str
    nonce: bytes


def take_snapshot(asset: Asset, now: datetime) -> models.LiabilitySnapshot:
    """Take what is owed to all users at this moment and write down the tree over it."""
    seal_number = models.Seal.objects.order_by("-number").values_list("number", flat=True).first() or 0
    owed = _owed(asset)
    leaves = _leaves(owed)
    nodes = [leaf.node for leaf in leaves]
    taken = Snapshot(asset=asset, taken_at=now, seal_number=seal_number, count=len(leaves), root=merkle_sum.root(nodes))
    with transaction.atomic():
        snapshot = models.LiabilitySnapshot.objects.create(
            asset=asset,
            taken_at=now,
            seal_number=seal_number,
            users=sum(_is_user(name) for name in owed),
            count=taken.count,
            root=taken.root.hash,
            total_ubtt=taken.root.sum_ubtt,
            hash=taken.hash(),
        )
        models.LiabilityLeaf.objects.bulk_create(
            (
                models.LiabilityLeaf(
                    snapshot=snapshot,
                    place=place,
                    user_id=int(leaf.user) if _is_user(leaf.user) else None,
                    nonce=leaf.nonce,
                    balance_ubtt=leaf.node.sum_ubtt,
                    hash=leaf.node.hash,
                )
                for place, leaf in enumerate(leaves)
            ),
            batch_size=1_000,
        )
    return snapshot


def take_snapshot_if_due(asset: Asset, now: datetime, *, every: timedelta = EVERY) -> models.LiabilitySnapshot | None:
    """Take a snapshot if the newest is as old as that; two at once may both do so, which harms nobody."""
    latest = newest(asset)
    if latest is not None and latest.taken_at > now - every:
        return None
    return take_snapshot(asset, now)


def take_due(now: datetime, *, every: timedelta = EVERY) -> list[models.LiabilitySnapshot]:
    """Take what is due of the market's asset, and of the other one as soon as it is anybody's."""
    is_others = models.Account.objects.filter(asset=other_asset(), kind=AccountKind.USER, version__gt=0).exists()
    assets = [market_asset(), other_asset()] if is_others else [market_asset()]
    taken = [take_snapshot_if_due(asset, now, every=every) for asset in assets]
    return [snapshot for snapshot in taken if snapshot is not None]


def newest(asset: Asset) -> models.LiabilitySnapshot | None:
    return models.LiabilitySnapshot.objects.filter(asset=asset).order_by("-id").first()


def proof_for(user_id: int, *, snapshot: models.LiabilitySnapshot | None = None) -> Liability | None:
    """Prove to a user that a snapshot counts the user's balance, by default the newest of the market's asset.

    None if there is no snapshot, or the user had no account then.
    """
    snapshot = snapshot or newest(market_asset())
    if snapshot is None:
        return None
    own = snapshot.leaves.filter(user_id=user_id).first()
    if own is None:
        return None
    rows = snapshot.leaves.order_by("place").values_list("hash", "balance_ubtt")
    nodes = [SumNode(bytes(hash_), balance_ubtt) for hash_, balance_ubtt in rows]
    return Liability(
        snapshot=_as_taken(snapshot),
        user=str(user_id),
        nonce=bytes(own.nonce),
        balance_ubtt=own.balance_ubtt,
        index=own.place,
        path=merkle_sum.sum_path(nodes, index=own.place),
    )


def _owed(asset: Asset) -> Counter[str]:
    """Return what is owed to each user id, and as a node's earnings. One statement: no transfer is between."""
    accounts = models.Account.objects.filter(asset=asset, kind__in=(AccountKind.USER, AccountKind.EARNINGS))
    channels = models.Channel.objects.filter(end="", payer__kind=AccountKind.USER, account__asset=asset)
    in_accounts = accounts.values_list(F("ref"), F("balance_ubtt"))
    in_channels = channels.values_list(F("payer__ref"), F("account__balance_ubtt"))
    owed: Counter[str] = Counter()
    for user_id, balance_ubtt in in_accounts.union(in_channels, all=True):
        owed[user_id] += balance_ubtt
    return owed


def _is_user(name: str) -> bool:
    """Tell a user's id from a node's earnings and from padding."""
    return name.isdecimal()


def _leaves(owed: Counter[str]) -> list[_Leaf]:
    """Make the leaves in the order of their hashes, in which padding can't be told from users with nothing."""
    users = [*owed.items(), *[(PADDING, 0)] * (merkle_sum.padded(len(owed)) - len(owed))]
    leaves = []
    for user, balance_ubtt in users:
        nonce = secrets.token_bytes(NONCE_BYTES)
        leaves.append(_Leaf(merkle_sum.leaf(user=user, nonce=nonce, balance_ubtt=balance_ubtt), user, nonce))
    return sorted(leaves)


def _as_taken(row: models.LiabilitySnapshot) -> Snapshot:
    return Snapshot(
        asset=row.asset,
        taken_at=row.taken_at,
        seal_number=row.seal_number,
        count=row.count,
        root=SumNode(bytes(row.root), row.total_ubtt),
    )
