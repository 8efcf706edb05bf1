"""The door for web servers."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")
os.environ.setdefault("POLKU_PROCESS", "web")

from django.core.wsgi import get_wsgi_application  # noqa: E402  (settings read the two lines above)

application = get_wsgi_application()
