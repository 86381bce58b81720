from django.apps import AppConfig

from seedbox.config.celery import app as celery_app


class BoxConfig(AppConfig):
    """The composition root as an installed app, so that its commands (up, bench) are found."""

    name = "seedbox.config"
    label = "box"
    celery_app = celery_app  # made in every process, so that a nudge finds its broker
