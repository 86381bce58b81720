from django.urls import URLPattern, path

from wallet.web import deposits

urlpatterns: list[URLPattern] = [
    path("wallet/deposit/", deposits.deposit, name="deposit"),
    path("wallet/deposit/list/", deposits.deposit_list, name="deposit_list"),
    path("wallet/deposit/came/<int:deposit_id>/", deposits.deposit_came, name="deposit_came"),
    path("wallet/deposit/faucet/", deposits.deposit_faucet, name="deposit_faucet"),
]
