"""The door for web servers."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")
os.environ.setdefault("POLKU_PROCESS", "web")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
