from django.db import models


class Agent(models.Model):
    """How the market of one node stands. Written by that node only."""

    node_name = models.CharField(max_length=40, primary_key=True)
    speed_key = models.CharField(max_length=66, default="")  # public, 33 bytes, hex
    former_keys = models.JSONField(default=list)  # likewise, the newest last: none acts for anybody of this box
    beat_at = models.DateTimeField(null=True)
    listens_on = models.JSONField(default=list)  # "IP:PORT" that the Speed port really got; none while it is closed
    port_mapping = models.TextField(default="")  # what the router said of the Speed port
    selling_problem = models.TextField(default="")  # why nothing is sold, in a sentence; "" when it is, or is off
    buying_problem = models.TextField(default="")  # why nothing is bid for
    problem = models.TextField(default="")  # of the agent itself: its database, its port
    counters = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"agent of {self.node_name}"
