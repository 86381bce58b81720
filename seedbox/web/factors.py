"""What allauth's second factors ask of us: sealed secrets, whose passkeys, when a factor may go."""

import ipaddress
from urllib.parse import urlsplit

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from seedbox.models import User
from seedbox.services import factors
from seedbox.services.sealing import seal, unseal

BOX_NAME = "Seedbox"


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth has no types
    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_delete_authenticator": gettext_lazy(
            "This box asks you for a second factor. Add another one before this one goes."
        ),
        "incorrect_code": gettext_lazy(
            "This code is not right. Codes of an app change every 30 seconds and work once."
        ),
    }

    def encrypt(self, text: str) -> str:
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text)

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        return factors.may_remove(user=authenticator.user, factor_id=authenticator.pk)

    def get_totp_label(self, user: User) -> str:
        return f"{user.username}@{public_host()}"

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return _("Passkey") if count == 0 else f"Passkey {count + 1}"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Bind passkeys to the box's own address: what a request calls it decides nothing."""
        return {"id": public_host(), "name": BOX_NAME}


def public_host() -> str:
    return urlsplit(settings.PUBLIC_ORIGIN).hostname or ""


def passkey_obstacle(request: HttpRequest) -> str:
    """Return why no passkey works on a page that was opened like this, and what helps; "" if they work."""
    host = public_host()
    if _is_address(host):
        return _(
            "Passkeys need a name, and this box has an IP address only. Its admin can give it a name "
            "with SEEDBOX_PUBLIC_URL."
        )
    if split_domain_port(request.get_host())[0].strip("[]") != host:
        return _("Passkeys work at %(public_url)s only, not at the address you have opened.") % {
            "public_url": settings.PUBLIC_URL
        }
    if not settings.PUBLIC_ORIGIN.startswith("https:") and host != "localhost":
        return _("Passkeys need https. Its admin can put the box behind a proxy with a certificate.")
    return ""


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
