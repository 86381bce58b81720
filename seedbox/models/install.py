from django.db import models
from django.utils.translation import gettext_lazy as _


class FactorRule(models.TextChoices):
    """Who must have a second factor."""

    NOBODY = "nobody", _("Nobody")
    ADMINS = "admins", _("Admins")
    EVERYBODY = "everybody", _("Everybody")


class Install(models.Model):
    """What the admin has decided for the whole box: one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    sign_up_open = models.BooleanField(default=False)  # false: by invitation only
    factor_rule = models.CharField(max_length=10, choices=FactorRule.choices, default=FactorRule.NOBODY)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="install_is_one_row"),
            models.CheckConstraint(
                condition=models.Q(factor_rule__in=FactorRule.values), name="install_factor_rule_known"
            ),
        ]

    def __str__(self) -> str:
        return "install"
