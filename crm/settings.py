"""All settings, from the environment (or the file `environment` that `manage.py run` leaves in the state folder)."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from crm.logs import logging_config
from crm.static_headers import for_every_site

BASE_DIR = Path(__file__).resolve().parent.parent
STATE = Path(os.environ.get("POLKU_STATE") or BASE_DIR / "var").absolute()

env = environ.Env()
if os.access(STATE / "environment", os.R_OK):
    env.read_env(STATE / "environment")


def required(name: str, meaning: str) -> str:
    value: str = env.str(name, default="").strip()
    if not value:
        raise ImproperlyConfigured(f"{name} is not set: {meaning} (`make run` makes one for a first try).")
    return value


def optional(name: str, default: str) -> str:
    """Set but empty counts as not set: so compose files pass on what nobody filled in."""
    value: str = env.str(name, default="").strip()
    return value or default


def database(name: str, url: str) -> dict[str, Any]:
    parts: dict[str, Any] = env.db_url_config(url)
    if parts["ENGINE"] != "django.db.backends.postgresql":
        raise ImproperlyConfigured(f"{name} must begin with postgres://, for Polku keeps its rows in PostgreSQL only.")
    if not parts["NAME"]:
        raise ImproperlyConfigured(f"{name} must name a database, as in postgres://role:password@host/database.")
    return parts | {"ENGINE": "crm.postgres"}


# What kind of process this is: web servers get short timeouts, commands and workers do not.
PROCESS = env.str("POLKU_PROCESS", default="command")
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = required("SECRET_KEY", "give 50 or more random characters, and keep them")

# --- Where we are -----------------------------------------------------------------------------------------------------

SITE_URL = required("SITE_URL", "give the address people open, such as https://crm.example.com").rstrip("/")
_site = urlsplit(SITE_URL)
if _site.scheme not in {"http", "https"} or not _site.hostname:
    raise ImproperlyConfigured(f"SITE_URL must be an http or https address with a host; it is {SITE_URL!r}.")
HTTPS = _site.scheme == "https"
_LOOPBACK = ["localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS = [
    _site.hostname,
    *env.list("ALLOWED_HOSTS", default=[]),
    *(_LOOPBACK if _site.hostname in {"localhost", "127.0.0.1"} else []),
]
if "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS must name hosts; * would let anybody forge the address in our mails.")
ROOT_URLCONF = "crm.urls"
WSGI_APPLICATION = "crm.wsgi.application"

# --- Rows -------------------------------------------------------------------------------------------------------------

DATABASE_URL = required("DATABASE_URL", "give the role that serves, such as postgres://polku:...@db/polku")
DATABASE_SERVING = database("DATABASE_URL", DATABASE_URL)
# The role that owns the tables and migrates; `manage.py upgrade` alone uses it.
DATABASE_OWNER = database("DATABASE_OWNER_URL", optional("DATABASE_OWNER_URL", DATABASE_URL))
STATEMENT_TIMEOUT_MS = env.int("STATEMENT_TIMEOUT_MS", default=5000 if PROCESS == "web" else 0)
LOCK_TIMEOUT_MS = env.int("LOCK_TIMEOUT_MS", default=4000 if PROCESS == "web" else 0)
_timeouts = {"statement_timeout": STATEMENT_TIMEOUT_MS, "lock_timeout": LOCK_TIMEOUT_MS}
DATABASES = {
    "default": DATABASE_SERVING
    | {
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            **DATABASE_SERVING.get("OPTIONS", {}),
            "connect_timeout": 2,
            "options": " ".join(f"-c {name}={value}" for name, value in _timeouts.items()),
            "application_name": f"polku {PROCESS}",
        },
    },
}
# For throw-away servers: may fsync and its kin be off?
FRAGILE_DATABASE_ALLOWED = env.bool("FRAGILE_DATABASE_ALLOWED", default=False)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Limits on sign-in live here: in PostgreSQL they outlast Valkey and a restart.
# Failed sign-ins are counted here. Room for a crowd: a full table drops rows that still count, and who fills it with
# the names of strangers guesses anew.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "crm_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
SESSION_ENGINE = "crm.sessions"

# --- Packages ---------------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "crm",
    "campaigns",
    "funnel",
    "contacts",
    "rest",
    "staff",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "corsheaders",
    "csp",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "lucide",
    "rest_framework",
    "template_partials",
]

MIDDLEWARE = [
    "crm.middleware.request_id",
    "crm.express.express",
    "crm.middleware.probes_first",
    "django.middleware.security.SecurityMiddleware",
    "crm.middleware.strict_headers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "crm.sessions.WhoAsks",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "crm.middleware.language_of_reader",
    "crm.middleware.time_zone_of_reader",
    "crm.middleware.stored_nowhere",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "crm.desk.toasts.toasts_travel",
    "crm.middleware.ContentPolicy",
    "crm.middleware.refuse_nul",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.template.context_processors.tz",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "crm.desk.views.chosen_theme",
            ],
            "builtins": ["crm.templatetags.addresses"],
        },
    },
]

# --- People -----------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "staff.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_REDIRECT_URL = "/"
LOGIN_URL = "account_login"
ACCOUNT_ADAPTER = "crm.door.Doorkeeper"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # an admin gave the address; who could not read its mail did not come in
ACCOUNT_DEFAULT_HTTP_PROTOCOL = _site.scheme
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False  # every other session ends by itself: the password is part of its hash
PASSWORD_RESET_TIMEOUT = 24 * 3600
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# Wrong passwords: ten a minute from one machine, ten a quarter of an hour for one address wherever they come from.
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,10/900s/key"}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "Polku"
MFA_ADAPTER = "crm.door.SecondStep"
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS  # on this machine alone: browsers take http from nowhere else

MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# --- Cookies and headers ----------------------------------------------------------------------------------------------

# The prefix __Host- makes a browser refuse the cookie from other hosts, paths and plain http.
_cookie = "__Host-" if HTTPS else ""
SESSION_COOKIE_NAME = f"{_cookie}polku_session"
CSRF_COOKIE_NAME = f"{_cookie}polku_csrf"
LANGUAGE_COOKIE_NAME = f"{_cookie}polku_language"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "crm.errors.csrf_failed"
CSRF_TRUSTED_ORIGINS = [f"{_site.scheme}://{_site.netloc}"]
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 63_072_000 if HTTPS else 0
# Hosts under this name, and the lists that browsers come with, are for whoever owns them all to decide: off, and that
# is no fault of a deployment.
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS and env.bool("HSTS_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD = HTTPS and env.bool("HSTS_PRELOAD", default=False)
if SECURE_HSTS_PRELOAD and not SECURE_HSTS_INCLUDE_SUBDOMAINS:
    raise ImproperlyConfigured("HSTS_PRELOAD needs HSTS_SUBDOMAINS: browsers list a name with all that is under it.")
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Addresses or networks of our proxies: only from them do we believe who asks (X-Forwarded-For) and how (-Proto).
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
}

# Tracking and forms are called from our users' own sites; they carry a key, never a cookie.
CORS_URLS_REGEX = r"^/v1/"
CORS_ALLOW_ALL_ORIGINS = True
CORS_ALLOW_CREDENTIALS = False
CORS_ALLOW_HEADERS = ["authorization", "content-type", "x-retry-count"]
CORS_PREFLIGHT_MAX_AGE = 86_400

DATA_UPLOAD_MAX_MEMORY_SIZE = 512_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000  # an import of a thousand columns has one for each

# --- Words and time ---------------------------------------------------------------------------------------------------

LANGUAGES = [("en", _("English")), ("fi", _("Finnish"))]
LANGUAGE_CODE = optional("LANGUAGE_CODE", "en")
if LANGUAGE_CODE not in dict(LANGUAGES):
    raise ImproperlyConfigured(f"LANGUAGE_CODE must be one of {', '.join(dict(LANGUAGES))}; it is {LANGUAGE_CODE!r}.")
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["crm.formats"]
USE_TZ = True
ORGANISATION_TIME_ZONE = optional("ORGANISATION_TIME_ZONE", "Europe/Helsinki")
try:
    ZoneInfo(ORGANISATION_TIME_ZONE)
except (ZoneInfoNotFoundError, ValueError) as error:
    raise ImproperlyConfigured(
        f"ORGANISATION_TIME_ZONE must be a zone such as Europe/Helsinki; it is {ORGANISATION_TIME_ZONE!r}."
    ) from error
TIME_ZONE = ORGANISATION_TIME_ZONE

# --- Files ------------------------------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = STATE / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "crm.static.NpmFinder",
]
NODE_MODULES = BASE_DIR / "node_modules"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "crm.static.StaticFiles"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_ADD_HEADERS_FUNCTION = for_every_site
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG
# Files that people import: every process of the web and of the workers must see the same folder.
IMPORTS_ROOT = Path(optional("IMPORTS_ROOT", str(STATE / "imports"))).absolute()
IMPORT_LARGEST = env.int("IMPORT_LARGEST_MB", default=500) * 1_000_000
IMPORT_FILES_DAYS = env.int("IMPORT_FILES_DAYS", default=7)  # how long a file is kept that nobody went on with
IMPORT_LEASE_S = env.int("IMPORT_LEASE_S", default=30)  # then another worker takes an abandoned import up

# --- Mail -------------------------------------------------------------------------------------------------------------

# Without a mail server letters are files in the state folder; links are shown to the admin who made them.
EMAIL_URL = optional("EMAIL_URL", f"filemail:///{STATE}/mail")
try:
    vars().update(env.email_url_config(EMAIL_URL))
except (ImproperlyConfigured, ValueError) as error:
    raise ImproperlyConfigured(
        "EMAIL_URL must be such as smtp+tls://user:password@mail.example.com:587, with %40 for an @ in a password."
    ) from error
EMAIL_TIMEOUT = 15
MAIL_GOES_OUT = not EMAIL_URL.startswith(("filemail:", "consolemail:", "dummymail:"))
DEFAULT_FROM_EMAIL = SERVER_EMAIL = optional("DEFAULT_FROM_EMAIL", f"Polku <polku@{_site.hostname}>")

# --- API --------------------------------------------------------------------------------------------------------------

# Requests a minute a key may make, and with a public one each network; 0: as many as it likes.
API_RATE_LIMIT = env.int("API_RATE_LIMIT", default=60_000)
PUBLIC_KEY_RATE_LIMIT = env.int("PUBLIC_KEY_RATE_LIMIT", default=600)
# Above these, intake answers 503 before it reads: marks that wait to be folded, and the taken part of our disk.
INTAKE_BACKLOG_LIMIT = env.int("INTAKE_BACKLOG_LIMIT", default=5_000_000)
INTAKE_DISK_LIMIT = env.float("INTAKE_DISK_LIMIT", default=0.9)
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest.authentication.KeyAuthentication"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest.bodies.StrictParser"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "rest.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Polku",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "StaffRole": "staff.models.Role",
        "MembershipRole": "contacts.models.people.MembershipRole",
        "TaskKind": "contacts.models.tasks.TaskKind",
        "FieldKind": "contacts.models.people.FieldKind",
        "IdentityKind": "contacts.models.people.IdentityKind",
    },
    "PATH_CONVERTER_OVERRIDES": {"row": int},
    "SORT_OPERATIONS": False,
    "SORT_OPERATION_PARAMETERS": False,
}

# --- Celery -----------------------------------------------------------------------------------------------------------

REDIS_URL = required("REDIS_URL", "give the Valkey or Redis server, such as redis://:...@valkey:6379/0")


def broker_url(url: str) -> str:
    """The same server as Celery spells it: redis-py says unix:///path?db=0, Celery redis+socket:///path?virtual_host=0."""
    parts = urlsplit(url)
    if parts.scheme != "unix":
        return url
    options = {"virtual_host" if name == "db" else name: value for name, value in parse_qsl(parts.query)}
    login = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    return f"redis+socket://{login}{parts.path}?{urlencode(options)}"


QUEUES = ("stage", "webhook", "mail", "import")
VISIBILITY_TIMEOUT = 300  # the shortest of all users of one broker wins, so it is set in all three places
CELERY_BROKER_URL = broker_url(REDIS_URL)
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": VISIBILITY_TIMEOUT,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 1 if PROCESS == "web" else 5,
    "socket_connect_timeout": 1 if PROCESS == "web" else 2,
    "socket_keepalive": True,
    "max_retries": 0,  # kombu's own retries would hold a request for 6 s when the server is away
    "health_check_interval": 25,
}
CELERY_VISIBILITY_TIMEOUT = VISIBILITY_TIMEOUT
CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS = {"visibility_timeout": VISIBILITY_TIMEOUT}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_STORE_ERRORS_EVEN_IF_IGNORED = False
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_SOFT_TIME_LIMIT = 110
CELERY_TASK_PUBLISH_RETRY = False  # a nudge that fails is only counted: the sweep finds the work
CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = CELERY_RESULT_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "stage"
CELERY_TASK_CREATE_MISSING_QUEUES = True
# A package adds the route of a task here, by the task's name: {"funnel.tasks.advance_pending": {"queue": "stage"}}.
CELERY_TASK_ROUTES: dict[str, dict[str, str]] = {
    "funnel.tasks.*": {"queue": "stage"},
    "crm.tasks.deliver_webhooks": {"queue": "webhook"},
    "contacts.tasks.*": {"queue": "import"},
    "campaigns.tasks.send_mails": {"queue": "mail"},
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30
CELERY_WORKER_ETA_TASK_LIMIT = 1000
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_TIMEZONE = "UTC"
# The static schedule: a task, each so many seconds. What is due stands in tables. A message that no worker takes
# within the second number is dropped: the next one says the same.
_CLOCK = (
    ("funnel.tasks.advance_due", 1.0, 2.0),
    ("funnel.tasks.run_due_effects", 1.0, 2.0),
    ("funnel.tasks.work_off_backtests", 5.0, 10.0),
    ("funnel.tasks.work_off_company_marks", 5.0, 10.0),
    ("contacts.tasks.mark_places_of_today", 900.0, 600.0),
    ("contacts.tasks.work_off_name_marks", 5.0, 10.0),
    ("contacts.tasks.work_off_jobs", 5.0, 10.0),
    ("contacts.tasks.work_off_imports", 5.0, 10.0),
    ("contacts.tasks.throw_away_old", 3600.0, 600.0),
    ("crm.tasks.deliver_webhooks", 5.0, 10.0),
    ("campaigns.tasks.send_mails", 5.0, 10.0),
    ("contacts.tasks.watch_answers", 20.0, 20.0),
    ("contacts.tasks.count_answers", 15.0, 15.0),
    ("crm.tasks.send_morning_mails", 60.0, 60.0),
    ("crm.tasks.send_notice_mails", 20.0, 20.0),
    ("contacts.tasks.remind_of_tasks", 20.0, 20.0),
    ("crm.tasks.seal_audit", 60.0, 30.0),
    ("rest.tasks.forget_old_answers", 3600.0, 600.0),
    ("crm.tasks.forget_old_counts", 900.0, 600.0),
)
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    task.rpartition(".")[2]: {"task": task, "schedule": every_s, "options": {"expires": expires_s}}
    for task, every_s, expires_s in _CLOCK
}
CELERY_BEAT_SCHEDULER = "celery.beat.Scheduler"  # remembers nothing: there is nothing to corrupt

# --- Advancing --------------------------------------------------------------------------------------------------------

SETTLE_WINDOW_S = env.int("SETTLE_WINDOW_S", default=30)  # how long what can't be taken back waits for late events
SWEEP_S = env.int("SWEEP_S", default=15)  # how often each worker process looks for work that no message told it of
STUCK_S = env.int("STUCK_S", default=60)  # a worker process without progress for so long ends itself

# --- Webhooks ---------------------------------------------------------------------------------------------------------

# Hosts (or host:port) that may be private or without TLS; everything else must be public and https.
WEBHOOK_ALLOW = env.list("WEBHOOK_ALLOW", default=[])

# --- Logs -------------------------------------------------------------------------------------------------------------

LOGGING_CONFIG = "crm.logs.configure"
LOGGING = logging_config(level=env.str("LOG_LEVEL", default="INFO"), as_json=env.bool("LOG_JSON", default=False))
