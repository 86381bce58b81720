"""The socket routes of the seedbox app."""

from django.urls import URLPattern

socket_urls: list[URLPattern] = []
