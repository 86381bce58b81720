"""The audit of sums over time: by hour with the transfers, by day and month with the hours.

Own SQL, in nothing that keeps the sums.
"""

from wallet.domain import audit_words as words
from wallet.domain.accounts import AccountKind
from wallet.domain.kinds import TransferKind
from wallet.domain.spans import Span
from wallet.services.audit_findings import MOST_ANSWERS, Findings
from wallet.services.snapshot import read

FULL = 2**63 - 1  # no sum that is kept goes beyond it
_PAID = f"({TransferKind.VOUCHER:d}, {TransferKind.FEE:d})"

_FLOWS = f"""
SELECT t.id, t.credit_id AS account, {{hour}} AS begins, t.kind, t.amount_ubtt AS ins, 0 AS outs
FROM wallet_transfer t JOIN wallet_account a ON a.id = t.credit_id WHERE a.kind = {AccountKind.USER:d}
UNION ALL
SELECT t.id, t.debit_id, {{hour}}, t.kind, 0, t.amount_ubtt
FROM wallet_transfer t JOIN wallet_account a ON a.id = t.debit_id WHERE a.kind = {AccountKind.USER:d}
UNION ALL
SELECT t.id, c.payer_id, {{hour}}, t.kind, 0, t.amount_ubtt
FROM wallet_transfer t JOIN wallet_channel c ON c.account_id = t.debit_id JOIN wallet_account a ON a.id = c.payer_id
WHERE t.kind IN {_PAID} AND a.kind = {AccountKind.USER:d}
"""
_KINDS = ("account", "begins", "kind")
_SUMS = ("ins", "outs", "entries")
# What trading moved, transfer by transfer, for those who keep sums of it by deal.
TRADES = f"""
SELECT t.id, t.asset, a.ref AS user_ref, {{hour}} AS begins,
    CASE WHEN t.kind = {TransferKind.EARNING:d} THEN substr(t.cause, 6) ELSE '' END AS deal, '' AS channel,
    t.amount_ubtt AS earned, 0 AS spent
FROM wallet_transfer t JOIN wallet_account a ON a.id = t.credit_id
WHERE t.kind IN ({TransferKind.EARNING:d}, {TransferKind.VOUCHER:d}) AND a.kind = {AccountKind.USER:d}
UNION ALL
SELECT t.id, t.asset, a.ref, {{hour}}, '', c.id, 0, t.amount_ubtt
FROM wallet_transfer t JOIN wallet_channel c ON c.account_id = t.debit_id JOIN wallet_account a ON a.id = c.payer_id
WHERE t.kind IN {_PAID} AND a.kind = {AccountKind.USER:d}
"""


def check_kinds(findings: Findings) -> None:
    """Name the first sums by kind that are wrong, or behind which nothing is or too much."""
    upto = cursor_of("kinds")
    flows = _FLOWS.format(hour=written("t.event_at", Span.HOUR))
    hours = f"SELECT account, begins, kind, ins, outs, 1 AS entries FROM ({flows}) f WHERE f.id <= {upto:d}"
    for name, truth, kept in _comparisons("wallet_kindrollup", "account_id", "kind", hours):
        compare(findings, "kindrollup", name, truth, kept, keys=_KINDS, sums=_SUMS)
    check_cursor(findings, "kinds", "wallet_kindrollup")


def _comparisons(table: str, account: str, kind: str, hours: str) -> list[tuple[str, str, str]]:
    """Return what each span's sums are made of, and what they are."""

    def kept(span: Span, within: Span) -> str:
        begins = written("begins_at", within)
        columns = f"{account} AS account, {begins} AS begins, {kind} AS kind, in_ubtt AS ins, out_ubtt AS outs, entries"
        return f"SELECT {columns} FROM {table} WHERE span = {span:d}"

    found = [("hour", hours, kept(Span.HOUR, Span.HOUR))]
    for span in (Span.DAY, Span.MONTH):
        found.append((span.name.lower(), kept(Span.HOUR, span), kept(span, span)))
    return found


def compare(
    findings: Findings, table: str, name: str, truth: str, kept: str, *, keys: tuple[str, ...], sums: tuple[str, ...]
) -> None:
    """Add both sides up by their keys; what is not the same on both is wrong, the oldest first.

    A sum that is full stands for that much or more.
    """
    listed, missing = ", ".join(keys), {one: _added(one) for one in sums}
    wrong = " OR ".join(f"({lack} <> 0 AND NOT ({lack} > 0 AND MAX(f_{one}) = 1))" for one, lack in missing.items())
    empty = ", ".join(f"0 AS f_{one}" for one in sums)
    signed = ", ".join(f"-{one}" for one in sums)
    full = ", ".join(f"CASE WHEN {one} = {FULL:d} THEN 1 ELSE 0 END" for one in sums)
    question = f"""
    SELECT {listed}, {", ".join(missing.values())} FROM (
        SELECT {listed}, {", ".join(sums)}, {empty} FROM ({truth}) AS t
        UNION ALL SELECT {listed}, {signed}, {full} FROM ({kept}) AS k
    ) AS b GROUP BY {listed} HAVING {wrong} ORDER BY begins, {listed} LIMIT {MOST_ANSWERS}
    """
    for row in read(question):
        where = ", ".join(f"{key} {value!r}" for key, value in zip(keys, row, strict=False))
        lacks = ", ".join(f"{int(value)} {one}" for one, value in zip(sums, row[len(keys) :], strict=True) if value)
        findings.add(table, words.SPANS[name] % {"where": where}, words.LACKS, lacks=lacks)


def _added(column: str) -> str:
    """Return the sum of a column, by halves: SQLite refuses one beyond 64 bits."""
    high = f"({column} >> 32)"
    return f"(SUM({high}) * 4294967296 + SUM({column} - {high} * 4294967296))"


def written(column: str, span: Span) -> str:
    """Return a time's hour, day or month, as both databases write it."""
    return f"substr(CAST({column} AS VARCHAR(40)), 1, {span.letters})"


def cursor_of(name: str) -> int:
    found = read("SELECT last_id FROM wallet_rollupcursor WHERE name = %s", [name])
    return int(found[0][0]) if found else 0


def check_cursor(findings: Findings, name: str, *tables: str) -> None:
    """Compare how far sums say they go with their rows, and with the seals, behind which nothing may be counted."""
    upto, (sealed, _odd) = cursor_of(name), _ends("wallet_seal")  # a seal whose end is no number is named by its chain
    if upto > sealed:
        findings.add(
            "rollupcursor",
            name,
            words.BEYOND_SEALS,
            upto=upto,
            sealed=sealed,
        )
    for table in tables:
        newest, odd = _ends(table)
        if newest > upto:
            findings.add(
                "rollupcursor",
                name,
                words.BEYOND_CURSOR,
                upto=upto,
                sums=table,
                newest=newest,
            )
        if odd:
            findings.add(
                "rollupcursor",
                name,
                words.ODD_ENDS,
                odd=odd,
                sums=table,
            )


def _ends(table: str) -> tuple[int, int]:
    """Return the highest `last_id`, and how many are no whole numbers: SQLite keeps anything in any column."""
    number = "CAST(last_id AS BIGINT)"
    question = f"SELECT MAX({number}), SUM(CASE WHEN {number} <> last_id THEN 1 ELSE 0 END) FROM {table}"
    newest, odd = read(question)[0]
    return int(newest or 0), int(odd or 0)
