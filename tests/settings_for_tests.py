"""The shipped settings, on a folder of their own that goes when the tests end.

With TEST_DATABASE=postgresql in the environment, on a PostgreSQL that goes with it.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from postgres import Cluster

folder = Path(tempfile.mkdtemp(prefix="staydown-tests-"))
atexit.register(shutil.rmtree, folder, ignore_errors=True)
(folder / "incoming").mkdir()
(folder / "keys").mkdir()
(folder / "keys" / "installation.key").write_bytes(os.urandom(32))
os.environ["STAYDOWN_DATA"] = str(folder)
if os.environ.get("TEST_DATABASE") == "postgresql":
    cluster = Cluster()
    atexit.register(cluster.end)
    cluster.start()
    os.environ["STAYDOWN_DATABASE_URL"] = cluster.url()

from staydown_server.project.settings import *  # noqa: E402, F403
from staydown_server.project.settings import DATABASES  # noqa: E402

# Processes that tests start have databases of their own, unless they say otherwise.
DATABASE_URL = os.environ.pop("STAYDOWN_DATABASE_URL", "")

# A file, not memory: threads and processes must see the same rows.
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["TEST"] = {"NAME": folder / "test.sqlite3"}

# Orders go out at once.
UNDO_SECONDS = 0

# Helpers work here; that plain platforms have no trace of them is a test of its own.
ESCALATION = True

# Slow on purpose elsewhere: tests sign in often.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
