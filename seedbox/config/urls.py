from django.urls import include, path

urlpatterns = [path("", include("seedbox.web.urls"))]
