"""What an open page of somebody's money shows, as the messages of the live socket."""

from wallet.services import statements
from wallet.services.entry_rows import Row, balance_row, entry_row, hold_row
from wallet.services.install import market_asset

NEWEST = 20  # entries of one message; a page that missed more of them fetches its list

Message = dict[str, object]


def messages(user_id: int) -> list[Message]:
    """Return the balance, the holds and the newest entries of a user; none before money has come."""
    account = statements.account_of(user_id, market_asset())
    if account is None:
        return []
    holds = [hold_row(hold) for hold in statements.running_holds(account)]
    newest = [entry_row(entry) for entry in statements.read(account, limit=NEWEST).entries]
    return [
        {"type": "rows", "rows": {"money": balance_row(statements.balance(account))}},
        {"type": "list", "list": "holds", "rows": _by_name(holds)},
        {"type": "head", "list": "entries", "rows": _by_name(newest)},
    ]


def _by_name(rows: list[Row]) -> dict[str, Row]:
    return {str(row["row"]): row for row in rows}
