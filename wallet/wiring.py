"""Which chain and which signer this process speaks with: the settings say it, tasks and pages hand them in."""

import functools

from django.conf import settings

from wallet.chain.devnet_faucet import DevnetFaucet, Faucet
from wallet.chain.endpoints import Chain
from wallet.chain.transport import Transport
from wallet.chain.tronpy_endpoint import TronpyEndpoint
from wallet.domain.networks import NETWORKS, Network
from wallet.domain.tron.addresses import to_base58
from wallet.signer.client import SignerClient


def network() -> Network:
    """Return what is known of this install's network. Raises KeyError where the wallet is off: nobody may ask there."""
    return NETWORKS[settings.WALLET_NETWORK]


@functools.cache
def chain() -> Chain:
    """Return the chain through all endpoints of this install: the process's one, which remembers how they are."""
    transports = [Transport(url) for url in settings.WALLET_CHAIN_ENDPOINTS]
    names = [transport.name for transport in transports]
    endpoints = [
        TronpyEndpoint(transport, name=f"{name} ({number})" if names.count(name) > 1 else name)  # a devnet is two
        for number, (name, transport) in enumerate(zip(names, transports, strict=True), 1)
    ]
    return Chain(endpoints, network())


def forget_chain() -> None:
    """Close the process's chain, so that the next call makes another one: for tests, whose settings change."""
    if chain.cache_info().currsize:
        chain().close()
        chain.cache_clear()


def signer() -> SignerClient:
    return SignerClient(settings.SIGNER_SOCKET)


def faucet() -> Faucet | None:
    """Return what gives money away: a devnet's own; nobody else has one."""
    known = network()
    if known.name != "devnet":
        return None
    contract = to_base58(known.assets.trc20_contract)
    return DevnetFaucet(settings.WALLET_CHAIN_ENDPOINTS[0], trc10_id=known.assets.trc10_id, trc20=contract)
