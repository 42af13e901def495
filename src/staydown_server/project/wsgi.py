"""Django's application, which asgi.py gives whole requests to."""

import os

from django.core.wsgi import get_wsgi_application

from staydown_server.project.lifeline import die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "staydown_server.project.settings")

is_supervised = bool(os.environ.get("STAYDOWN_SUPERVISED"))
if is_supervised:
    die_with_parent()
application = get_wsgi_application()
if is_supervised:
    # Only now: what follows needs Django's applications.
    from staydown_server.catalogue.follow import Follower
    from staydown_server.project.health import indexes

    Follower(indexes(), writes_snapshots=False).start()
