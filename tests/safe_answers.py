"""What every answer of the box carries, whoever gets it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.http import HttpResponseBase

POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
}
FOR_ALL = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
}


def faults(response: "HttpResponseBase") -> list[str]:
    """Return what is wrong with the headers of a response."""
    headers = response.headers
    found = [f"{name}: {headers.get(name)}" for name, value in FOR_ALL.items() if headers.get(name) != value]
    if "camera=()" not in headers.get("Permissions-Policy", ""):
        found.append("Permissions-Policy")
    if set(headers.get("Content-Security-Policy", "").split("; ")) not in (POLICY, {"sandbox", "default-src 'none'"}):
        found.append(f"Content-Security-Policy: {headers.get('Content-Security-Policy')}")
    if headers.get("Cache-Control", "").startswith(("public", "max-age=3")) or not headers.get("Cache-Control"):
        found.append(f"Cache-Control: {headers.get('Cache-Control')}")
    return found
