from django.conf import settings
from django.db import models


class ScreenChoice(models.Model):
    """What a user wants a page to look like: the tiles of the overview, the columns of the list."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="screen_choices")
    screen = models.CharField(max_length=24)
    value = models.JSONField()  # names in their order; read with care, for names come and go

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "screen"], name="screen_choice_once_per_user")]

    def __str__(self) -> str:
        return f"{self.screen} of user {self.user_id}"
