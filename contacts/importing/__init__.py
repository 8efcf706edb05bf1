"""Files into contacts and events: reading, converting by a mapping, deciding, writing, reporting (docs/import.md)."""

from .mapping import Mapping, read_mapping, with_source
from .running import cancel_import, import_file, run_import, start_import

__all__ = ["Mapping", "cancel_import", "import_file", "read_mapping", "run_import", "start_import", "with_source"]
