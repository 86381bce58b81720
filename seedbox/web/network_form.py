"""The form of a node's network settings: help at each field, refusals where they belong."""

from collections.abc import Mapping
from typing import Any, Self

from django import forms
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from seedbox.domain import network as rules
from seedbox.domain.kept import told
from seedbox.domain.network import NetworkSettings, ProxyKind, explain
from seedbox.services.networks import PLAIN_FIELDS, Standing

_GROUPS = (
    (_("Way out"), ("interface", "anonymous", "port_mapping")),
    (_("Proxy"), ("proxy_kind", "proxy_host", "proxy_port", "proxy_user", "proxy_password", "clear_password")),
    (_("Peers"), ("blocklist_path", "max_connections", "max_upload_slots")),
)
_KINDS = ((ProxyKind.NONE.value, _("None")), (ProxyKind.SOCKS5.value, "SOCKS5"), (ProxyKind.HTTP.value, "HTTP"))
_explained = lazy(explain, str)


class NetworkForm(forms.Form):
    interface = forms.CharField(label=_("Interface"), required=False, help_text=_explained("interface"))
    anonymous = forms.BooleanField(label=_("Anonymous mode"), required=False, help_text=_explained("anonymous"))
    port_mapping = forms.BooleanField(label=_("Port mapping"), required=False, help_text=_explained("port_mapping"))
    proxy_kind = forms.ChoiceField(label=_("Kind"), choices=_KINDS, help_text=_explained("proxy_kind"))
    proxy_host = forms.CharField(label=_("Host"), required=False, help_text=_explained("proxy_host"))
    proxy_port = forms.IntegerField(
        label=_("Port"), min_value=rules.MIN_PORT, max_value=rules.MAX_PORT, help_text=_explained("proxy_port")
    )
    proxy_user = forms.CharField(label=_("User name"), required=False, help_text=_explained("proxy_user"))
    proxy_password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput,
        help_text=_explained("proxy_password"),
    )
    clear_password = forms.BooleanField(label=_("Clear the kept password"), required=False)
    blocklist_path = forms.CharField(label=_("Blocklist file"), required=False, help_text=_explained("blocklist_path"))
    max_connections = forms.IntegerField(
        label=_("Connections"),
        min_value=rules.MIN_CONNECTIONS,
        max_value=rules.MAX_CONNECTIONS,
        help_text=_explained("max_connections"),
    )
    max_upload_slots = forms.IntegerField(
        label=_("Upload slots"),
        min_value=rules.MIN_UPLOAD_SLOTS,
        max_value=rules.MAX_UPLOAD_SLOTS,
        help_text=_explained("max_upload_slots"),
    )

    @classmethod
    def of(cls, standing: Standing) -> Self:
        """Return the form filled with what is wished for now."""
        return cls(initial={name: getattr(standing.settings, name) for name in PLAIN_FIELDS})

    @property
    def keeps_password(self) -> bool:
        return not self.cleaned_data["proxy_password"] and not self.cleaned_data["clear_password"]

    def settings(self) -> NetworkSettings:
        """Return what was asked for; only for a form that is valid."""
        values: dict[str, Any] = {name: self.cleaned_data[name] for name in PLAIN_FIELDS}
        values["proxy_kind"] = ProxyKind(values["proxy_kind"])
        return NetworkSettings(**values, proxy_password=self.cleaned_data["proxy_password"])

    def refuse(self, problems: Mapping[str, str]) -> None:
        """Show each sentence at its field."""
        for name, sentence in problems.items():
            self.add_error(name, told(sentence))

    def groups(self) -> list[dict[str, object]]:
        """Return the fields as the page shows them, under headings."""
        return [{"title": title, "fields": [self[name] for name in names]} for title, names in _GROUPS]
