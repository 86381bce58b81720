"""Secrets that the database keeps for us, sealed with a key that is not in it: a stolen copy tells nobody."""

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_PURPOSE = b"seedbox: secrets kept in the database"


class SealBroken(Exception):
    """This secret was sealed under another SEEDBOX_SECRET_KEY: bring that key back, or enter the secret anew."""


def seal(secret: str) -> str:
    """Return the secret as it may lie in the database; "" stays ""."""
    return _key().encrypt(secret.encode()).decode() if secret else ""


def unseal(sealed: str) -> str:
    """Return what was sealed; raises SealBroken."""
    if not sealed:
        return ""
    try:
        return _key().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise SealBroken from None


def _key() -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(settings.SECRET_KEY.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
