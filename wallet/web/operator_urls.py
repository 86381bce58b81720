from django.urls import URLPattern, path

from wallet.web import books, operators, reserves

urlpatterns: list[URLPattern] = [
    path("books/", books.books, name="books"),
    path("books/accounts/<int:account_id>/", books.books_account, name="books_account"),
    path("books/log/", books.operator_acts, name="operator_acts"),
    path("books/count/", books.count_owed, name="count_owed"),
    path("books/carry-out/", operators.operator_carry_out, name="operator_carry_out"),
    path("books/reserves/", reserves.reserves_page, name="reserves"),
    path("books/reserves/fuel/", reserves.reserves_fuel, name="reserves_fuel"),
    path("books/reserves/stop/", reserves.reserves_halt, name="reserves_halt"),
    path("books/reserves/halts/<int:halt_id>/", reserves.reserves_lift, name="reserves_lift"),
    path("books/<slug:name>/", operators.operator_act, name="operator_act"),
    path("wallet/operators/", books.own_acts, name="own_acts"),
]
