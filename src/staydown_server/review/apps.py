from django.apps import AppConfig


class ReviewConfig(AppConfig):
    name = "staydown_server.review"

    def ready(self) -> None:
        # Registers the jobs.
        from staydown_server.review import purge, tell_check, tell_upload, upload  # noqa: F401
