from django.conf import settings
from django.db import models
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from seedbox.domain.browsers import browser_in_words
from seedbox.domain.kept import told

# Of an actor without a user, where it is not the name that was tried.
COMMAND_LINE = gettext_noop("command line")
UNKNOWN_NAME = gettext_noop("(unknown name)")  # people type passwords into the wrong field: that is not kept


class Act(models.TextChoices):
    """What somebody did, or tried, that the audit log keeps."""

    SIGNED_IN = "signed_in", _("Signed in")
    SIGN_IN_FAILED = "sign_in_failed", _("Sign-in failed")
    SIGNED_OUT = "signed_out", _("Signed out")
    SIGNED_UP = "signed_up", _("Signed up")
    LOGIN_ENDED = "login_ended", _("Ended logins")
    PASSWORD_CHANGED = "password_changed", _("Changed the password")
    FACTOR_ADDED = "factor_added", _("Added a second factor")
    FACTOR_REMOVED = "factor_removed", _("Removed a second factor")
    CODES_MADE = "codes_made", _("Made new recovery codes")
    CODE_USED = "code_used", _("Used a recovery code")
    INVITED = "invited", _("Invited somebody")
    INVITATION_REVOKED = "invitation_revoked", _("Revoked an invitation")
    ROLE_CHANGED = "role_changed", _("Changed a role")
    USER_CHANGED = "user_changed", _("Changed a user")
    SETTING_CHANGED = "setting_changed", _("Changed a setting")


class AuditEntry(models.Model):
    """One line of the audit log: who did what to whom, when and from where. Written once, never changed."""

    at = models.DateTimeField()
    act = models.CharField(max_length=24, choices=Act.choices)
    # Null when nobody was signed in, as with a failed sign-in. The names stay when a user is deleted.
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, related_name="acts", null=True)
    actor_name = models.CharField(max_length=150, default="", blank=True)
    subject = models.ForeignKey(  # whose account it concerns: that user sees the line, too
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, related_name="audit", null=True
    )
    subject_name = models.CharField(max_length=150, default="", blank=True)
    address = models.CharField(max_length=45, default="", blank=True)  # IP address; "" on the command line
    agent = models.CharField(max_length=200, default="", blank=True)  # the browser's own words, cut: hostile text
    detail = models.CharField(max_length=300, default="", blank=True)  # what changed, in a kept sentence

    class Meta:
        indexes = [
            models.Index(fields=["-at", "-id"], name="audit_newest_first"),
            models.Index(fields=["subject", "-at", "-id"], name="audit_of_user_newest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.act}"

    @property
    def who(self) -> str:
        """Who acted, in the words of a page."""
        return gettext(self.actor_name) if self.actor_name in (COMMAND_LINE, UNKNOWN_NAME) else self.actor_name

    @property
    def says(self) -> str:
        """What changed, as its reader shall read it."""
        return told(self.detail)

    @property
    def browser(self) -> str:
        return browser_in_words(self.agent) if self.agent else ""
