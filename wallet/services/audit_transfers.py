"""The audit of transfers and accounts: every balance is added up anew, transfer by transfer.

Own SQL and own code, in nothing the ledger's: a defect of the ledger must not audit itself.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from itertools import product

from wallet.domain import audit_words as words
from wallet.domain.accounts import AccountKind, AccountName, BadAccountName, check_account_name
from wallet.domain.kinds import TransferKind
from wallet.domain.money import MAX_AMOUNT_UBTT, Asset, format_amount
from wallet.domain.routes import is_way
from wallet.services.audit_findings import Findings
from wallet.services.snapshot import Row, as_time, raw_column, read, read_in_pieces

_ACCOUNTS = """
SELECT id, asset, kind, ref, balance_ubtt, held_ubtt, version FROM wallet_account ORDER BY id
"""
# The columns that everybody who takes transfers unpacks in this order.
_TRANSFERS = """
SELECT id, asset, kind, debit_id, credit_id, amount_ubtt, debit_version, credit_version, debit_balance_ubtt,
    credit_balance_ubtt, {event_at}, {written_at}, key_hash, body_hash, cause, memo, hold_id, reverses_id
FROM wallet_transfer ORDER BY id
"""
_FIRST_BEYOND = """
SELECT id FROM wallet_transfer WHERE (debit_id = %s AND debit_version > %s) OR (credit_id = %s AND credit_version > %s)
ORDER BY id LIMIT 1
"""
CLEARING = frozenset({AccountKind.IN_FLIGHT, AccountKind.SUSPENSE, AccountKind.ROUNDING, AccountKind.EARNINGS})
PAYS_OUT = frozenset({TransferKind.VOUCHER, TransferKind.FEE})
_WAYS = frozenset(way for way in product(TransferKind, AccountKind, AccountKind) if is_way(*way))
PAYS_IN = frozenset({TransferKind.CHANNEL_OPENED, TransferKind.CHANNEL_TOPPED_UP})


@dataclass(slots=True)
class Account:
    """An account: what its row says, and what its transfers add up to so far."""

    id: int
    asset: int
    kind: int
    ref: str
    says_balance_ubtt: int
    says_held_ubtt: int
    says_version: int
    text: str  # as it stands in the body of a transfer
    floor_ubtt: int
    balance_ubtt: int = 0
    version: int = 0
    # Version and balance as they would be without the last row that did not fit: those after it may go on from there.
    otherwise: tuple[int, int] | None = None
    is_there: bool = True

    def __str__(self) -> str:
        try:
            return str(AccountName(Asset(self.asset), AccountKind(self.kind), self.ref))
        except ValueError:
            return words.NO_ACCOUNT % {"number": self.id}


@dataclass(slots=True)
class Books:
    """Adds up all transfers, which come in the order of their ids, and says what does not fit."""

    findings: Findings
    accounts: dict[int, Account] = field(default_factory=dict)
    count: int = 0
    redeemed_ubtt: dict[int, int] = field(default_factory=lambda: defaultdict(int))  # by account of a channel
    put_in_ubtt: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    since: dict[int, datetime | bytes] = field(default_factory=dict)  # by clearing account, when it left zero
    _clearing: set[int] = field(default_factory=set)

    def read_accounts(self) -> None:
        """Read all accounts. Each takes 300 bytes for as long as the audit runs."""
        names = set()
        for rows in read_in_pieces(_ACCOUNTS):
            for account_id, asset, kind, ref, balance_ubtt, held_ubtt, version in rows:
                numbers = (balance_ubtt, held_ubtt, version)
                if not all(type(number) is int for number in numbers):
                    self.findings.add("account", account_id, words.NOT_WHOLE, numbers=numbers)
                    balance_ubtt, held_ubtt, version = 0, 0, 0
                text = f"i{kind},s{len(ref)}:{ref}"
                floor_ubtt = -MAX_AMOUNT_UBTT if kind == AccountKind.CHAIN else 0
                account = Account(account_id, asset, kind, ref, balance_ubtt, held_ubtt, version, text, floor_ubtt)
                self.accounts[account_id] = account
                if kind in CLEARING:
                    self._clearing.add(account_id)
                if (asset, kind, ref) in names:
                    self.findings.add("account", account_id, words.TWICE, account=account)
                names.add((asset, kind, ref))

    def take(self, rows: list[Row]) -> None:
        """Add up some more transfers."""
        accounts, clearing = self.accounts, self._clearing
        self.count += len(rows)
        for row in rows:
            (transfer_id, asset, kind, debit_id, credit_id, amount_ubtt, debit_version, credit_version) = row[:8]
            debit = accounts.get(debit_id) or self._gone(debit_id, transfer_id)
            credit = accounts.get(credit_id) or self._gone(credit_id, transfer_id)
            if (
                type(amount_ubtt) is not int
                or not 0 < amount_ubtt <= MAX_AMOUNT_UBTT
                or debit_id == credit_id
                or not asset == debit.asset == credit.asset
                or (kind, debit.kind, credit.kind) not in _WAYS
            ):
                amount_ubtt = self._impossible(row, debit, credit)
            version, balance_ubtt = debit.version + 1, debit.balance_ubtt - amount_ubtt
            if debit_version == version and row[8] == balance_ubtt >= debit.floor_ubtt and debit.otherwise is None:
                debit.version, debit.balance_ubtt = version, balance_ubtt
            else:
                self._step(transfer_id, debit, -amount_ubtt, debit_version, row[8])
            version, balance_ubtt = credit.version + 1, credit.balance_ubtt + amount_ubtt
            if credit_version == version and row[9] == balance_ubtt >= credit.floor_ubtt and credit.otherwise is None:
                credit.version, credit.balance_ubtt = version, balance_ubtt
            else:
                self._step(transfer_id, credit, amount_ubtt, credit_version, row[9])
            if body_hash(row, debit.text, credit.text) != row[13] and debit.text and credit.text:
                self.findings.add("transfer", transfer_id, words.RENAMED)
            if kind in PAYS_OUT:
                self.redeemed_ubtt[debit_id] += amount_ubtt
            elif kind in PAYS_IN:
                self.put_in_ubtt[credit_id] += amount_ubtt
            if debit_id in clearing or credit_id in clearing:
                self._note_since(debit, credit, row[11])

    def close(self) -> None:
        """Compare what the rows of accounts say with what their transfers add up to, when all have come."""
        totals: dict[int, int] = defaultdict(int)
        for account in self.accounts.values():
            totals[account.asset] += account.says_balance_ubtt
            if account.is_there:
                self._compare(account)
        for asset, total_ubtt in totals.items():
            if total_ubtt:
                self.findings.add(
                    "account",
                    words.ALL_OF_ASSET % {"asset": asset},
                    words.NOT_ZERO,
                    total_ubtt=total_ubtt,
                )

    def _step(self, transfer_id: int, account: Account, change_ubtt: int, version: int, balance_ubtt: int) -> None:
        """Go one transfer on where something does not fit, in such a way that the rows after it are judged alone."""
        if type(version) is not int or type(balance_ubtt) is not int:
            self.findings.add("transfer", transfer_id, words.NOT_WHOLE_FOR, account=account)
            return
        before, otherwise = (account.version, account.balance_ubtt), account.otherwise
        expected, expected_ubtt = account.version + 1, account.balance_ubtt + change_ubtt
        if (version, balance_ubtt) == (expected, expected_ubtt):
            account.otherwise = None
        elif otherwise is not None and (version, balance_ubtt) == (otherwise[0] + 1, otherwise[1] + change_ubtt):
            if version <= account.version:
                account.otherwise = (version, balance_ubtt)
                return
            account.otherwise = None
        elif version <= account.version:
            self.findings.add(
                "transfer",
                transfer_id,
                words.OLD_VERSION,
                version=version,
                account=account,
                before=before[0],
            )
            return
        elif version > expected:
            says = words.VERSIONS_GONE
            if version == expected + 1:
                says = words.VERSION_GONE
            self.findings.add("transfer", transfer_id, says, first=expected, last=version - 1, account=account)
            account.otherwise = before
        else:
            says = words.OTHER_BALANCE
            self.findings.add(
                "transfer", transfer_id, says, says_ubtt=balance_ubtt, account=account, made_ubtt=expected_ubtt
            )
            account.otherwise = (expected, expected_ubtt)
        account.version, account.balance_ubtt = version, balance_ubtt
        if balance_ubtt < account.floor_ubtt:
            self.findings.add(
                "transfer",
                transfer_id,
                words.BELOW_ZERO,
                balance_ubtt=balance_ubtt,
                account=account,
            )

    def _gone(self, account_id: int, transfer_id: int) -> Account:
        """Put something in the place of an account that is not there, so that it is named once."""
        self.findings.add(
            "account",
            account_id,
            words.ACCOUNT_GONE,
            transfer_id=transfer_id,
        )
        side = read("SELECT asset FROM wallet_transfer WHERE id = %s", [transfer_id])
        account = Account(account_id, side[0][0], 0, "", 0, 0, 0, "", -MAX_AMOUNT_UBTT, is_there=False)
        self.accounts[account_id] = account
        return account

    def _impossible(self, row: Row, debit: Account, credit: Account) -> int:
        """Say why; return the amount to go on with."""
        transfer_id, asset, amount_ubtt = row[0], row[1], row[5]
        if debit is credit:
            self.findings.add("transfer", transfer_id, words.TO_ITSELF, debit=debit)
        if not asset == debit.asset == credit.asset:
            self.findings.add(
                "transfer",
                transfer_id,
                words.OTHER_ASSET,
                asset=asset,
                debit=debit,
                credit=credit,
            )
        if debit.is_there and credit.is_there and (row[2], debit.kind, credit.kind) not in _WAYS:
            self.findings.add(
                "transfer",
                transfer_id,
                words.NO_WAY,
                kind=row[2],
                debit=debit,
                credit=credit,
            )
        if type(amount_ubtt) is int and 0 < amount_ubtt <= MAX_AMOUNT_UBTT:
            return amount_ubtt
        self.findings.add("transfer", transfer_id, words.NO_AMOUNT, amount=repr(amount_ubtt))
        return amount_ubtt if type(amount_ubtt) is int else 0

    def _note_since(self, debit: Account, credit: Account, at: datetime | bytes) -> None:
        for account in (debit, credit):
            if account.id in self._clearing:
                if not account.balance_ubtt:
                    self.since.pop(account.id, None)
                else:
                    self.since.setdefault(account.id, at)

    def _compare(self, account: Account) -> None:
        add, is_chain = self.findings.add, account.kind == AccountKind.CHAIN
        if (account.says_version, account.says_balance_ubtt) == account.otherwise:
            account.version, account.balance_ubtt = account.otherwise
        if account.says_version > account.version:
            gone = account.says_version - account.version
            add(
                "account",
                account.id,
                words.LAST_GONE,
                account=account,
                gone=gone,
            )
        elif account.says_version < account.version:
            beyond = read(_FIRST_BEYOND, [account.id, account.says_version] * 2)
            says = words.NONE_OF_THEM
            add("transfer", beyond[0][0] if beyond else "?", says, account=account, count=account.says_version)
        if account.says_balance_ubtt != account.balance_ubtt:
            says = words.OTHER_SUM
            made_ubtt = account.balance_ubtt
            add("account", account.id, says, account=account, says_ubtt=account.says_balance_ubtt, made_ubtt=made_ubtt)
        if not is_chain and account.says_balance_ubtt < max(account.says_held_ubtt, 0):
            add("account", account.id, words.BELOW_HELD, account=account)
        if abs(account.says_balance_ubtt) > MAX_AMOUNT_UBTT:
            add("account", account.id, words.OUT_OF_BOUNDS, account=account)
        try:
            check_account_name(AccountName(Asset(account.asset), AccountKind(account.kind), account.ref))
        except (BadAccountName, ValueError):
            says = words.NAMES_NO_ACCOUNT
            add("account", account.id, says, asset=account.asset, kind=account.kind, ref=repr(account.ref))


def transfers() -> Iterator[list[Row]]:
    times = {name: raw_column(name) for name in ("event_at", "written_at")}
    return read_in_pieces(_TRANSFERS.format(**times))


def uncleared(books: Books) -> Iterator[tuple[str, str, datetime]]:
    """Yield the clearing accounts that are not zero: name, amount, since when."""
    for account_id, at in books.since.items():
        account = books.accounts[account_id]
        name = AccountName(Asset(account.asset), AccountKind(account.kind), account.ref)
        yield str(name), format_amount(account.balance_ubtt, name.asset), as_time(at)


def body_hash(row: Row, debit: str, credit: str) -> bytes:
    """Return the hash of what was asked for, from what is written: every field that decides is in it."""
    (_, asset, kind, _, _, amount_ubtt, _, _, _, _, _, _, _, _, cause, memo, hold, reverses) = row
    try:
        memo = f"s{len(memo)}:{memo}" if memo.isascii() else _normal(memo)
        return sha256(
            f"1|transfer|amount_ubtt=i{amount_ubtt}|asset=i{asset}|cause=s{len(cause)}:{cause}|credit={credit}"
            f"|debit={debit}|hold=i{hold or 0}|kind=i{kind}|memo={memo}|reverses=i{reverses or 0}".encode()
        ).digest()
    except (TypeError, AttributeError, UnicodeError):  # SQLite keeps anything in any column
        return b""


def _normal(memo: str) -> str:
    memo = unicodedata.normalize("NFC", memo)
    return f"s{len(memo.encode())}:{memo}"
