from typing import Any

from django.urls import URLPattern, URLResolver, path
from django.urls.resolvers import RoutePattern

from crm.desk import views
from crm.desk.board import views as board
from crm.desk.campaigns import urls as campaigns
from crm.desk.companies import urls as companies
from crm.desk.forms import urls as forms
from crm.desk.house import urls as house
from crm.desk.imports import urls as imports
from crm.desk.intake import urls as intake
from crm.desk.palette.views import find, keys
from crm.desk.path.views import path as path_page
from crm.desk.path.views import path_changes, path_narrow, path_table, path_targets
from crm.desk.people import urls as people
from crm.desk.person import urls as person
from crm.desk.playbooks import urls as playbooks
from crm.desk.today import urls as today
from crm.desk.undoing import undo

app_name = "desk"


class _FirstWord(RoutePattern):
    """Addresses that begin with this word; it is taken from none of them."""

    def __init__(self, word: str) -> None:
        super().__init__("")
        self.word = word

    def match(self, path: str) -> tuple[str, tuple[()], dict[str, Any]] | None:
        return (path, (), {}) if path.startswith(self.word) else None


def _by_first_word(every: list[URLPattern]) -> list[URLResolver]:
    """The same addresses, so that who looks for one of two hundred looks through those of one room."""
    words: dict[str, list[URLPattern]] = {}
    for one in every:
        words.setdefault(str(one.pattern).partition("/")[0], []).append(one)
    return [URLResolver(_FirstWord(word), its) for word, its in words.items()]


_every = [
    path("", path_page, name="path"),
    path("path/changes", path_changes, name="path-changes"),
    path("path/narrow", path_narrow, name="path-narrow"),
    path("path/targets", path_targets, name="path-targets"),
    path("path/<slug:name>.csv", path_table, name="path-table"),
    *people.urlpatterns,
    *companies.urlpatterns,
    *intake.urlpatterns,
    *person.urlpatterns,
    path("board", board.board_page, name="board"),
    path("board/changes", board.board_changes, name="board-changes"),
    path("board/cards/<int:contact_id>", board.board_card, name="board-card"),
    path("board/cards/<int:contact_id>/lane", board.board_move, name="board-move"),
    path("board/cards/<int:contact_id>/move", board.card_move, name="card-move"),
    *today.urlpatterns,
    *imports.urlpatterns,
    *forms.urlpatterns,
    *campaigns.urlpatterns,
    *house.urlpatterns,
    *playbooks.urlpatterns,
    path("find", find, name="find"),
    path("keys", keys, name="keys"),
    path("language", views.language, name="language"),
    path("theme", views.theme, name="theme"),
    path("undo", undo, name="undo"),
]
urlpatterns = _by_first_word(_every)
