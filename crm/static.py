"""Files for browsers: the few of npm packages that they get, never the whole of node_modules; and their addresses."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage, Storage
from whitenoise.storage import CompressedManifestStaticFilesStorage  # type: ignore[import-untyped]

# A source map is listed where the file names it: the hashing storage wants to find it.
SERVED = frozenset(
    {
        "@tabler/core/dist/css/tabler.min.css",
        "@tabler/core/dist/css/tabler.min.css.map",
        "@tabler/core/dist/js/tabler.min.js",
        "@tabler/core/dist/js/tabler.min.js.map",
        "@alpinejs/csp/dist/cdn.min.js",
        "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
        "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2",
        "sortablejs/Sortable.min.js",
        "tom-select/dist/js/tom-select.complete.min.js",
        "tom-select/dist/js/tom-select.complete.min.js.map",
        "tom-select/dist/css/tom-select.bootstrap5.min.css",
        "tom-select/dist/css/tom-select.bootstrap5.min.css.map",
        "echarts/dist/echarts.min.js",
    }
)


class NpmFinder(BaseFinder):
    """Finds `npm/<package>/<file>` for the files of `SERVED`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.storage = FileSystemStorage(location=settings.NODE_MODULES)
        self.storage.prefix = "npm"  # type: ignore[attr-defined]
        super().__init__(*args, **kwargs)

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        name = path.removeprefix("npm/")
        found = path.startswith("npm/") and name in SERVED and Path(self.storage.path(name)).is_file()
        places = [self.storage.path(name)] if found else []
        return places[0] if places and not find_all else places

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        return ((name, self.storage) for name in sorted(SERVED) if self.storage.exists(name))


class StaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """While a process runs, a file stays where it is: its address is worked out once."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._addresses: dict[str, str] = {}

    def url(self, name: str, force: bool = False) -> str:
        address = None if force else self._addresses.get(name)
        if address is None:
            address = self._addresses[name] = super().url(name, force)
        return address
