"""Who has stolen a Speed key can do all that it can, and gets the daily limits of its users and not one µBTT more."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from seedbox.models import User
from tests.hubs import BUYER, BUYER_KEY, HOUR_S, STRANGER, THEN
from tests.ledger import BTT, balance, fund, user
from wallet.domain.channels import GRACE, LEAST_UBTT
from wallet.domain.hub import HubChannel, HubRefused, Redemption, Refusal, SignedVoucher
from wallet.domain.speed1.voucher import Voucher
from wallet.services import audit, channels, hub_channels, hub_receipts, hub_vouchers, speed_keys
from wallet.signer.signer import Signer

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

OLGAS_LIMIT, ADAS_LIMIT = 6 * BTT, 3 * BTT
DAY = timedelta(days=1)


class Thief:
    """Signs by the stolen key; its channels pay an account of its own."""

    def __init__(self, account: User, signer: Signer) -> None:
        code = speed_keys.make_pairing_code(account.pk, most_ubtt=0, earns=True, now=THEN).code
        speed_keys.pair(caller=STRANGER, code=code, daily_limit_ubtt=0, earns=True, key="earn", now=THEN)
        self.account, self.signer = account, signer
        self.channels: list[HubChannel] = []
        self.tried = 0

    def take(self, account: User, amount_ubtt: int, now: datetime) -> Refusal | None:
        """Open a channel to itself; return why that is refused."""

        def work(key: str) -> HubChannel:
            terms = {"caller": BUYER, "account": str(account.pk), "payee_key": STRANGER, "expires_s": HOUR_S}
            return hub_channels.open_channel(key=key, amount_ubtt=amount_ubtt, now=now, **terms)  # type: ignore[arg-type]  # as they are named

        return self._try(work)

    def add(self, channel: HubChannel, amount_ubtt: int, now: datetime) -> Refusal | None:
        return self._try(
            lambda key: hub_channels.top_up(
                caller=BUYER, channel_id=channel.id, key=key, amount_ubtt=amount_ubtt, expires_s=HOUR_S, now=now
            )
        )

    def _try(self, work: Callable[[str], HubChannel]) -> Refusal | None:
        self.tried += 1
        try:
            self.channels.append(work(f"call-{self.tried}"))
        except HubRefused as refusal:
            return refusal.code
        return None

    def redeem(self, percent: int, now: datetime) -> set[Redemption]:
        """Promise itself so much of all its channels, and bring it."""
        hub_receipts.sign_waiting(self.signer, now=THEN)
        brought = []
        for opened in self.channels:
            channel = hub_channels.seen(opened.id, BUYER, now=now)
            promised = channel.amount_ubtt * percent // 100
            voucher = Voucher(channel.receipt[20:40], bytes.fromhex(channel.id), bytes.fromhex(STRANGER), promised)
            brought.append(SignedVoucher(channel.id, promised, voucher.sign(BUYER_KEY)))
        found = hub_vouchers.redeem(caller=STRANGER, brought=brought, key=f"{percent}-{int(now.timestamp())}", now=now)
        return {one.outcome for one in found}

    @property
    def loot_ubtt(self) -> int:
        return balance(user(self.account.pk))


class TestAThiefOfASpeedKey:
    @pytest.fixture
    def thief(self, owner: User, admin: User, stranger: User, signer: Signer) -> Thief:
        """Olga has 100 BTT and Ada too; both let the node of the stolen key spend some of it in a day."""
        for who, limit_ubtt in ((owner, OLGAS_LIMIT), (admin, ADAS_LIMIT)):
            fund(user(who.pk), 100 * BTT)
            speed_keys.bind_user(who.pk, BUYER, daily_limit_ubtt=limit_ubtt, now=THEN)
        return Thief(stranger, signer)

    def test_gets_what_its_users_let_it_spend_in_a_day_and_when_it_is_revoked_nothing_more(
        self, thief: Thief, owner: User, admin: User
    ) -> None:
        assert thief.take(owner, OLGAS_LIMIT + 1, THEN) is Refusal.OVER_DAILY_LIMIT
        assert thief.take(owner, OLGAS_LIMIT - BTT, THEN) is None
        assert thief.add(thief.channels[0], BTT, THEN) is None
        assert thief.add(thief.channels[0], 1, THEN) is Refusal.OVER_DAILY_LIMIT
        assert thief.take(admin, ADAS_LIMIT, THEN) is None
        for victim in (owner, admin):
            assert thief.take(victim, LEAST_UBTT, THEN) is Refusal.OVER_DAILY_LIMIT
        assert thief.take(thief.account, LEAST_UBTT, THEN) is Refusal.NOT_BOUND  # nor anybody else's
        thief.channels.pop(1)  # the topped-up one is in there twice
        assert thief.redeem(50, THEN) == {Redemption.PAID}

        speed_keys.revoke_everywhere(BUYER, now=THEN)
        soon, tomorrow = THEN + timedelta(seconds=HOUR_S - 1), THEN + DAY
        for now in (THEN, soon, tomorrow):
            assert thief.take(owner, LEAST_UBTT, now) is Refusal.NOT_BOUND
        assert thief.add(thief.channels[0], LEAST_UBTT, soon) is Refusal.NOT_BOUND
        assert thief.redeem(100, soon) == {Redemption.PAID}  # what was open runs out
        assert thief.loot_ubtt == OLGAS_LIMIT + ADAS_LIMIT
        channels.expire_due(now=tomorrow + GRACE)
        assert thief.redeem(100, tomorrow) == {Redemption.REFUSED}
        assert thief.loot_ubtt == OLGAS_LIMIT + ADAS_LIMIT
        assert balance(user(owner.pk)) + balance(user(admin.pk)) == 200 * BTT - OLGAS_LIMIT - ADAS_LIMIT
        assert audit.audit().findings == []

    def test_lets_a_user_revoke_it_alone_who_loses_the_days_until_then(self, thief: Thief, owner: User) -> None:
        days = 2
        for day in range(days):
            assert thief.take(owner, OLGAS_LIMIT, THEN + day * DAY) is None
        speed_keys.revoke(owner.pk, BUYER, now=THEN + DAY)
        assert thief.take(owner, LEAST_UBTT, THEN + days * DAY) is Refusal.NOT_BOUND
        assert balance(user(owner.pk)) == 100 * BTT - days * OLGAS_LIMIT
