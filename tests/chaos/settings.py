"""The settings of the product's processes in a chaos run: the real ones, quicker in what only waits.

Here, before any package is loaded, stalls and sabotages are put in, and poison is told of: nothing of it is in the
product. CHAOS_CHANGES names the changes (tests/chaos/changes.py).
"""

import os

from crm.settings import *  # noqa: F403
from crm.settings import INSTALLED_APPS
from tests.chaos.changes import CHANGES, loaded_with

INSTALLED_APPS = [*INSTALLED_APPS, "tests.chaos.haste.HasteConfig"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
STATICFILES_FINDERS = []

loaded_with([CHANGES[name] for name in os.environ.get("CHAOS_CHANGES", "").split(",") if name])
