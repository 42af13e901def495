"""The shipped settings on the database of a running test, for a process that joins it."""

import os

from staydown_server.project.settings import *  # noqa: F403
from staydown_server.project.settings import DATABASES

DATABASES["default"]["NAME"] = os.environ["STAYDOWN_TEST_DATABASE"]
