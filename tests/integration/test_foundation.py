import pytest
from django.db import connection
from redis import Redis

from seedbox.models import User
from tests.builders import make_holding, make_observation
from tests.servers import ON_SQLITE


@pytest.mark.both_databases
class TestTheGroundTestsStandOn:
    def test_is_the_database_that_the_run_asked_for(self, owner: User) -> None:
        assert connection.vendor == ("sqlite" if ON_SQLITE else "postgresql")
        assert make_observation(make_holding(owner).torrent).torrent.holdings.get().user == owner

    def test_has_a_redis_server_that_answers(self, redis_client: Redis) -> None:
        assert redis_client.ping()
