"""What allauth asks of us: who may sign up, and what happens to somebody who guesses passwords."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.ratelimit import respond_429
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from seedbox.models import User
from seedbox.services import people

INVITATION_KEY = "invitation_id"  # in the login session, from the invitation's link until sign-up


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        if people.is_sign_up_open():
            return True
        invitation_id = request.session.get(INVITATION_KEY)
        return invitation_id is not None and people.is_usable(invitation_id=invitation_id, now=timezone.now())

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:  # noqa: FBT001, FBT002  # allauth calls it so
        super().save_user(request, user, form, commit=False)
        try:
            people.join(user=user, invitation_id=request.session.get(INVITATION_KEY), now=timezone.now())
        except people.InvitationUnusable:
            request.session.pop(INVITATION_KEY, None)
            raise ImmediateHttpResponse(render(request, "account/signup_closed.html", status=403)) from None
        except people.NameTaken as taken:
            messages.error(request, str(taken))
            raise ImmediateHttpResponse(redirect("account_signup")) from None
        request.session.pop(INVITATION_KEY, None)
        return user

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("torrents")

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Answer too many wrong passwords with the page that says how long to wait, not with the form again."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            raise ImmediateHttpResponse(respond_429(request)) from None
