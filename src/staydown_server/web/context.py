"""What every page can name."""

from django.conf import settings
from django.http import HttpRequest


def leaving(_request: HttpRequest) -> dict[str, str]:
    """Where "leave quickly" leads, without our help."""
    return {"leave_to": settings.LEAVE_TO}


def helping(_request: HttpRequest) -> dict[str, bool]:
    """Whether helpers work here, who keep escalation files."""
    return {"helps": settings.ESCALATION}
