from pathlib import Path
from typing import Any

import pytest

from contacts.catalogue import install_catalogue
from contacts.importing import Mapping, chunking, import_file, read_mapping
from contacts.models import Import
from funnel.services import install_path
from tests.contacts.bringing import ORDERS, PEOPLE, Bring


@pytest.fixture
def path(_django_db_helper: None) -> None:
    """The event types and stages every installation has; a test that commits has emptied the tables before."""
    install_catalogue()
    install_path()


@pytest.fixture
def bring(tmp_path: Path) -> Bring:
    """Import some lines under a header."""

    def bring(mapping: str | Mapping, header: str, *lines: str, **options: Any) -> Import:
        path = tmp_path / "file.csv"
        path.write_text("\n".join([header, *lines]) + "\n")
        how = read_mapping(mapping) if isinstance(mapping, str) else mapping
        return import_file(path=path, mapping=how, **options)

    return bring


@pytest.fixture
def people(bring: Bring) -> Bring:
    return lambda *lines, **options: bring(PEOPLE, "id,email,name,phone", *lines, **options)


@pytest.fixture
def orders(bring: Bring) -> Bring:
    return lambda *lines, **options: bring(ORDERS, "id,number,at,sum,utm", *lines, **options)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunking, "CHUNK", 2)
