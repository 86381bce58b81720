from django.db import models


class Node(models.Model):
    """One Celery worker process with one engine and its folders. Written by that process only."""

    name = models.CharField(max_length=40, unique=True)
    lease_token = models.CharField(max_length=32, default="")  # of the process that owns this node now
    started_at = models.DateTimeField(null=True)
    beat_at = models.DateTimeField(null=True)
    folder = models.TextField(default="")  # where new torrents go
    folders = models.JSONField(default=list)  # of each: name, path, is_there, problem, free_bytes, total_bytes, known
    free_bytes = models.BigIntegerField(default=0)
    total_bytes = models.BigIntegerField(default=0)
    listens_on = models.JSONField(default=list)  # ["0.0.0.0:6881", …] that the engine really got
    engine_version = models.CharField(max_length=40, default="")
    box_version = models.CharField(max_length=20, default="")
    memory_bytes = models.BigIntegerField(default=0)  # of its process; 0 where the system does not say it
    counters = models.JSONField(default=dict)  # seedbox.engine.port.Engine.counters
    network_version = models.BigIntegerField(default=0)  # the Network.version that was last carried out, or tried
    network_answer = models.TextField(default="")  # why that failed, in a sentence; "" when it is applied
    network_answered_at = models.DateTimeField(null=True)
    network_facts = models.JSONField(default=dict)  # what else was learnt of it: port_mapping, proxy, blocklist
    problem = models.TextField(default="")  # one sentence for the health page, "" when well

    def __str__(self) -> str:
        return self.name
