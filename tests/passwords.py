from django.contrib.auth.hashers import Argon2PasswordHasher


class QuickArgon2(Argon2PasswordHasher):
    """The same hash at the least cost, so that tests make users in no time; real processes can check it."""

    time_cost = 1
    memory_cost = 8
    parallelism = 1
