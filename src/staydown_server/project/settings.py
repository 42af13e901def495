"""Settings, all from the environment; docs/settings.md lists each of them."""

import math
import os
from collections.abc import Callable
from importlib.util import find_spec
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit
from wsgiref.headers import Headers

from django.conf.locale import LANG_INFO
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import to_language

from staydown_server.project.database import database

_N = TypeVar("_N", int, float)
_T = TypeVar("_T")


def _number(name: str, default: _N) -> _N:
    """The number above 0 that the setting *name* gives; whole if *default* is."""
    text = os.environ.get(name, str(default))
    try:
        number = type(default)(text)
    except ValueError:
        number = type(default)(0)
    if not 0 < number < math.inf:
        kind = "whole number" if isinstance(default, int) else "number"
        raise ImproperlyConfigured(f"{name} is {text!r}: write a {kind} above 0, such as {default}")
    return number


def _list(name: str, read: Callable[[str], _T], example: str) -> tuple[_T, ...]:
    """What the setting *name* gives, with commas between."""
    text = os.environ.get(name, "")
    try:
        return tuple(read(each.strip()) for each in text.split(",") if each.strip())
    except ValueError:
        raise ImproperlyConfigured(
            f"{name} is {text!r}: write one or several with commas between, such as {example}"
        ) from None


def _server(text: str) -> tuple[str, int]:
    """Address and port of a name server."""
    address, port = text, "53"
    if "]:" in text or text.count(":") == 1:
        address, _, port = text.rpartition(":")
    return str(ip_address(address.strip("[]"))), int(port)


DATA = Path(os.environ.get("STAYDOWN_DATA", "var/staydown")).resolve()
PUBLIC_URL = os.environ.get("STAYDOWN_PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
KEY_FILE = Path(os.environ.get("STAYDOWN_KEY_FILE", DATA / "keys" / "installation.key"))
GATE_POLICY = os.environ.get("STAYDOWN_GATE_POLICY", "")
C2PA_ANCHORS = os.environ.get("STAYDOWN_C2PA_ANCHORS", "")
# Whose laws apply: those of every place that the platform serves.
JURISDICTIONS = tuple(
    dict.fromkeys(key.strip() for key in os.environ.get("STAYDOWN_JURISDICTION", "us").split(","))
)
# So often partners' lists are asked for news.
FOLLOW_SECONDS = _number("STAYDOWN_FOLLOW_SECONDS", 20.0)
JOB_LEASE_SECONDS = _number("STAYDOWN_JOB_LEASE_SECONDS", 15.0)
# How long an order of removal waits for a moderator who wants to undo it.
UNDO_SECONDS = _number("STAYDOWN_UNDO_SECONDS", 10.0)
# From how many items on a removal takes two persons.
TWO_PERSONS_FROM = _number("STAYDOWN_TWO_PERSONS_FROM", 100)
JOB_PROCESSES = _number("STAYDOWN_JOB_PROCESSES", 1)
JOB_THREADS = _number("STAYDOWN_JOB_THREADS", 4)
WEB_PROCESSES = _number("STAYDOWN_WEB_PROCESSES", 1)
WEB_THREADS = _number("STAYDOWN_WEB_THREADS", 4)
# Where "leave quickly" leads: a page that everybody visits.
LEAVE_TO = os.environ.get("STAYDOWN_LEAVE_TO", "https://www.wikipedia.org/")
UPLOAD_LIMIT = _number("STAYDOWN_UPLOAD_LIMIT_MB", 64) * 1_000_000
# The largest film that is fetched to be checked later.
FILM_LIMIT = _number("STAYDOWN_FILM_LIMIT_MB", 2000) * 1_000_000
# The bucket where such films wait that were sent to us; without one, the folder.
FILM_STORE = os.environ.get("STAYDOWN_FILM_STORE", "")
FILM_STORE_ENDPOINT = os.environ.get("STAYDOWN_FILM_STORE_ENDPOINT", "")
if FILM_STORE and (not FILM_STORE.startswith("s3://") or find_spec("obstore") is None):
    raise ImproperlyConfigured(
        f"STAYDOWN_FILM_STORE is {FILM_STORE!r}: write s3://bucket/prefix, and have the package "
        "for buckets: pip install 'staydown[s3]'"
    )
# Who serves a foreign address: whom to ask, and how often.
LOOKUP_RESOLVERS = _list("STAYDOWN_LOOKUP_RESOLVERS", _server, "192.0.2.53 or 127.0.0.1:5353")
# Beside the public internet; for trying out.
LOOKUP_NETWORKS = _list("STAYDOWN_LOOKUP_NETWORKS", ip_network, "127.0.0.0/8")
RDAP_BOOTSTRAP = os.environ.get("STAYDOWN_RDAP_BOOTSTRAP", "https://data.iana.org/rdap/")
LOOKUP_PAUSE_SECONDS = _number("STAYDOWN_LOOKUP_PAUSE_SECONDS", 1.0)
PROVIDER_DATA = os.environ.get("STAYDOWN_PROVIDER_DATA", "")

# For helpers: what to do where a host that is not plugged in does not act (docs/escalation.md).
ESCALATION = os.environ.get("STAYDOWN_ESCALATION", "") == "yes"
# Who writes the letters, "Name <address>"; and a folder with letters of one's own.
ESCALATION_SENDER = os.environ.get("STAYDOWN_ESCALATION_SENDER", "")
ESCALATION_LETTERS = os.environ.get("STAYDOWN_ESCALATION_LETTERS", "")
# The header in which the proxy before us names its client.
CLIENT_ADDRESS_HEADER = os.environ.get("STAYDOWN_CLIENT_ADDRESS_HEADER", "")

# Without a host no mail is offered.
EMAIL_HOST = os.environ.get("STAYDOWN_MAIL_HOST", "")
EMAIL_PORT = _number("STAYDOWN_MAIL_PORT", 587)
EMAIL_HOST_USER = os.environ.get("STAYDOWN_MAIL_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("STAYDOWN_MAIL_PASSWORD", "")
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = os.environ.get("STAYDOWN_MAIL_FROM", "")
MAIL_SUBJECT = os.environ.get("STAYDOWN_MAIL_SUBJECT", "")
_mail_security = os.environ.get("STAYDOWN_MAIL_SECURITY", "starttls")
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail_security == "starttls", _mail_security == "tls"
if _mail_security not in ("starttls", "tls", "none"):
    raise ImproperlyConfigured(
        f"STAYDOWN_MAIL_SECURITY is {_mail_security!r}: write starttls, tls or none"
    )
if EMAIL_HOST and "@" not in DEFAULT_FROM_EMAIL:
    raise ImproperlyConfigured(
        "STAYDOWN_MAIL_HOST is set, so STAYDOWN_MAIL_FROM must name the sender, such as "
        "'Notes <notes@example.org>': a name that says nothing about what Staydown does"
    )


def _secret_key() -> str:
    # Sessions must survive a restart and never be signed with a key from the source tree.
    try:
        return "django:" + KEY_FILE.read_bytes().hex()
    except OSError:
        return "unusable until the key exists:" + os.urandom(32).hex()


SECRET_KEY = _secret_key()
DEBUG = False
_public = urlsplit(PUBLIC_URL)
# Names under which machines ask us: probes, and whoever collects numbers.
_others = {name.strip() for name in os.environ.get("STAYDOWN_OTHER_HOSTS", "").split(",")} - {""}
ALLOWED_HOSTS = sorted({_public.hostname or "127.0.0.1", "127.0.0.1", "localhost"} | _others)
# Without it nobody is told any numbers.
METRICS_TOKEN = os.environ.get("STAYDOWN_METRICS_TOKEN", "")
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "staydown_server.accounts",
    "staydown_server.audit",
    "staydown_server.jobs",
    "staydown_server.notices",
    "staydown_server.catalogue",
    "staydown_server.providers",
    "staydown_server.cases",
    "staydown_server.removal",
    "staydown_server.gate",
    "staydown_server.review",
    "staydown_server.sharing",
    "staydown_server.escalation",
    "staydown_server.banks",
    "staydown_server.records",
    "staydown_server.web",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "staydown_server.project.middleware.NothingCached",
    # Before anything that looks for what a cookie or a form names.
    "staydown_server.project.middleware.NoZeros",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    # Before anything that reads the body, after what knows the person's language.
    "staydown_server.project.middleware.UploadLimit",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "staydown_server.project.middleware.WrongMethod",
]

ROOT_URLCONF = "staydown_server.project.urls"
WSGI_APPLICATION = "staydown_server.project.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "staydown_server.web.context.leaving",
                "staydown_server.web.context.helping",
            ]
        },
    }
]

DATABASES = {"default": database(os.environ.get("STAYDOWN_DATABASE_URL", ""), DATA)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["staydown_server.accounts.sign_in.SessionBackend"]
LOGIN_URL = "web:sign_in_needed"
# A session ends so long after it began, and so long after its last use.
SESSION_COOKIE_AGE = int(_number("STAYDOWN_SESSION_HOURS", 12) * 3600)
SESSION_IDLE_SECONDS = _number("STAYDOWN_SESSION_IDLE_MINUTES", 60) * 60
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# To try Staydown out, on this machine alone: whoever has a link is in, without more.
TRY_OUT = os.environ.get("STAYDOWN_TRY_OUT", "") == "yes"
if TRY_OUT and _public.hostname not in ("127.0.0.1", "localhost", "::1"):
    raise ImproperlyConfigured(
        f"STAYDOWN_TRY_OUT lets everybody with a link in, so the server must be for this machine "
        f"alone: STAYDOWN_PUBLIC_URL is {PUBLIC_URL!r}. Leave one of the two out"
    )
# An organisation's own directory, for those at the desk (`people/directory.py`).
OIDC_ISSUER = os.environ.get("STAYDOWN_OIDC_ISSUER", "")
OIDC_CLIENT_ID = os.environ.get("STAYDOWN_OIDC_CLIENT_ID", "")
OIDC_CLIENT_SECRET = os.environ.get("STAYDOWN_OIDC_CLIENT_SECRET", "")
OIDC_NAME = os.environ.get("STAYDOWN_OIDC_NAME", "") or urlsplit(OIDC_ISSUER).hostname or ""
OIDC_IS_STRONG = os.environ.get("STAYDOWN_OIDC_STRONG", "") == "yes"
if OIDC_ISSUER and not (OIDC_CLIENT_ID and OIDC_CLIENT_SECRET):
    raise ImproperlyConfigured(
        "STAYDOWN_OIDC_ISSUER also needs STAYDOWN_OIDC_CLIENT_ID and STAYDOWN_OIDC_CLIENT_SECRET: "
        "what the directory gave you for Staydown"
    )
if OIDC_ISSUER and not OIDC_ISSUER.startswith(
    ("https://", "http://127.0.0.1:", "http://localhost:")
):
    raise ImproperlyConfigured(
        f"STAYDOWN_OIDC_ISSUER is {OIDC_ISSUER!r}: it must begin with https://"
    )
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_NAME = "staydown_session"
CSRF_COOKIE_NAME = "staydown_csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = _public.scheme == "https"
LANGUAGE_COOKIE_NAME = "staydown_language"
CSRF_FAILURE_VIEW = "staydown_server.web.errors.form_expired"
X_FRAME_OPTIONS = "DENY"
# Not "no-referrer": browsers then send forms with "Origin: null", which the CSRF check refuses.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        # The second: a picture at the desk while a button is held down.
        "img-src": ["'self'", "blob:"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "worker-src": ["'self'"],
    }
}

LANGUAGE_CODE = "en"
_locale = os.environ.get("STAYDOWN_LOCALE", "")
LOCALE_PATHS = [
    *([Path(_locale).resolve()] if _locale else []),
    Path(__file__).resolve().parent.parent / "locale",
]


def _languages() -> list[tuple[str, str]]:
    """English, and each language that has a catalogue."""
    catalogues = [path for folder in LOCALE_PATHS for path in folder.glob("*/LC_MESSAGES/*.mo")]
    found = {to_language(path.parts[-3]) for path in catalogues}
    codes = ["en", *sorted(found - {"en"})]
    for code in codes:
        # One that Django does not know is called by its code.
        unknown = {"bidi": False, "code": code, "name": code, "name_local": code}
        LANG_INFO.setdefault(code, unknown)
    return [(code, LANG_INFO[code]["name"]) for code in codes]


LANGUAGES = _languages()
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False


def _policy_of_a_file(headers: Headers, _path: str, _url: str) -> None:
    # A worker obeys the policy of its own script: ours may ask nobody for anything.
    headers["Content-Security-Policy"] = "default-src 'none'"


WHITENOISE_ADD_HEADERS_FUNCTION = _policy_of_a_file
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
FILE_UPLOAD_TEMP_DIR = DATA / "incoming"
# The fingerprints of twenty films, with room.
DATA_UPLOAD_MAX_MEMORY_SIZE = 10_000_000
# More than the form takes: it says so itself, and keeps what was typed.
DATA_UPLOAD_MAX_NUMBER_FILES = 100

_log_format = os.environ.get("STAYDOWN_LOG_FORMAT", "line")
if _log_format not in ("line", "json"):
    raise ImproperlyConfigured(f"STAYDOWN_LOG_FORMAT is {_log_format!r}: write line or json")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"},
        "json": {"()": "staydown_server.project.logs.JSONLine"},
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": _log_format},
        "nowhere": {"class": "logging.NullHandler"},
    },
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "staydown_server": {"level": "INFO"},
        # Django logs request paths and tracebacks; a path can hold a secret link.
        "django.request": {"handlers": ["nowhere"], "propagate": False},
        "django.security": {"handlers": ["nowhere"], "propagate": False},
        # urllib3 warns of broken headers with the address; one can hold a token.
        "urllib3": {"level": "CRITICAL"},
    },
}
