"""``python -m staydown_server.project.worker``: what ``staydown serve`` starts for jobs."""

import os
import signal
import sys
from types import FrameType

import django


def main() -> None:
    """Work until SIGTERM or SIGINT."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "staydown_server.project.settings")
    django.setup()
    from django.conf import settings

    from staydown_server.catalogue.follow import Follower
    from staydown_server.escalation import watch
    from staydown_server.gate import later
    from staydown_server.jobs.worker import Worker
    from staydown_server.project.health import indexes
    from staydown_server.records import counted
    from staydown_server.review import escalate, purge
    from staydown_server.sharing import follow, publish

    worker = Worker(settings.JOB_THREADS)
    follower = Follower(indexes(), writes_snapshots="--without-snapshots" not in sys.argv)

    def stop(_number: int, _frame: FrameType | None) -> None:
        worker.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    later.discard_orphans()
    purge.schedule()
    escalate.schedule()
    publish.schedule()
    follow.schedule()
    counted.schedule()
    watch.schedule()
    follower.start()
    worker.run()
    follower.stop()


if __name__ == "__main__":
    main()
