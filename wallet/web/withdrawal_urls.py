from django.urls import URLPattern, path

from wallet.web import addresses, withdraw, withdrawal_desk, withdrawals

urlpatterns: list[URLPattern] = [
    path("wallet/withdraw/", withdraw.withdraw, name="withdraw"),
    path("wallet/withdraw/confirmed/", withdraw.withdraw_send, name="withdraw_send"),
    path("wallet/withdrawals/", withdrawals.own_withdrawals, name="withdrawals"),
    path("wallet/withdrawals/<int:withdrawal_id>/", withdrawals.withdrawal, name="withdrawal"),
    path("wallet/withdrawals/<int:withdrawal_id>/cancel/", withdrawals.withdrawal_cancel, name="withdrawal_cancel"),
    path(
        "wallet/withdrawals/<int:withdrawal_id>/want-back/",
        withdrawals.withdrawal_want_back,
        name="withdrawal_want_back",
    ),
    path("wallet/addresses/", addresses.addresses, name="addresses"),
    path("wallet/addresses/check/", addresses.addresses_check, name="addresses_check"),
    path("wallet/addresses/<int:entry_id>/remove/", addresses.addresses_remove, name="addresses_remove"),
    path("books/withdrawals/", withdrawal_desk.desk, name="desk"),
    path("books/withdrawals/now/", withdrawal_desk.desk_now, name="desk_now"),
    path("books/withdrawals/rules/", withdrawal_desk.desk_rules, name="desk_rules"),
    path("books/withdrawals/<int:withdrawal_id>/", withdrawal_desk.desk_withdrawal, name="desk_withdrawal"),
    path("books/withdrawals/<int:withdrawal_id>/approve/", withdrawal_desk.desk_approve, name="desk_approve"),
    path("books/withdrawals/<int:withdrawal_id>/reject/", withdrawal_desk.desk_reject, name="desk_reject"),
]
