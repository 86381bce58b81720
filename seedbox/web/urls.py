from allauth.account import views as allauth_views
from allauth.mfa.base import views as factor_views
from allauth.mfa.recovery_codes import views as code_views
from allauth.mfa.totp import views as app_views
from allauth.mfa.webauthn import views as passkey_views
from django.contrib.auth.decorators import login_required
from django.urls import URLPattern, path
from django.views.generic import RedirectView

from seedbox.web import (
    accounts,
    audit,
    display,
    downloads,
    health,
    install,
    languages,
    metrics,
    network,
    notices,
    operator,
    overview,
    people,
    second_factor_door,
    security,
    styleguide,
    torrent,
    torrents,
)

# allauth leads here after each change of a factor; ours is one page for all.
to_security = login_required(RedirectView.as_view(pattern_name="security"))

urlpatterns: list[URLPattern] = [
    path("", overview.overview, name="overview"),
    path("overview/layout/", overview.overview_layout, name="overview_layout"),
    path("overview/tiles/<slug:name>/", overview.overview_tile, name="overview_tile"),
    path("torrents/", torrents.torrents, name="torrents"),
    path("torrents/new/", install.torrents_new, name="torrents_new"),
    path("torrents/list/", torrents.torrents_fragment, name="torrents_fragment"),
    path("torrents/add/", torrents.torrents_add, name="torrents_add"),
    path("torrents/columns/", torrents.torrents_columns, name="torrents_columns"),
    path("torrents/change/", torrents.torrents_change, name="torrents_change"),
    path("torrents/undo/", torrents.torrents_undo, name="torrents_undo"),
    path("torrents/<int:holding_id>/", torrent.torrent, name="torrent"),
    path("manifest.webmanifest", install.manifest, name="manifest"),
    path("words.js", languages.words, name="words"),
    path("health/", health.health, name="health"),
    path("healthz", health.healthz, name="healthz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("operator/", operator.operator, name="operator"),
    path("styleguide/", styleguide.styleguide, name="styleguide"),
    path("nodes/<slug:name>/network/", network.network, name="network"),
    path("nodes/<slug:name>/network/answer/", network.network_answer, name="network_answer"),
    path("notices/", notices.notices, name="notices"),
    path("notices/panel/", notices.notices_panel, name="notices_panel"),
    path("notices/read/", notices.notices_read, name="notices_read"),
    path("notices/kinds/", notices.notices_choose, name="notices_choose"),
    path("notices/<int:notice_id>/", notices.notice, name="notice"),
    path("notices/<int:notice_id>/read/", notices.notice_read, name="notice_read"),
    path("people/", people.people, name="people"),
    path("people/invite/", people.people_invite, name="people_invite"),
    path("people/invitations/<int:invitation_id>/revoke/", people.people_revoke, name="people_revoke"),
    path("people/sign-up/", people.people_sign_up, name="people_sign_up"),
    path("people/<int:user_id>/role/", people.people_role, name="people_role"),
    path("people/<int:user_id>/active/", people.people_active, name="people_active"),
    path("people/factor-rule/", people.people_factor_rule, name="people_factor_rule"),
    path("people/<int:user_id>/factors/reset/", people.people_reset_factors, name="people_reset_factors"),
    path("audit/", audit.audit, name="audit"),
    path("account/display/", display.display, name="display"),
    path("account/display/choose/", display.display_choose, name="display_choose"),
    path("account/security/", security.security, name="security"),
    path("account/security/log/", security.security_log, name="security_log"),
    path("account/logins/<int:login_id>/end/", security.login_end, name="login_end"),
    path("account/logins/end-others/", security.logins_end_others, name="logins_end_others"),
    path("account/factor-wanted/", security.factor_wanted, name="factor_wanted"),
    path("invitation/<str:token>/", accounts.invitation, name="invitation"),
    path("accounts/login/", accounts.SignIn.as_view(), name="account_login"),
    path("accounts/logout/", allauth_views.logout, name="account_logout"),
    path("accounts/inactive/", allauth_views.account_inactive, name="account_inactive"),
    path("accounts/signup/", allauth_views.signup, name="account_signup"),
    path("accounts/reauthenticate/", allauth_views.reauthenticate, name="account_reauthenticate"),
    path("accounts/password/change/", allauth_views.password_change, name="account_change_password"),
    path("accounts/2fa/", to_security, name="mfa_index"),
    path("accounts/2fa/authenticate/", factor_views.authenticate, name="mfa_authenticate"),
    path("accounts/2fa/reauthenticate/", second_factor_door.CodePage.as_view(), name="mfa_reauthenticate"),
    path("accounts/2fa/app/add/", app_views.activate_totp, name="mfa_activate_totp"),
    path("accounts/2fa/app/remove/", app_views.deactivate_totp, name="mfa_deactivate_totp"),
    path("accounts/2fa/codes/", code_views.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("accounts/2fa/codes/new/", code_views.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("accounts/2fa/passkeys/", to_security, name="mfa_list_webauthn"),
    path("accounts/2fa/passkeys/add/", passkey_views.add_webauthn, name="mfa_add_webauthn"),
    path("accounts/2fa/passkeys/<int:pk>/remove/", security.RemovePasskey.as_view(), name="mfa_remove_webauthn"),
    path("accounts/2fa/passkeys/sign-in/", passkey_views.login_webauthn, name="mfa_login_webauthn"),
    path(
        "accounts/2fa/passkeys/confirm/", second_factor_door.PasskeyPage.as_view(), name="mfa_reauthenticate_webauthn"
    ),
    path("torrents/<int:holding_id>/files/<int:index>/", downloads.download, name="download"),
]
