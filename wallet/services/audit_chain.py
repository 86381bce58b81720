"""The audit of what came from the chain: each deposit has its transfer, each such transfer its deposit; so with fees.

Own SQL and own code, in nothing the ledger's. Before a chain was ever read there is nothing to compare with.
"""

from collections.abc import Callable

from wallet.domain import audit_words as words
from wallet.domain.accounts import AccountKind
from wallet.domain.deposits import DepositFate
from wallet.domain.kinds import TransferKind
from wallet.domain.money import Asset
from wallet.domain.withdrawal_states import AttemptState
from wallet.services.audit_findings import Findings
from wallet.services.snapshot import read

UNITS = 10**12  # of TRC-20 in 1 µBTT
_BOOKED = f"('{DepositFate.CREDITED}', '{DepositFate.OPERATOR}', '{DepositFate.SUSPENSE}')"
_NAME = "d.network || '/' || d.tx_id || '/' || d.kind || '/' || d.\"index\""
_OUT = "m.network || '/' || m.tx_id || '/' || m.kind || '/' || m.\"index\""
_SAME = 'm.network = d.network AND m.tx_id = d.tx_id AND m.kind = d.kind AND m."index" = d."index"'

# Table, sentence with the columns of the answer after the first, and the question.
_QUESTIONS = (
    (
        "deposit",
        words.BOOKED_ELSEWHERE,
        f"""SELECT d.id, d.transfer_id FROM wallet_deposit d LEFT JOIN wallet_transfer t ON t.id = d.transfer_id
        LEFT JOIN wallet_account c ON c.id = t.credit_id
        WHERE d.transfer_id IS NOT NULL AND (t.id IS NULL OR t.kind <> {TransferKind.DEPOSIT:d}
            OR t.asset <> d.asset OR t.amount_ubtt <> d.amount_ubtt OR t.cause <> 'deposit/' || {_NAME}
            OR (d.fate = '{DepositFate.CREDITED}' AND c.ref <> CAST(d.user_id AS VARCHAR(20))))""",
    ),
    (
        "deposit",
        words.HAS_NO_TRANSFER,
        f"SELECT d.id, d.fate FROM wallet_deposit d WHERE d.fate IN {_BOOKED} AND d.transfer_id IS NULL",
    ),
    (
        "transfer",
        words.HAS_NO_DEPOSIT,
        f"""SELECT t.id, t.cause FROM wallet_transfer t LEFT JOIN wallet_deposit d ON d.transfer_id = t.id
        WHERE t.kind = {TransferKind.DEPOSIT:d} AND d.id IS NULL AND t.cause NOT LIKE 'rounding/%%'
            AND EXISTS (SELECT 1 FROM wallet_chaincursor)""",
    ),
    (
        "deposit",
        words.NO_MOVEMENT,
        f"""SELECT d.id, d.amount FROM wallet_deposit d LEFT JOIN wallet_chainmovement m ON {_SAME}
        WHERE m.id IS NULL OR m.amount <> d.amount OR m.asset <> d.asset OR m.side <> 'in'""",
    ),
    (
        "chainmovement",
        words.NOTHING_MADE,
        f"""SELECT m.id, m.amount FROM wallet_chainmovement m LEFT JOIN wallet_deposit d ON {_SAME}
        WHERE m.side = 'in' AND d.id IS NULL""",
    ),
    (
        "chainmovement",
        words.FEE_NOT_BOOKED,
        f"""SELECT m.id, m.amount, m.transfer_id FROM wallet_chainmovement m
        LEFT JOIN wallet_transfer t ON t.id = m.transfer_id
        WHERE m.side = 'fee' AND m.transfer_id IS NOT NULL AND (t.id IS NULL OR t.kind <> {TransferKind.NETWORK_FEE:d}
            OR CAST(t.amount_ubtt AS VARCHAR(20)) <> m.amount)""",
    ),
    (
        "transfer",
        words.FEE_NOT_TAKEN,
        f"""SELECT t.id, t.cause FROM wallet_transfer t LEFT JOIN wallet_chainmovement m ON m.transfer_id = t.id
        WHERE t.kind = {TransferKind.NETWORK_FEE:d} AND m.id IS NULL
            AND EXISTS (SELECT 1 FROM wallet_chaincursor)""",
    ),
    (
        "chainmovement",
        words.LEFT_UNBOOKED,
        f"""SELECT m.id, m.transfer_id FROM wallet_chainmovement m LEFT JOIN wallet_transfer t ON t.id = m.transfer_id
        WHERE m.side = 'out' AND m.transfer_id IS NOT NULL AND (t.id IS NULL OR t.kind <> {TransferKind.FOUND_PAYMENT:d}
            OR t.asset <> m.asset OR t.cause <> 'found-payment/' || {_OUT})""",
    ),
    (
        "transfer",
        words.PAYMENT_NOT_MADE,
        f"""SELECT t.id, t.cause FROM wallet_transfer t
        LEFT JOIN wallet_chainmovement m ON m.transfer_id = t.id AND m.side = 'out'
        WHERE t.kind = {TransferKind.FOUND_PAYMENT:d} AND m.id IS NULL""",
    ),
    (
        "transfer",
        words.BOOKED_TWICE,
        f"""SELECT t.id, m.tx_id, a.withdrawal_id FROM wallet_transfer t
        JOIN wallet_chainmovement m ON m.transfer_id = t.id JOIN wallet_attempt a ON a.tx_id = m.tx_id
        WHERE t.kind = {TransferKind.FOUND_PAYMENT:d} AND a.state = '{AttemptState.FINAL}'""",
    ),
)
_FOUND = f"""
SELECT t.id, t.asset, t.amount_ubtt, m.amount FROM wallet_transfer t JOIN wallet_chainmovement m ON m.transfer_id = t.id
WHERE t.kind = {TransferKind.FOUND_PAYMENT:d} ORDER BY t.id
"""
_ROUNDED = f"""
SELECT COALESCE(SUM(t.amount_ubtt), 0) FROM wallet_transfer t JOIN wallet_account c ON c.id = t.credit_id
WHERE t.kind = {TransferKind.DEPOSIT:d} AND c.kind = {AccountKind.ROUNDING:d} AND c.asset = {Asset.TRC20:d}
"""


def check_chain(findings: Findings, *, working: Callable[[], None]) -> None:
    """Ask all questions; `working` is called before each."""
    findings.ask(_QUESTIONS, working=working)
    _check_remainders(findings)
    _check_found_payments(findings)


def _check_remainders(findings: Findings) -> None:
    """Compare what deposits have left below 1 µBTT with what became whole ones and what is not one yet."""
    left = int(read("SELECT COALESCE(SUM(remainder), 0) FROM wallet_deposit")[0][0])
    carried = int(read("SELECT COALESCE(SUM(carry_units), 0) FROM wallet_chaincursor")[0][0])
    rounded = int(read(_ROUNDED)[0][0]) * UNITS
    if left != carried + rounded:
        findings.add(
            "chaincursor",
            words.ALL,
            words.REMAINDERS,
            left=left,
            carried=carried,
            rounded=rounded,
        )


def _check_found_payments(findings: Findings) -> None:
    """Compare what operators have booked of payments without a withdrawal: each is what has left, rounded up."""
    for transfer_id, asset, amount_ubtt, amount in read(_FOUND):
        units = UNITS if asset == Asset.TRC20 else 1
        if not 0 <= amount_ubtt * units - int(amount) < units:
            findings.add(
                "transfer",
                transfer_id,
                words.PAYMENT_OF,
                amount_ubtt=amount_ubtt,
                amount=amount,
            )
