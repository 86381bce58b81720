from django.conf import settings
from django.db import models


class Notice(models.Model):
    """Something that ended well or badly, or that waits for its user: kept until it is read, and a while longer."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=24)  # of services/notice_kinds.py
    key = models.CharField(max_length=80)  # from whoever tells it, so that nothing is told twice
    at = models.DateTimeField()
    tone = models.CharField(max_length=8)  # success | info | warning | danger
    text = models.CharField(max_length=300)
    url_name = models.CharField(max_length=40, default="", blank=True)  # of the page that it leads to
    url_args = models.JSONField(default=list, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="notice_once"),
            models.CheckConstraint(
                condition=models.Q(tone__in=["success", "info", "warning", "danger"]), name="notice_tone_known"
            ),
        ]
        indexes = [models.Index(fields=["user", "-at", "-id"], name="notice_newest_first")]

    def __str__(self) -> str:
        return self.text
