from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "staydown_server.web"

    def ready(self) -> None:
        # Sessions begin by a signal.
        from staydown_server.web import moderators  # noqa: F401
