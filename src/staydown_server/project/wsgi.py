"""The WSGI application that granian serves."""

import os

from django.core.wsgi import get_wsgi_application

from staydown_server.project.lifeline import die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "staydown_server.project.settings")

if os.environ.get("STAYDOWN_SUPERVISED"):
    die_with_parent()
application = get_wsgi_application()
