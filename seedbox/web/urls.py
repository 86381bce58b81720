from allauth.account import views as allauth_views
from django.urls import URLPattern, path

from seedbox.services.people import is_sign_up_open
from seedbox.web import accounts, downloads, health, people, torrent, torrents

# Called anew for each page: the admin may have opened sign-up since.
sign_in = allauth_views.LoginView.as_view(extra_context={"sign_up_open": is_sign_up_open})

urlpatterns: list[URLPattern] = [
    path("", torrents.torrents, name="torrents"),
    path("torrents/", torrents.torrents_fragment, name="torrents_fragment"),
    path("torrents/add/", torrents.torrents_add, name="torrents_add"),
    path("torrents/change/", torrents.torrents_change, name="torrents_change"),
    path("torrents/<int:holding_id>/", torrent.torrent, name="torrent"),
    path("health/", health.health, name="health"),
    path("healthz", health.healthz, name="healthz"),
    path("people/", people.people, name="people"),
    path("people/invite/", people.people_invite, name="people_invite"),
    path("people/invitations/<int:invitation_id>/revoke/", people.people_revoke, name="people_revoke"),
    path("people/sign-up/", people.people_sign_up, name="people_sign_up"),
    path("people/<int:user_id>/role/", people.people_role, name="people_role"),
    path("people/<int:user_id>/active/", people.people_active, name="people_active"),
    path("invitation/<str:token>/", accounts.invitation, name="invitation"),
    path("accounts/login/", sign_in, name="account_login"),
    path("accounts/logout/", allauth_views.logout, name="account_logout"),
    path("accounts/inactive/", allauth_views.account_inactive, name="account_inactive"),
    path("accounts/signup/", allauth_views.signup, name="account_signup"),
    path("accounts/reauthenticate/", allauth_views.reauthenticate, name="account_reauthenticate"),
    path("accounts/password/change/", allauth_views.password_change, name="account_change_password"),
    path("torrents/<int:holding_id>/files/<int:index>/", downloads.download, name="download"),
]
