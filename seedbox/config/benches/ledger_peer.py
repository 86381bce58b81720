"""The same single transfers with django-hordak, a double-entry ledger of others: `python -m …`; prints JSON.

As its own documentation does it: `transfer_to` between two accounts, durable, its deferred trigger on. What it does not
do is left undone: no test of the payer's balance, no idempotency, no running balances.
"""

import json
import os
import random
import secrets
import sys
import threading
import time
from typing import Any

import django
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.utils.module_loading import import_string
from psycopg.conninfo import conninfo_to_dict

ACCOUNTS = 1_000
TRANSFERS = 2_000
THREADS = 8
CURRENCY = "EUR"


def set_up() -> None:
    """Make a database of its own beside ours."""
    parts = conninfo_to_dict(os.environ["DATABASE_URL"])
    database = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.get("dbname"),
        "USER": parts.get("user"),
        "HOST": parts.get("host"),
    }
    settings.configure(
        DATABASES={"default": database},
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "mptt", "djmoney", "hordak"],
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        HORDAK_CURRENCIES=[CURRENCY],
        HORDAK_INTERNAL_CURRENCY=CURRENCY,
        SECRET_KEY=secrets.token_hex(),
        USE_TZ=True,
    )
    django.setup()
    with connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE peer")
    connection.close()
    connection.settings_dict["NAME"] = "peer"
    call_command("migrate", verbosity=0)


def measure() -> float:
    """Return transfers per second of eight threads."""
    model = _model("Account")
    amount = import_string("djmoney.money.Money")("0.01", CURRENCY)
    accounts = [
        model.objects.create(name=f"user {number}", type="LI", currencies=[CURRENCY], code=str(number))
        for number in range(ACCOUNTS)
    ]
    gate = threading.Event()

    def work(seed: int) -> None:
        chosen = random.Random(seed)
        connection.ensure_connection()
        gate.wait()
        for _ in range(TRANSFERS // THREADS):
            payer, payee = chosen.sample(accounts, 2)
            payer.transfer_to(payee, amount)
        connection.close()

    threads = [threading.Thread(target=work, args=[number]) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    began_s = time.perf_counter()
    gate.set()
    for thread in threads:
        thread.join()
    speed = TRANSFERS / (time.perf_counter() - began_s)
    assert _model("Transaction").objects.count() == TRANSFERS
    return speed


def _model(name: str) -> Any:
    return apps.get_model("hordak", name)


if __name__ == "__main__":
    set_up()
    sys.stdout.write(f"{json.dumps({'hordak_single_per_s': round(measure())})}\n")
