from importlib import import_module

from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext, ngettext

from seedbox.config.celery import app as celery_app
from seedbox.domain import language as seedbox_language
from seedbox.services import numerals
from wallet.domain import language as wallet_language


class BoxConfig(AppConfig):
    """The composition root as an installed app, so that its commands (up, bench) are found."""

    name = "seedbox.config"
    label = "box"
    celery_app = celery_app  # made in every process, so that a nudge finds its broker

    def ready(self) -> None:
        for language in (seedbox_language, wallet_language):
            language.speak(gettext, ngettext, numerals.signs)
        # By name: it needs models, and this module is imported before they can be.
        import_module("seedbox.config.joints").join(settings.WALLET_NETWORK)
