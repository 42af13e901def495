"""The application that granian serves."""

import os
import resource

from django.conf import settings

from staydown_server.project.whole_requests import WholeRequests
from staydown_server.project.wsgi import application as wsgi_application

if os.environ.get("STAYDOWN_SUPERVISED"):
    # Every client that is waited for has a socket, and may have a file.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
application = WholeRequests(wsgi_application, settings.WEB_THREADS)
