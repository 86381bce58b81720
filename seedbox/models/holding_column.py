from django.db import models

from seedbox.models.holding import Holding


class HoldingColumn(models.Model):
    """A figure of a holding that the list sorts by and shows without knowing what it means: other apps bring it."""

    holding = models.ForeignKey(Holding, on_delete=models.CASCADE, related_name="more_columns")
    name = models.CharField(max_length=24)
    value = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "holding"], name="holding_column_once")]

    def __str__(self) -> str:
        return f"{self.name} of holding {self.holding_id}"
