from django.db import models


class Install(models.Model):
    """What the admin has decided for the whole box: one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    sign_up_open = models.BooleanField(default=False)  # false: by invitation only

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="install_is_one_row")]

    def __str__(self) -> str:
        return "install"
