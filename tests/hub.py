"""Rows of the hub, for tests."""

from tests.builders import NOW
from tests.ledger import ASSET
from wallet.models import Channel, HubCall, HubKey, HubNonce, HubOffer, HubRules, PairingCode, ReceiptVersion, SpeedKey


def a_row_of_each_of_the_hub(channel: Channel) -> None:
    """Make a row in every table of the hub, ended or signed where it can be."""
    key, account = "02" + "ab" * 32, channel.payer
    SpeedKey.objects.create(account=account, key=key, daily_limit_ubtt=1, earns=False, bound_at=NOW, revoked_at=NOW)
    PairingCode.objects.create(digest=bytes(32), account=account, most_ubtt=1, earns=False, made_at=NOW, expires_at=NOW)
    HubKey.objects.create(network="devnet", asset=ASSET, key=key, seen_at=NOW)
    HubRules.objects.create(at=NOW, actor_id=1, actor_name="ada", reason="because", fee_ppm=1, key_hash=bytes(16))
    HubCall.objects.create(caller=key, key="1", body_hash=bytes(32), at=NOW)
    HubNonce.objects.create(caller=key, nonce=bytes(16), expires_at=NOW)
    HubOffer.objects.create(caller=key, offer_key=bytes(32), address="192.0.2.7", port=6890, expires_at=NOW)
    ReceiptVersion.objects.create(
        channel=channel,
        number=1,
        adds_ubtt=1,
        amount_ubtt=1,
        expires_at=NOW,
        made_at=NOW,
        receipt=bytes(235),
        signed_at=NOW,
    )
