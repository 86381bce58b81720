from django.db import models


class Answer(models.Model):
    """What the ledger answered under a key, where that is no transfer: a hold, its end, or a refusal."""

    key_hash = models.BinaryField(max_length=16, unique=True)
    body_hash = models.BinaryField(max_length=32)
    code = models.CharField(max_length=20)
    hold_id = models.BigIntegerField(null=True)
    end = models.SmallIntegerField(null=True)
    written_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"answer {self.pk}: {self.code}"
