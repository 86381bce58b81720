"""Pages about the chain that a person can read: blocks, one block, one transaction, one account."""

from wallet.devnet.endpoint import Endpoint
from wallet.devnet.http import Answer, Request


def page(endpoint: Endpoint, request: Request) -> Answer | None:
    return None
