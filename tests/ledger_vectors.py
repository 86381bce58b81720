"""Wishes with the text and the hash that each must have for ever: keys of years ago are compared with them."""

from tests.ledger import ASSET, CHAIN, TREASURY, place_hold, transfer, user, void
from wallet.domain.accounts import AccountKind, channel_account, own_account
from wallet.domain.items import HoldEnd, HoldPurpose, Item
from wallet.domain.kinds import TransferKind
from wallet.domain.money import Asset

_ITEMS: list[Item] = [
    transfer(user(1), user(2), 1_500_000, memo="thanks, “Sam” 🎉 | e\u0301 \\"),
    transfer(CHAIN, user(2**53), 2**62, kind=TransferKind.DEPOSIT, cause="deposit/nile/00ff/trc20/0"),
    transfer(user(3), own_account(ASSET, AccountKind.IN_FLIGHT), 7, kind=TransferKind.WITHDRAWAL, hold=9, cause="w/7"),
    transfer(channel_account(ASSET, "ab" * 16), TREASURY, 1, kind=TransferKind.REVERSAL, reverses=2**63 - 1),
    transfer(own_account(Asset.TRX, AccountKind.NETWORK_FEES), own_account(Asset.TRX, AccountKind.CHAIN), 10),
    place_hold(user(4), 12, purpose=HoldPurpose.WITHDRAWAL, cause="withdrawal/5", expires_at=None),
    void(11),
    void(12, end=HoldEnd.EXPIRED),
]

# The canonical text of each, and its SHA-256.
_BODIES = [
    (
        "1|transfer|amount_ubtt=i1500000|asset=i2|cause=s5:tip/1|credit=i2,s1:2|debit=i2,s1:1|hold=i0|"
        "kind=i11|memo=s29:thanks, “Sam” 🎉 | é \\|reverses=i0",
        "27875e1ed7251edbe63530db881f1705d15fd5cabead9d76e2f6d68c0b59ea28",
    ),
    (
        "1|transfer|amount_ubtt=i4611686018427387904|asset=i2|cause=s25:deposit/nile/00ff/trc20/0|"
        "credit=i2,s16:9007199254740992|debit=i1,s0:|hold=i0|kind=i1|memo=s0:|reverses=i0",
        "6d969e2105924b6d1ff2ece848b871cbd687f2dd6dbad1b67c65b044d3303572",
    ),
    (
        "1|transfer|amount_ubtt=i7|asset=i2|cause=s3:w/7|credit=i5,s0:|debit=i2,s1:3|hold=i9|kind=i2|"
        "memo=s0:|reverses=i0",
        "05c7b614faa19289a8fdd96e8ae980f7f0e5cd6e98bedb2ca1e3c593df5b6388",
    ),
    (
        "1|transfer|amount_ubtt=i1|asset=i2|cause=s5:tip/1|credit=i10,s0:|"
        "debit=i3,s32:abababababababababababababababab|hold=i0|kind=i14|memo=s0:|"
        "reverses=i9223372036854775807",
        "7dc449606c0388ff25fd30b50152ac96e441d9d69b6f4c675e2a37bac8f84e47",
    ),
    (
        "1|transfer|amount_ubtt=i10|asset=i3|cause=s5:tip/1|credit=i1,s0:|debit=i8,s0:|hold=i0|kind=i15|"
        "memo=s0:|reverses=i0",
        "ac7feac4480e324bac36a0b2cf02d3c3127ca68c89be3839016e2ee05235ac07",
    ),
    (
        "1|hold|account=i2,s1:4|amount_ubtt=i12|asset=i2|cause=s12:withdrawal/5|purpose=i1",
        "36a92aab6e99beeb01a1e6b115e786c46748a759743512f93a7fee72a91d11f6",
    ),
    (
        "1|end|end=i2|hold=i11",
        "540d6d9b85cfd56e5b9b74b58938e71ca920a151c6c3d1e49f71fedc1296ced9",
    ),
    (
        "1|end|end=i3|hold=i12",
        "482b0f56dc84933a212aff39952665b5e7538081be8a9bc8a48b4b5d46542c10",
    ),
]
VECTORS = [(item, text, digest) for item, (text, digest) in zip(_ITEMS, _BODIES, strict=True)]
