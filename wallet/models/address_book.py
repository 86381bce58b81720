from django.db import models
from django.db.models import Q


class AddressBookEntry(models.Model):
    """An address that a user may withdraw to, from `usable_at` on."""

    user_id = models.BigIntegerField()
    address = models.CharField(max_length=34)  # T…
    label = models.CharField(max_length=60, default="", blank=True)
    added_at = models.DateTimeField()
    usable_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user_id", "address"], condition=Q(removed_at__isnull=True), name="wallet_book_address_once"
            ),
        ]

    def __str__(self) -> str:
        return f"address {self.pk} of user {self.user_id}"
