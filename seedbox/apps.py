from django.apps import AppConfig


class SeedboxConfig(AppConfig):
    name = "seedbox"
    default_auto_field = "django.db.models.BigAutoField"
