"""The audit of what stands beside transfers: holds, keys, reversals and channels, in questions to the database.

Each question is for rows that must not be there.
"""

from collections import defaultdict
from collections.abc import Callable
from hashlib import sha256

from wallet.domain import audit_words as words
from wallet.domain.accounts import AccountKind
from wallet.domain.items import HoldEnd
from wallet.services.audit_findings import Findings
from wallet.services.audit_transfers import Books
from wallet.services.snapshot import read, read_in_pieces

_HOLDS = """
SELECT h.id, h.account_id, h.amount_ubtt, h.purpose, h.cause, e."end", placed.body_hash, ended.body_hash
FROM wallet_hold h
LEFT JOIN wallet_endedhold e ON e.hold_id = h.id
LEFT JOIN wallet_answer placed ON placed.hold_id = h.id AND placed.code = 'ok' AND placed."end" IS NULL
LEFT JOIN wallet_answer ended ON ended.hold_id = h.id AND ended.code = 'ok' AND ended."end" = e."end"
ORDER BY h.id
"""
_CHANNELS = """
SELECT id, account_id, amount_ubtt, redeemed_ubtt, "end" FROM wallet_channel
"""

# Table, sentence with the columns of the answer after the first, and the question.
_QUESTIONS = (
    (
        "endedhold",
        words.ENDS_NO_HOLD,
        "SELECT e.hold_id FROM wallet_endedhold e LEFT JOIN wallet_hold h ON h.id = e.hold_id WHERE h.id IS NULL",
    ),
    (
        "endedhold",
        words.ENDS_OFTEN,
        "SELECT hold_id, COUNT(*) FROM wallet_endedhold GROUP BY hold_id HAVING COUNT(*) > 1",
    ),
    (
        "answer",
        words.PLACED_NO_HOLD,
        """SELECT a.id, a.hold_id FROM wallet_answer a LEFT JOIN wallet_hold h ON h.id = a.hold_id
        WHERE a.code = 'ok' AND a."end" IS NULL AND a.hold_id IS NOT NULL AND h.id IS NULL""",
    ),
    (
        "answer",
        words.ENDED_NO_HOLD,
        """SELECT a.id, a.hold_id FROM wallet_answer a
        LEFT JOIN wallet_endedhold e ON e.hold_id = a.hold_id AND e."end" = a."end"
        WHERE a.code = 'ok' AND a."end" IS NOT NULL AND e.hold_id IS NULL""",
    ),
    (
        "endedhold",
        words.POSTS_OTHERWISE,
        f"""SELECT e.hold_id, e.posted_ubtt, e.transfer_id FROM wallet_endedhold e
        JOIN wallet_hold h ON h.id = e.hold_id LEFT JOIN wallet_transfer t ON t.id = e.transfer_id
        WHERE e."end" = {HoldEnd.POSTED:d} AND (t.id IS NULL OR t.hold_id IS NULL OR t.hold_id <> h.id
            OR t.debit_id <> h.account_id OR t.amount_ubtt <> e.posted_ubtt OR e.posted_ubtt > h.amount_ubtt)""",
    ),
    (
        "endedhold",
        words.MOVED_UNPOSTED,
        f"""SELECT hold_id, posted_ubtt, transfer_id FROM wallet_endedhold
        WHERE "end" <> {HoldEnd.POSTED:d} AND (posted_ubtt <> 0 OR transfer_id IS NOT NULL)""",
    ),
    (
        "transfer",
        words.POSTED_ELSEWHERE,
        """SELECT t.id, t.hold_id FROM wallet_transfer t LEFT JOIN wallet_endedhold e ON e.hold_id = t.hold_id
        WHERE t.hold_id IS NOT NULL AND (e.hold_id IS NULL OR e.transfer_id IS NULL OR e.transfer_id <> t.id)""",
    ),
    (
        "transfer",
        words.KEY_OF_TRANSFERS,
        "SELECT MAX(id), COUNT(*) FROM wallet_transfer GROUP BY key_hash HAVING COUNT(*) > 1",
    ),
    (
        "answer",
        words.KEY_OF_ANSWERS,
        "SELECT MAX(id), COUNT(*) FROM wallet_answer GROUP BY key_hash HAVING COUNT(*) > 1",
    ),
    (
        "answer",
        words.KEY_OF_BOTH,
        """SELECT a.id, t.id FROM wallet_answer a JOIN wallet_transfer t ON t.key_hash = a.key_hash
        WHERE a.code IN ('ok', 'exists')""",
    ),
    (
        "transfer",
        words.MIRRORS_NOT,
        """SELECT t.id, t.reverses_id FROM wallet_transfer t LEFT JOIN wallet_transfer o ON o.id = t.reverses_id
        WHERE t.reverses_id IS NOT NULL AND (o.id IS NULL OR o.id >= t.id OR o.reverses_id IS NOT NULL
            OR o.debit_id <> t.credit_id OR o.credit_id <> t.debit_id OR o.amount_ubtt <> t.amount_ubtt)""",
    ),
    (
        "transfer",
        words.REVERSED_OFTEN,
        """SELECT MAX(id), COUNT(*) FROM wallet_transfer WHERE reverses_id IS NOT NULL GROUP BY reverses_id
        HAVING COUNT(*) > 1""",
    ),
    (
        "operatoract",
        words.NAMES_NO_TRANSFER,
        """SELECT a.id, a.transfer_id FROM wallet_operatoract a LEFT JOIN wallet_transfer t ON t.id = a.transfer_id
        WHERE a.transfer_id IS NOT NULL AND t.id IS NULL""",
    ),
)


def check_sets(findings: Findings, *, working: Callable[[], None]) -> None:
    """Ask all questions; `working` is called before each."""
    findings.ask(_QUESTIONS, working=working)


def check_holds(findings: Findings, books: Books) -> int:
    """Compare holds with what was asked for, and with what is held of their accounts; return how many there are."""
    held_ubtt: dict[int, int] = defaultdict(int)
    count = 0
    for rows in read_in_pieces(_HOLDS):
        for hold_id, account_id, amount_ubtt, purpose, cause, end, placed, ended in rows:
            count += 1
            account = books.accounts.get(account_id)
            if account is None or not account.is_there:
                findings.add("hold", hold_id, words.HOLD_OF_NOBODY, account_id=account_id)
                continue
            body = (
                f"1|hold|account={account.text}|amount_ubtt=i{amount_ubtt}|asset=i{account.asset}"
                f"|cause=s{len(cause)}:{cause}|purpose=i{purpose}"
            )
            if not _is_answer(placed, body):
                findings.add("hold", hold_id, words.HOLD_NOT_ASKED)
            if end is None:
                held_ubtt[account_id] += amount_ubtt
            elif end != HoldEnd.POSTED and not _is_answer(ended, f"1|end|end=i{end}|hold=i{hold_id}"):
                findings.add("endedhold", hold_id, words.END_NOT_ASKED)
    for account in books.accounts.values():
        if account.is_there and account.says_held_ubtt != held_ubtt.get(account.id, 0):
            findings.add(
                "account",
                account.id,
                words.HELD_OTHERWISE,
                account=account,
                says_ubtt=account.says_held_ubtt,
                held_ubtt=held_ubtt.get(account.id, 0),
            )
    return count


def check_channels(findings: Findings, books: Books) -> int:
    """Compare channels with the transfers of their accounts; return how many there are."""
    channels = read(_CHANNELS)
    for channel_id, account_id, amount_ubtt, redeemed_ubtt, end in sorted(channels, key=lambda row: row[1]):
        account = books.accounts.get(account_id)
        if account is None or account.kind != AccountKind.CHANNEL or account.ref != channel_id:
            findings.add("channel", channel_id, words.OTHERS_ACCOUNT, account_id=account_id)
            continue
        paid_ubtt, put_in_ubtt = books.redeemed_ubtt[account_id], books.put_in_ubtt[account_id]
        if redeemed_ubtt != paid_ubtt:
            findings.add(
                "channel",
                channel_id,
                words.REDEEMED_OTHERWISE,
                redeemed_ubtt=redeemed_ubtt,
                paid_ubtt=paid_ubtt,
            )
        if amount_ubtt != put_in_ubtt:
            findings.add(
                "channel",
                channel_id,
                words.PUT_IN_OTHERWISE,
                amount_ubtt=amount_ubtt,
                put_in_ubtt=put_in_ubtt,
            )
        left_ubtt = 0 if end else amount_ubtt - redeemed_ubtt
        if account.balance_ubtt != left_ubtt:
            says = words.OPEN_WITH
            if end:
                says = words.ENDED_WITH
            findings.add("channel", channel_id, says, balance_ubtt=account.balance_ubtt, left_ubtt=left_ubtt)
    return len(channels)


def _is_answer(found: bytes | None, body: str) -> bool:
    return found is not None and bytes(found) == sha256(body.encode()).digest()
