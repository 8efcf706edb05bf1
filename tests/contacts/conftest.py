import pytest

from contacts.catalogue import install_catalogue
from funnel.services import install_path


@pytest.fixture
def path(_django_db_helper: None) -> None:
    """The event types and stages every installation has; a test that commits has emptied the tables before."""
    install_catalogue()
    install_path()
