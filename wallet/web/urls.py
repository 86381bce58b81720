from django.urls import URLPattern, path

from wallet.web import entry, exports, money, owed

urlpatterns: list[URLPattern] = [
    path("", money.money, name="money"),
    path("history/", money.money_history, name="money_history"),
    path("export/<str:form>/", exports.money_export, name="money_export"),
    path("entries/<int:transfer_id>/", entry.money_entry, name="money_entry"),
    path("owed/", owed.owed, name="owed"),
    path("owed/<int:snapshot_id>/proof.json", owed.owed_proof, name="owed_proof"),
]
