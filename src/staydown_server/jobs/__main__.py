"""``python -m staydown_server.jobs``: the worker process that ``staydown serve`` starts."""

import os
import signal
from types import FrameType

import django


def main() -> None:
    """Work until SIGTERM or SIGINT."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "staydown_server.project.settings")
    django.setup()
    from django.conf import settings

    from staydown_server.jobs.worker import Worker

    worker = Worker(settings.JOB_THREADS)

    def stop(_number: int, _frame: FrameType | None) -> None:
        worker.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    worker.run()


if __name__ == "__main__":
    main()
