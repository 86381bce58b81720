import pytest
from pytest_django.fixtures import Settings


@pytest.fixture(autouse=True)
def quick_settings(settings: Settings) -> None:
    """Name static files as they are (`up` makes the manifest of hashed names), and hash passwords cheaply."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    settings.PASSWORD_HASHERS = ["tests.passwords.QuickArgon2"]
