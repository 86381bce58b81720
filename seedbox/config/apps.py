from importlib import import_module

from django.apps import AppConfig
from django.conf import settings

from seedbox.config.celery import app as celery_app


class BoxConfig(AppConfig):
    """The composition root as an installed app, so that its commands (up, bench) are found."""

    name = "seedbox.config"
    label = "box"
    celery_app = celery_app  # made in every process, so that a nudge finds its broker

    def ready(self) -> None:
        # By name: it needs models, and this module is imported before they can be.
        import_module("seedbox.config.joints").join(settings.WALLET_NETWORK)
