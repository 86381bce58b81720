from django.db import models


class TaskTally(models.Model):
    """How often one worker has run one task, and how long that took. Written by that worker only."""

    worker = models.CharField(max_length=60)  # the queue it works for: wallet, node.<name>
    task = models.CharField(max_length=100)
    runs = models.BigIntegerField(default=0)  # ever
    failures = models.BigIntegerField(default=0)  # of these
    total_ms = models.BigIntegerField(default=0)
    last_ms = models.BigIntegerField(default=0)
    last_at = models.DateTimeField()
    failed_at = models.DateTimeField(null=True, blank=True)
    slowest = models.JSONField(default=list)  # [unix seconds, ms] of the slowest runs of the last hour, slowest first

    class Meta:
        constraints = [models.UniqueConstraint(fields=["worker", "task"], name="task_tally_once")]

    def __str__(self) -> str:
        return f"{self.task} by {self.worker}"
