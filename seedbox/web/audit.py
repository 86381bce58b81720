"""The admin's page of the audit log."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from seedbox.models.audit_entry import Act
from seedbox.services import audit as service
from seedbox.web.doors import for_admins
from seedbox.web.security import read_before


@for_admins
@require_GET
def audit(request: HttpRequest) -> HttpResponse:
    person = request.GET.get("person", "").strip().replace("\0", "")[: service.MAX_NAME_CHARS]
    act = request.GET.get("act", "")
    act = act if act in Act.values else ""
    page = service.read_all(person=person, act=act, before=read_before(request))
    chosen = urlencode({name: value for name, value in (("person", person), ("act", act)) if value})
    context = {"log": page, "acts": Act.choices, "person": person, "act": act, "chosen": chosen}
    return render(request, "seedbox/audit.html", context)
