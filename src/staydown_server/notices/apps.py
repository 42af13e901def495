from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "staydown_server.notices"

    def ready(self) -> None:
        # Registers the jobs.
        from staydown_server.notices import mail  # noqa: F401
