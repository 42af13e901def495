"""What every page can name."""

from django.conf import settings
from django.http import HttpRequest


def leaving(_request: HttpRequest) -> dict[str, str]:
    """Where "leave quickly" leads, without our help."""
    return {"leave_to": settings.LEAVE_TO}
