"""Settings for tools that only read the code (types, linters): everything required is there, nothing answers."""

import os

os.environ.setdefault("SECRET_KEY", "only-for-checking-the-code-" + 24 * "0123456789")
os.environ.setdefault("SITE_URL", "https://crm.example.com")
os.environ.setdefault("DATABASE_URL", "postgres://polku:none@127.0.0.1:1/polku")
os.environ.setdefault("REDIS_URL", "redis://127.0.0.1:1/0")

from crm.settings import *  # noqa: F403  (the lines above come first)
