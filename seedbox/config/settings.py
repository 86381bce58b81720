"""Django's settings, derived from the environment (`env.py`) and from nothing else."""

import contextlib
import logging
import os
import secrets
from http import HTTPStatus
from pathlib import Path
from typing import Any

from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from seedbox.config import env

try:
    ENVIRONMENT = env.read()
except env.BadEnvironment as problem:
    raise ImproperlyConfigured(str(problem)) from None

BASE_DIR = env.ROOT
DATA_DIR = ENVIRONMENT.data
POSTGRES_CONNECT_S = 5  # an unreachable server must not hold a node's thread for as long as TCP would wait
SQLITE_WAIT_S = 20  # a writer waits this long for another; longer than any of our writes under a full test load


def _kept_secret(path: Path) -> str:
    """Return the secret kept at `path`, making it on the first start; only its owner can read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        if kept := path.read_text().strip():
            return kept
        path.unlink()  # of a start that was killed before it could write
    # It appears whole or not at all, and only one of several processes that start at once makes it.
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(50))
    with contextlib.suppress(FileExistsError):
        path.hardlink_to(fresh)
    fresh.unlink()
    return path.read_text().strip()


def _database() -> dict[str, Any]:
    if not ENVIRONMENT.database_url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": DATA_DIR / "seedbox.sqlite3",
            "OPTIONS": {
                "timeout": SQLITE_WAIT_S,
                # The write lock is taken at BEGIN: a transaction that reads first can't fail halfway for want of it.
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
                # Without this a REPLACE deletes rows past the triggers that keep the books.
                "PRAGMA recursive_triggers=ON;",
            },
            # Django's default test database is in memory: no WAL, and other processes can't see it.
            "TEST": {"NAME": str(DATA_DIR / "test.sqlite3")},
        }
    parts = {"connect_timeout": POSTGRES_CONNECT_S} | conninfo_to_dict(ENVIRONMENT.database_url)
    known = {"host": "HOST", "port": "PORT", "dbname": "NAME", "user": "USER", "password": "PASSWORD"}
    return {
        "ENGINE": "django.db.backends.postgresql",
        **{django: str(parts.pop(name)) for name, django in known.items() if name in parts},
        "OPTIONS": parts,
    }


try:
    SECRET_KEY = ENVIRONMENT.secret_key or _kept_secret(DATA_DIR / "secret_key")
except OSError as problem:
    raise ImproperlyConfigured(f"SEEDBOX_DATA={DATA_DIR}: can't be used ({problem})") from None
DEBUG = False
PUBLIC_URL = ENVIRONMENT.public_url
PUBLIC_ORIGIN = ENVIRONMENT.public_origin
PAGE_ORIGINS = ENVIRONMENT.page_origins
FORCE_SCRIPT_NAME = ENVIRONMENT.public_path or None
TRUSTED_PROXIES = ENVIRONMENT.trusted_proxies
METRICS_TOKEN = ENVIRONMENT.metrics_token
_public_host = PUBLIC_ORIGIN.partition("://")[2]
ALLOWED_HOSTS = [
    _public_host.rpartition(":")[0] if _public_host[-1].isdigit() and ":" in _public_host else _public_host
]
ALLOWED_HOSTS += ["localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = [*PAGE_ORIGINS]
CSRF_FAILURE_VIEW = "seedbox.web.errors.csrf_failure"

INSTALLED_APPS = [
    "seedbox",  # first: its `changepassword` stands before Django's
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "channels",
    "csp",
    "django_htmx",
    "wallet",
    "speed",
    "seedbox.config",
]
MIDDLEWARE = [
    "seedbox.web.headers.safe_headers",
    "seedbox.web.proxies.trusted_proxies",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "seedbox.web.bodies.refused_bodies",
    "seedbox.web.static_files.async_static_files",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "seedbox.web.languages.readers_language",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "seedbox.web.languages.readers_numerals",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "seedbox.web.logins.watched_logins",
]
ROOT_URLCONF = "seedbox.config.urls"
ASGI_APPLICATION = "seedbox.config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "seedbox.web.navigation.links",
                "seedbox.web.bell.bell",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Throttles must survive a restart and a dead Redis, and hold over several web processes.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},  # with the default of 300 a guesser could push his own count out
    }
}
REDIS_URL = ENVIRONMENT.effective_redis_url
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "seedbox.web.layer.LiveLayer",
        # Without this the client tries a dead Redis ten times, for half a minute, before it says so.
        "CONFIG": {"hosts": [{"address": REDIS_URL, "retry": Retry(NoBackoff(), 0), "socket_connect_timeout": 0.5}]},
    }
}

NODE_NAME = ENVIRONMENT.node_name
NODE_LISTEN = ENVIRONMENT.node_listen
NODE_SPEED_LISTEN = ENVIRONMENT.node_speed_listen
NODE_FOLDERS = ENVIRONMENT.node_folders
NODE_FOLDER = NODE_FOLDERS[0].path  # until the node has looked which one takes new torrents
NODE_UPLOAD_LIMIT_BYTES_PER_S = ENVIRONMENT.node_upload_limit_bytes_per_s
NODE_UMASK = ENVIRONMENT.node_umask
WALLET_ADMINS = {"role": "admin"}  # how the wallet finds among users who may approve
SPEED_SLOW_S = ENVIRONMENT.speed_slow_s
SPEED_BLOCK_S = ENVIRONMENT.speed_block_s

WALLET_NETWORK = ENVIRONMENT.wallet_network
WALLET_DEVNET_SOLID_LAG = ENVIRONMENT.wallet_devnet_solid_lag
WALLET_ASSET = ENVIRONMENT.wallet_asset
WALLET_CHAIN_ENDPOINTS = ENVIRONMENT.effective_chain_endpoints
SIGNER_SOCKET = ENVIRONMENT.signer_socket
SIGNER_FOLDER = DATA_DIR / "signer"
SIGNER_KEY_FILE = ENVIRONMENT.wallet_signer_key_file
SIGNER_PEERS = ENVIRONMENT.wallet_signer_peers
WALLET_DOORS = "seedbox.config.wallet_doors"  # the wallet knows no other app, and asks here who may open its pages

# --- people
AUTH_USER_MODEL = "seedbox.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "seedbox.services.passwords.PasswordLength"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},  # 20,000 that have leaked most often
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "overview"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "seedbox.web.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300  # seconds; sign-in counts
# Ten wrong passwords a minute from one address, five in five minutes for one user name; the same for codes.
ACCOUNT_RATE_LIMITS = {
    "login": "60/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "signup": "20/m/ip",
    "change_password": "5/m/user",
    "reauthenticate": "10/m/user",
}
MFA_ADAPTER = "seedbox.web.factors.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Seedbox"
MFA_TOTP_TOLERANCE = 0  # a code lives for its own 30 seconds, which is as long as allauth remembers a used one
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_RATE_LIMITS = {"webauthn_login": "10/m/ip"}
MFA_FORMS = {
    "authenticate": "seedbox.web.factor_forms.CodeForm",
    "reauthenticate": "seedbox.web.factor_forms.ConfirmCodeForm",
    "authenticate_webauthn": "seedbox.web.factor_forms.PasskeyForm",
    "reauthenticate_webauthn": "seedbox.web.factor_forms.ConfirmPasskeyForm",
    "login_webauthn": "seedbox.web.factor_forms.PasskeySignInForm",
    "add_webauthn": "seedbox.web.factor_forms.AddPasskeyForm",
}
# A login ends after a week without use; `services/logins.py` ends one in use after thirty days.
SESSION_COOKIE_AGE = 7 * 24 * 3600
SILENCED_SYSTEM_CHECKS: list[str] = []

# --- the browser
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]  # a further one: its words in `locale`, and a line here
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = len(LANGUAGES) > 1  # with one, nothing is looked up: each sentence would cost some µs
STATIC_URL = f"{ENVIRONMENT.public_path}/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# What no line names, `default-src` forbids: frames, workers, fonts, media, plug-ins, other hosts.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],  # the stylesheet's own small pictures, the code for an authenticator app
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "upgrade-insecure-requests": ENVIRONMENT.is_https,
    }
}
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Only a listed proxy's word counts: `web/proxies.py` drops the header that anybody else has sent.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_HSTS_SECONDS = 31_536_000 if ENVIRONMENT.is_https else 0
# A box with a host of its own speaks for the names below it; one below a path shares the host with others.
SECURE_HSTS_INCLUDE_SUBDOMAINS = not ENVIRONMENT.public_path
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ENVIRONMENT.is_https
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = f"{ENVIRONMENT.public_path}/"
# Two boxes on one machine share the host "localhost", and so its cookies: the port keeps them apart.
SESSION_COOKIE_NAME = f"{ENVIRONMENT.cookie_prefix}seedbox_login_{ENVIRONMENT.port}"
CSRF_COOKIE_NAME = f"{ENVIRONMENT.cookie_prefix}seedbox_csrf_{ENVIRONMENT.port}"
CSRF_COOKIE_HTTPONLY = True  # pages carry the token themselves
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # one cookie less
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576  # of a form without its files
DATA_UPLOAD_MAX_NUMBER_FILES = 100
FILE_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024


def _without_traceback(record: logging.LogRecord) -> bool:
    if getattr(record, "status_code", 0) == HTTPStatus.SERVICE_UNAVAILABLE and record.exc_info:
        record.msg, record.args = f"{record.getMessage()} ({record.exc_info[1]})", ()
        record.exc_info = None
    return True


LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(levelname)s %(name)s: %(message)s"}},
    # "Not well" is an answer of the health check, not an error of the web process.
    "filters": {
        # The line says which page; the same traceback for each request would bury all else while a database is away.
        "unavailable": {"()": "django.utils.log.CallbackFilter", "callback": _without_traceback},
        "health": {
            "()": "django.utils.log.CallbackFilter",
            "callback": lambda record: "/healthz" not in (record.args or ()),
        },
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "plain", "filters": ["health", "unavailable"]}
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        "celery": {"level": "WARNING"},
        "seedbox": {"level": "INFO"},  # Celery raises the root logger to its own level
        "httpx": {"level": "WARNING"},  # below that it writes down addresses, in which providers put keys
        # While Redis is down its pubsub writes a traceback every second; the health page says it once.
        "channels_redis": {"level": "CRITICAL"},
    },
}
