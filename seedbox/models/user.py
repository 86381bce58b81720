from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from seedbox.domain.numerals import EVERY


class Role(models.TextChoices):
    ADMIN = "admin", _("Admin")
    MEMBER = "member", _("Member")


class User(AbstractUser):
    """A person with a sign-in. Admins invite people and see the box's health; torrents stay their holders' own."""

    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)
    numerals = models.CharField(max_length=8, blank=True, default="")  # of domain.numerals; "": not known yet
    language = models.CharField(max_length=20, blank=True, default="")  # that pages were last read in; "": the only one

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="user_role_known"),
            models.CheckConstraint(
                condition=models.Q(numerals__in=["", *(one.name for one in EVERY)]), name="user_numerals_known"
            ),
        ]

    @property
    def is_admin(self) -> bool:
        return self.role == Role.ADMIN
