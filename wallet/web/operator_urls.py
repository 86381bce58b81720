from django.urls import URLPattern, path

from wallet.web import books, operators

urlpatterns: list[URLPattern] = [
    path("books/", books.books, name="books"),
    path("books/accounts/<int:account_id>/", books.books_account, name="books_account"),
    path("books/log/", books.operator_acts, name="operator_acts"),
    path("books/count/", books.count_owed, name="count_owed"),
    path("books/carry-out/", operators.operator_carry_out, name="operator_carry_out"),
    path("books/<slug:name>/", operators.operator_act, name="operator_act"),
    path("wallet/operators/", books.own_acts, name="own_acts"),
]
