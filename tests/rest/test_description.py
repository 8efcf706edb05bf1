import re
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.validation import validate_schema

from rest.problems import KINDS
from rest.reference import Kind, arranged
from rest.templatetags.code_spans import code_spans


@pytest.fixture(scope="module")
def schema():
    return Client().get("/api/schema").json()


def addresses(resolver=None, before=""):
    """Every address of the URLconf, as OpenAPI writes it."""
    for pattern in (resolver or get_resolver()).url_patterns:
        here = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern, here)
        elif isinstance(pattern, URLPattern):
            yield "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", here)


def test_the_description_is_valid_openapi(schema):
    validate_schema(schema)

    assert schema["openapi"].startswith("3.1")


def test_every_address_of_the_api_is_described(schema):
    assert {address for address in addresses() if address.startswith("/api/v1/")} - set(schema["paths"]) == set()


def test_every_operation_says_what_it_is_and_who_may_call_it(schema):
    operations = [one for path in schema["paths"].values() for one in path.values()]

    assert [one["operationId"] for one in operations if not (one.get("summary") and one.get("tags"))] == []
    assert [one["operationId"] for one in operations if one["security"] != [{"bearer": []}, {"basic": []}]] == []
    assert len({one["operationId"] for one in operations}) == len(operations)


def test_problems_are_described_as_what_they_are(schema):
    answers = [
        (status, list(answer["content"]))
        for path in schema["paths"].values()
        for one in path.values()
        for status, answer in one["responses"].items()
        if status >= "400"
    ]

    assert {kinds[0] for _status, kinds in answers} == {"application/problem+json"}


def test_what_an_id_in_a_path_is(schema):
    [parameter] = schema["paths"]["/api/v1/contacts/{contact_id}"]["get"]["parameters"]

    assert (parameter["in"], parameter["schema"]["type"]) == ("path", "integer")


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.inline = []
        self.ids = set()
        self.links = set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        said = dict(attributes)
        self.ids.add(said.get("id"))
        if (tag == "script" and "src" not in said) or tag == "style" or "style" in said:
            self.inline.append(tag)
        if said.get("href", "").startswith("#"):
            self.links.add(said["href"][1:])


@pytest.fixture
def page(client):
    answer = client.get("/api/docs")
    assert answer.status_code == 200
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    return Page(answer.content.decode())


def test_the_page_for_people_needs_no_inline_script_or_style(page):
    assert page.inline == []


def test_every_operation_and_every_problem_has_its_place_on_the_page(page, schema):
    operations = {one["operationId"] for path in schema["paths"].values() for one in path.values()}

    assert operations - page.ids == set()
    assert {f"problem-{kind}" for kind in KINDS} - page.ids == set()


def test_no_link_on_the_page_leads_nowhere(page):
    assert page.links - page.ids == set()


def test_the_type_of_a_problem_leads_to_its_line_on_the_page(client):
    assert client.get("/api/problems/missing-scope").headers["Location"] == "/api/docs#problem-missing-scope"
    assert client.get("/api/problems/nonsense").status_code == 404


def test_an_operation_is_arranged_for_reading():
    schema = {
        "paths": {
            "/api/v1/things": {
                "post": {
                    "operationId": "thing_create",
                    "tags": ["Things"],
                    "summary": "Create a thing",
                    "x-scope": "things:write",
                    "parameters": [{"in": "query", "name": "q", "schema": {"type": ["string", "null"]}}],
                    "requestBody": {
                        "content": {
                            "application/json": {
                                "schema": {"$ref": "#/components/schemas/Thing"},
                                "examples": {"example": {"value": {"name": "it's"}}},
                            }
                        }
                    },
                    "responses": {
                        "201": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}
                    },
                }
            }
        },
        "components": {
            "schemas": {
                "Thing": {
                    "properties": {
                        "name": {"type": "string"},
                        "at": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
                        "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}},
                        "kind": {"enum": ["a", "b"]},
                    },
                    "required": ["name"],
                }
            }
        },
    }
    reference = arranged(schema, "https://crm.example.com")
    [operation], [shape] = reference.groups["Things"], reference.shapes

    assert [(entry.name, entry.kind) for entry in operation.parameters] == [("q", Kind("text or null"))]
    assert (operation.body, operation.answers[0].kind) == (Kind("Thing", "Thing"), Kind("Thing", "Thing"))
    assert [(entry.name, entry.kind, entry.is_needed) for entry in shape.fields] == [
        ("name", Kind("text"), True),
        ("at", Kind("moment or null"), False),
        ("parts", Kind("list of Thing", "Thing"), False),
        ("kind", Kind("a | b"), False),
    ]
    assert operation.example == (
        "curl -X POST \\\n"
        "  'https://crm.example.com/api/v1/things' \\\n"
        '  -H "Authorization: Bearer $KEY" \\\n'
        "  -H 'Content-Type: application/json' \\\n"
        "  -d '{\"name\": \"it'\\''s\"}'"
    )


def test_backticks_become_code_and_nothing_becomes_a_tag():
    assert code_spans("Send `<b>` & `x`") == "Send <code>&lt;b&gt;</code> &amp; <code>x</code>"
