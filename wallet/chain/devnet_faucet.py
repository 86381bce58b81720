"""Asks the development chain's faucet for money, which only such a chain has."""

from typing import Protocol

import httpx

from wallet.domain.language import said as _

TIMEOUT_S = 5.0
GIFT_ASSET = 20_000 * 10**6  # BTTOLD
GIFT_TOKEN = 20_000_000 * 10**18  # BTT
GIFT_TRX_SUN = 10_000 * 10**6


class FaucetAway(Exception):
    """The faucet did not pay: the development chain does not run, or has refused. Try again in a moment."""

    def __init__(self) -> None:
        super().__init__(_("The faucet did not pay: the development chain does not answer. Try again in a moment."))


class Faucet(Protocol):
    def pay(self, address: str) -> None:
        """Send some of both tokens to an address (base58). Raises FaucetAway."""

    def pay_trx(self, address: str) -> None:
        """Send what the chain's fees are paid with. Raises FaucetAway."""


class DevnetFaucet:
    def __init__(self, url: str, *, trc10_id: int, trc20: str) -> None:
        self._url = url.rstrip("/")
        self._gift: dict[str, object] = {
            "assets": {str(trc10_id): str(GIFT_ASSET)},
            "trc20": {trc20: str(GIFT_TOKEN)},
        }

    def pay(self, address: str) -> None:
        self._order({"address": address, **self._gift})

    def pay_trx(self, address: str) -> None:
        self._order({"address": address, "trx": str(GIFT_TRX_SUN)})

    def _order(self, order: dict[str, object]) -> None:
        try:
            answer = httpx.post(f"{self._url}/devnet/faucet", json=order, timeout=TIMEOUT_S, trust_env=False)
            if answer.status_code != httpx.codes.OK or not answer.json().get("txIDs"):
                raise FaucetAway
        except (httpx.HTTPError, ValueError, AttributeError):  # nor a stranger's server on that port
            raise FaucetAway from None
