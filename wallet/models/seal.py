from django.db import models


class Seal(models.Model):
    """The Merkle root over the transfers of a second, chained to the seal before. Never changed."""

    number = models.BigIntegerField(primary_key=True)  # 1, 2, 3 …
    first_id = models.BigIntegerField()  # of its transfers
    last_id = models.BigIntegerField(unique=True)
    count = models.IntegerField()  # fewer than last - first + 1 where a batch was rolled back
    root = models.BinaryField(max_length=32)
    previous_hash = models.BinaryField(max_length=32)  # 32 zero bytes before the first
    totals = models.JSONField()  # asset -> sum of its amounts, as decimal text
    sealed_at = models.DateTimeField()
    hash = models.BinaryField(max_length=32)

    def __str__(self) -> str:
        return f"seal {self.pk}"
