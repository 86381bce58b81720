from django.apps import AppConfig


class SpeedConfig(AppConfig):
    name = "speed"
    default_auto_field = "django.db.models.BigAutoField"
