from django.db import models
from django.db.models import Q

from seedbox.domain.network import ProxyKind
from seedbox.models.node import Node


class Network(models.Model):
    """How an admin wants one node to reach the world. What came of it is on the Node, written by the node itself."""

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True, related_name="network")
    version = models.BigIntegerField(default=1)  # goes up with every change
    interface = models.CharField(max_length=45, default="", blank=True)  # network device or IP address; "" any
    proxy_kind = models.CharField(max_length=8, choices=[(k.value, k.value) for k in ProxyKind], default=ProxyKind.NONE)
    proxy_host = models.CharField(max_length=253, default="", blank=True)
    proxy_port = models.PositiveIntegerField(default=1080)
    proxy_user = models.CharField(max_length=255, default="", blank=True)
    proxy_password_sealed = models.TextField(default="", blank=True)  # services/sealing
    anonymous = models.BooleanField(default=False)
    port_mapping = models.BooleanField(default=True)  # UPnP and NAT-PMP
    blocklist_path = models.TextField(default="", blank=True)  # on the node's machine; "" none
    max_connections = models.PositiveIntegerField(default=2_000)
    max_upload_slots = models.PositiveIntegerField(default=200)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(proxy_kind__in=[kind.value for kind in ProxyKind]), name="network_proxy_kind_known"
            ),
            models.CheckConstraint(condition=Q(proxy_port__range=(1, 65_535)), name="network_proxy_port_is_a_port"),
        ]

    def __str__(self) -> str:
        return f"network of node {self.pk}"
