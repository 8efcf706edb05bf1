"""What stands in the path of an address."""

from typing import Final

from django.urls import register_converter

LARGEST_ID: Final = 2**63 - 1


class RowId:
    """The id of a row, as `<row:contact_id>`; what no row can have is not found."""

    regex = "[1-9][0-9]{0,18}"

    def to_python(self, text: str) -> int:
        number = int(text)
        if number > LARGEST_ID:
            raise ValueError(text)
        return number

    def to_url(self, number: int) -> str:
        return str(number)


register_converter(RowId, "row")  # once, wherever it is imported from
