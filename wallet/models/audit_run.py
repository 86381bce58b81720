from django.db import models


class AuditRun(models.Model):
    """What an audit of the books came to."""

    at = models.DateTimeField()
    transfers = models.BigIntegerField()  # that it saw
    findings = models.BigIntegerField()
    first_finding = models.CharField(max_length=300, default="", blank=True)
    seal = models.CharField(max_length=90, default="", blank=True)  # the newest, NUMBER:HASH

    class Meta:
        indexes = [models.Index(fields=["-at", "-id"], name="wallet_audit_newest_first")]

    def __str__(self) -> str:
        return f"audit of {self.transfers} transfers: {self.findings} findings"
