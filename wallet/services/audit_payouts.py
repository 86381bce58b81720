"""The audit of what was withdrawn: each withdrawal has exactly the transfers and the hold that its state says.

Own SQL, in nothing the ledger's.
"""

from collections.abc import Callable

from wallet.domain import audit_words as words
from wallet.domain.accounts import AccountKind
from wallet.domain.items import HoldEnd
from wallet.domain.kinds import TransferKind
from wallet.services.audit_findings import Findings

_CAUSE = "'withdrawal/' || CAST(w.id AS VARCHAR(20))"
_KINDS = f"({TransferKind.WITHDRAWAL:d}, {TransferKind.WITHDRAWAL_FINAL:d}, {TransferKind.WITHDRAWAL_RETURNED:d})"
_SENT = "('sending', 'final', 'returned')"


def _sum(name: str, kind: TransferKind, side: str, account: AccountKind, ref: str = "") -> str:
    """Return a column: what transfers of that kind moved, on that side from or to such an account."""
    where = f"t.kind = {kind:d} AND {side}.kind = {account:d}{ref}"
    return f"SUM(CASE WHEN {where} THEN t.amount_ubtt ELSE 0 END) AS {name}"


# One row for each cause, and the transfers are read once: a question for each withdrawal would take for ever.
_MOVED = f"""(SELECT t.cause, t.asset, MIN(CASE WHEN d.kind = {AccountKind.USER:d} THEN d.ref END) AS payer,
    MAX(CASE WHEN c.kind = {AccountKind.USER:d} THEN c.ref END) AS payee,
    {_sum("gone", TransferKind.WITHDRAWAL, "d", AccountKind.USER)},
    {_sum("arrived", TransferKind.WITHDRAWAL_FINAL, "c", AccountKind.CHAIN)},
    {_sum("earned", TransferKind.WITHDRAWAL_FINAL, "c", AccountKind.FEES)},
    {_sum("returned", TransferKind.WITHDRAWAL_RETURNED, "c", AccountKind.USER)}
    FROM wallet_transfer t JOIN wallet_account d ON d.id = t.debit_id JOIN wallet_account c ON c.id = t.credit_id
    WHERE t.kind IN {_KINDS} GROUP BY t.cause, t.asset)"""

# Table, sentence with the columns of the answer after the first, and the question.
_QUESTIONS = (
    (
        "withdrawal",
        words.MOVED_OTHERWISE,
        f"""SELECT w.id, w.state, COALESCE(m.gone, 0), COALESCE(m.arrived, 0), COALESCE(m.earned, 0),
            COALESCE(m.returned, 0)
        FROM wallet_withdrawal w LEFT JOIN {_MOVED} m ON m.cause = {_CAUSE} AND m.asset = w.asset
        WHERE COALESCE(m.gone, 0) <> CASE WHEN w.state IN {_SENT} THEN w.amount_ubtt + w.fee_ubtt ELSE 0 END
            OR COALESCE(m.arrived, 0) <> CASE WHEN w.state = 'final' THEN w.amount_ubtt ELSE 0 END
            OR COALESCE(m.earned, 0) <> CASE WHEN w.state = 'final' THEN w.fee_ubtt ELSE 0 END
            OR COALESCE(m.returned, 0) <> CASE WHEN w.state = 'returned' THEN w.amount_ubtt + w.fee_ubtt ELSE 0 END
            OR COALESCE(m.payer, m.payee, CAST(w.user_id AS VARCHAR(20))) <> CAST(w.user_id AS VARCHAR(20))
            OR COALESCE(m.payee, m.payer, CAST(w.user_id AS VARCHAR(20))) <> CAST(w.user_id AS VARCHAR(20))""",
    ),
    (
        "withdrawal",
        words.OTHER_HOLD,
        f"""SELECT w.id, w.state, w.hold_id FROM wallet_withdrawal w LEFT JOIN wallet_hold h ON h.id = w.hold_id
        LEFT JOIN wallet_account a ON a.id = h.account_id LEFT JOIN wallet_endedhold e ON e.hold_id = h.id
        WHERE h.id IS NULL OR h.amount_ubtt <> w.amount_ubtt + w.fee_ubtt
            OR a.ref <> CAST(w.user_id AS VARCHAR(20)) OR a.asset <> w.asset OR a.kind <> {AccountKind.USER:d}
            OR COALESCE(e."end", 0) <> CASE WHEN w.state IN {_SENT} THEN {HoldEnd.POSTED:d}
                WHEN w.state IN ('checking', 'queued') THEN 0 ELSE {HoldEnd.VOIDED:d} END""",
    ),
    (
        "withdrawal",
        words.ARRIVED_SO_OFTEN,
        """SELECT w.id, w.state, COUNT(p.id) FROM wallet_withdrawal w
        LEFT JOIN wallet_attempt p ON p.withdrawal_id = w.id AND p.state = 'final' GROUP BY w.id, w.state
        HAVING COUNT(p.id) <> CASE WHEN w.state = 'final' THEN 1 ELSE 0 END""",
    ),
    (
        "attempt",
        words.ATTEMPT_OF,
        """SELECT p.id, p.state, w.state FROM wallet_attempt p JOIN wallet_withdrawal w ON w.id = p.withdrawal_id
        WHERE p.state IN ('prepared', 'signed', 'broadcast', 'seen') AND w.state <> 'sending'""",
    ),
    (
        "transfer",
        words.NO_WITHDRAWAL,
        f"""SELECT t.id, t.cause FROM wallet_transfer t LEFT JOIN wallet_withdrawal w ON t.cause = {_CAUSE}
        WHERE t.kind IN {_KINDS} AND w.id IS NULL AND EXISTS (SELECT 1 FROM wallet_chaincursor)""",
    ),
)


def check_payouts(findings: Findings, *, working: Callable[[], None]) -> None:
    """Ask all questions; `working` is called before each."""
    findings.ask(_QUESTIONS, working=working)
