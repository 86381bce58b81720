from django.db import models
from django.db.models import Q

from wallet.domain.money import MAX_AMOUNT_UBTT, Asset
from wallet.domain.withdrawal_states import LIVE, OPEN, AttemptState, WithdrawalState
from wallet.models.whole import Whole

_OPEN = sorted(state.value for state in OPEN)
_LIVE = sorted(state.value for state in LIVE)


class Withdrawal(models.Model):
    """Money that a user wants sent to an address on the chain. Who, how much and where to are never changed."""

    user_id = models.BigIntegerField()  # no foreign key: this outlives people
    key = models.CharField(max_length=32)  # of the form that asked for it, so that it is asked for once
    asset = models.SmallIntegerField(choices=[(asset.value, asset.unit) for asset in Asset])
    amount_ubtt = models.BigIntegerField()  # what arrives
    fee_ubtt = models.BigIntegerField()  # on top of it, as it was shown
    address = models.CharField(max_length=34)  # T…
    state = models.CharField(max_length=10, choices=[(state.value, state.name.lower()) for state in WithdrawalState])
    hold_id = models.BigIntegerField()  # what keeps amount and fee until they are in flight
    needs_approval = models.BooleanField()
    is_wanted_back = models.BooleanField(default=False)  # its user wants no further attempt, should this one be dead
    # Why it is neither sent, returned nor cancelled until an admin has looked; "": it goes its way.
    doubt = models.CharField(max_length=300, default="", blank=True)
    fails_because = models.CharField(max_length=300, default="", blank=True)  # the chain said so when it was its turn
    try_from = models.DateTimeField(null=True)  # when it is its turn again then
    reason = models.CharField(max_length=300, default="", blank=True)  # why it ended otherwise than FINAL
    requested_at = models.DateTimeField()
    approve_until = models.DateTimeField(null=True)
    decided_by_id = models.BigIntegerField(null=True)  # the admin who approved it
    decided_by_name = models.CharField(max_length=150, default="", blank=True)
    decided_at = models.DateTimeField(null=True)
    rejected_by_id = models.BigIntegerField(null=True)  # the admin who rejected it, maybe after that
    rejected_by_name = models.CharField(max_length=150, default="", blank=True)
    rejected_at = models.DateTimeField(null=True)
    queued_at = models.DateTimeField(null=True)
    sending_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user_id", "key"], name="wallet_withdrawal_key_once"),
            models.UniqueConstraint(fields=["hold_id"], name="wallet_withdrawal_hold_once"),
            models.CheckConstraint(condition=Whole("amount_ubtt", "fee_ubtt"), name="wallet_withdrawal_whole"),
            models.CheckConstraint(
                condition=Q(amount_ubtt__gte=1, amount_ubtt__lte=MAX_AMOUNT_UBTT, fee_ubtt__gte=0),
                name="wallet_withdrawal_amount",
            ),
            models.CheckConstraint(
                condition=Q(state__in=sorted(state.value for state in WithdrawalState)),
                name="wallet_withdrawal_state_known",
            ),
            models.CheckConstraint(
                condition=Q(state__in=_OPEN, ended_at__isnull=True) | ~Q(state__in=_OPEN) & Q(ended_at__isnull=False),
                name="wallet_withdrawal_ended_at",
            ),
        ]
        indexes = [
            models.Index(fields=["user_id", "-id"], name="wallet_withdrawal_of_user"),
            models.Index(fields=["requested_at"], name="wallet_withdrawal_by_time"),
            models.Index(fields=["state", "queued_at", "id"], name="wallet_withdrawal_queue"),
        ]

    def __str__(self) -> str:
        return f"withdrawal {self.pk}"

    @property
    def total_ubtt(self) -> int:
        return self.amount_ubtt + self.fee_ubtt


class Attempt(models.Model):
    """One signed transaction of a withdrawal. Its bytes are stored before anybody signs them, and never changed."""

    withdrawal = models.ForeignKey(Withdrawal, on_delete=models.PROTECT, related_name="attempts")
    number = models.SmallIntegerField()  # 1, 2, 3 …
    signed_as = models.SmallIntegerField(null=True)  # the signer's number of one that the books had forgotten
    raw_bytes = models.BinaryField()
    tx_id = models.CharField(max_length=64, unique=True)  # hex
    expiration_ms = models.BigIntegerField()  # by the chain's clock
    reference_number = models.BigIntegerField()  # of the solid block it refers to
    reference_id = models.BinaryField(max_length=32)
    reference_header = models.BinaryField()
    fee_estimate_sun = models.BigIntegerField()
    signature = models.BinaryField(max_length=65, null=True)
    state = models.CharField(max_length=10, choices=[(state.value, state.name.lower()) for state in AttemptState])
    tries = models.IntegerField(default=0)  # broadcasts since it last moved on
    next_try_at = models.DateTimeField()
    prepared_at = models.DateTimeField()
    signed_at = models.DateTimeField(null=True)
    broadcast_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    block_number = models.BigIntegerField(null=True)
    fee_sun = models.BigIntegerField(null=True)  # what the network burned; booked when its block is scanned
    # The dead proof, as the signer asks for it before it signs the next attempt.
    dead_header = models.BinaryField(null=True)
    dead_sources = models.JSONField(default=list)
    dead_scanned_to = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["withdrawal", "number"], name="wallet_attempt_number_once"),
            models.UniqueConstraint(
                fields=["withdrawal"], condition=Q(state__in=_LIVE), name="wallet_attempt_one_live"
            ),
            models.CheckConstraint(
                condition=Q(state__in=sorted(state.value for state in AttemptState)), name="wallet_attempt_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=_LIVE, ended_at__isnull=True) | ~Q(state__in=_LIVE) & Q(ended_at__isnull=False),
                name="wallet_attempt_ended_at",
            ),
            models.CheckConstraint(
                condition=~Q(state=AttemptState.DEAD.value)
                | Q(dead_header__isnull=False, dead_scanned_to__isnull=False),
                name="wallet_attempt_dead_is_proven",
            ),
            models.CheckConstraint(condition=Q(number__gte=1), name="wallet_attempt_number"),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], condition=Q(state__in=_LIVE), name="wallet_attempt_live"),
            models.Index(fields=["block_number"], name="wallet_attempt_by_block"),
        ]

    def __str__(self) -> str:
        return f"attempt {self.number} of withdrawal {self.withdrawal_id}"

    @property
    def key(self) -> str:
        """Return what the signer knows it by."""
        return f"withdrawal/{self.withdrawal_id}/{self.signed_as or self.number}"


class AttemptEvent(models.Model):
    """What was done about an attempt, and what was answered. Never changed."""

    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField()
    what = models.CharField(max_length=12)  # prepared, signed, broadcast, seen …
    endpoint = models.CharField(max_length=100, default="", blank=True)
    code = models.CharField(max_length=40, default="", blank=True)
    message = models.CharField(max_length=300, default="", blank=True)

    class Meta:
        indexes = [models.Index(fields=["attempt", "id"], name="wallet_attempt_events")]

    def __str__(self) -> str:
        return f"{self.what} {self.code}".strip()
