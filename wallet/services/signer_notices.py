"""What an operator should see about the signer, in sentences; nothing while all is well."""

from django.utils.translation import gettext as _

from wallet.domain.retelling import said_again
from wallet.domain.signer_words import SIGNER
from wallet.signer.protocol import SignerAway, SignerDoor


def signer_notices(signer: SignerDoor) -> list[str]:
    """Return why it does not sign, if it does not, and what it warns of, like a key file where money has a worth."""
    try:
        status = signer.status()
    except SignerAway as away:
        return [_("Nothing is signed: %(why)s.") % {"why": said_again(str(away), SIGNER)}]
    why_not = [_("Nothing is signed: %(why)s.") % {"why": said_again(status.why_not, SIGNER)}] if status.why_not else []
    return [*why_not, *(said_again(notice, SIGNER) for notice in status.notices)]
