from django.urls import URLPattern, path

from seedbox.config.demo import page

urlpatterns: list[URLPattern] = [
    path("", page.demo, name="demo"),
    path("now/", page.demo_now, name="demo_now"),
    path("start/", page.demo_start, name="demo_start"),
    path("stop/", page.demo_stop, name="demo_stop"),
]
