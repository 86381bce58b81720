from django.db import models
from django.utils.translation import gettext_lazy as _


class DepositKey(models.Model):
    """The account-level public key that deposit addresses come from, kept when the signer has confirmed one of them.

    With it the web tier derives addresses and nobody spends anything. Never changed.
    """

    network = models.CharField(max_length=8, primary_key=True)
    xpub = models.CharField(max_length=120)
    confirmed_index = models.IntegerField()  # whose address signer and web derived alike
    confirmed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"deposit key of {self.network}"


class DepositAddress(models.Model):
    """The address of one user, at which both assets can be deposited for ever. Its index is never used again."""

    network = models.CharField(max_length=8)
    # No foreign key: money may come to it when the user is gone. Below zero: a database that was put back has forgotten
    # whose it is.
    user_id = models.BigIntegerField()
    index = models.IntegerField()  # of m/44'/195'/0'/0/index: the second in which it was given, from 2024 on
    address = models.CharField(max_length=34)  # base58, of which there is one for each address
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["network", "user_id"], name="wallet_address_one_of_user"),
            models.UniqueConstraint(fields=["network", "index"], name="wallet_address_index_once"),
            models.UniqueConstraint(fields=["network", "address"], name="wallet_address_once"),
        ]

    def __str__(self) -> str:
        return self.address


class InstallRole(models.TextChoices):
    HOT = "hot", _("Hot")  # pays withdrawals; its key is in the signer
    COLD = "cold", _("Cold")  # kept elsewhere, counted as ours


class InstallAddress(models.Model):
    """An address of the install's own. Watched like those of the users. Never changed."""

    network = models.CharField(max_length=8)
    role = models.CharField(max_length=4, choices=InstallRole.choices)
    address = models.CharField(max_length=34)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["network", "address"], name="wallet_own_address_once")]

    def __str__(self) -> str:
        return self.address


class RetiredAddress(models.Model):
    """A cold address that is ours no longer: it was empty then, and what comes to it later is not seen. Never changed.

    A row of its own, because the address stays in the movements that it had.
    """

    address = models.OneToOneField(InstallAddress, models.PROTECT, primary_key=True, related_name="retired")
    retired_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.address}, retired"
