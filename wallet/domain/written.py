"""A transfer as it stands in the books, and the canonical text that is sealed."""

from datetime import datetime
from typing import NamedTuple

from wallet.domain.canonical import microseconds, text
from wallet.domain.merkle import leaf_hash

WHAT = "written"


class Written(NamedTuple):
    """What a transfer says, and whose its accounts are: nobody can give an account's past away.

    Balances and versions are left out: they follow from the transfers, as the audit shows, and a proof that one side
    gets must not tell what the other has.
    """

    id: int
    asset: int
    kind: int
    amount_ubtt: int
    debit: int
    debit_kind: int
    debit_ref: str
    credit: int
    credit_kind: int
    credit_ref: str
    event_at: datetime
    written_at: datetime
    key_hash: bytes
    body_hash: bytes
    cause: str
    memo: str
    hold: int | None
    reverses: int | None

    def text(self) -> str:
        """Return the canonical text, version 1."""
        return (
            f"1|written|amount_ubtt=i{self.amount_ubtt}|asset=i{self.asset}|body_hash=s64:{self.body_hash.hex()}"
            f"|cause={text(self.cause)}|credit=i{self.credit}|credit_kind=i{self.credit_kind}"
            f"|credit_ref={text(self.credit_ref)}|debit=i{self.debit}|debit_kind=i{self.debit_kind}"
            f"|debit_ref={text(self.debit_ref)}"
            f"|event_at=i{microseconds(self.event_at)}|hold=i{self.hold or 0}|id=i{self.id}"
            f"|key_hash=s32:{self.key_hash.hex()}|kind=i{self.kind}|memo={text(self.memo)}"
            f"|reverses=i{self.reverses or 0}|written_at=i{microseconds(self.written_at)}"
        )

    def leaf(self) -> bytes:
        return leaf_hash(self.text().encode())
