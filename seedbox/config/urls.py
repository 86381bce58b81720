from django.urls import include, path

urlpatterns = [path("", include("seedbox.web.urls"))]
handler400 = "seedbox.web.errors.bad_request"
handler403 = "seedbox.web.errors.forbidden"
handler404 = "seedbox.web.errors.not_found"
handler500 = "seedbox.web.errors.failed"
handler429 = "seedbox.web.errors.too_many_attempts"  # allauth looks for it here
