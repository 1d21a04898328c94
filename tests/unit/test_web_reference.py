"""The contract as it is served: one file, and a page that needs no script."""

import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from urllib.parse import urljoin

import pytest

from confsync.web import reference
from confsync.web.endpoint import Answer, HttpError
from confsync.web.pages import SAFE
from confsync.web.routing import router
from tests.openapi import CONTRACT, METHODS, PATH, check_answer
from tests.unit.http import call


def get(path: str) -> Answer:
    return router(reference.ROUTES)(replace(call(), method="GET", path=path))


class Page(HTMLParser):
    """What a browser makes of the page."""

    def __init__(self, path: str = "/v1/") -> None:
        super().__init__()
        self.path = path
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(get(path)[0])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, attribute: str) -> list[str]:
        return [value for _, attributes in self.tags if (value := attributes.get(attribute))]

    def own(self) -> set[str]:
        """The addresses of ours that it leads to."""
        links = [link for link in self.all("href") if not link.startswith(("#", "https://"))]
        return {urljoin(f"https://host.example/events{self.path}", link) for link in links}


@pytest.fixture(scope="module")
def page() -> Page:
    return Page()


# --- the file --------------------------------------------------------------------------------------------------------


def test_there_is_one_file() -> None:
    """deploy/openapi.yaml, which people look for, is a link to what is installed with the package."""
    assert PATH.is_symlink()
    assert PATH.resolve() == PATH.parents[1] / "shared" / "confsync" / "web" / "openapi.yaml"
    assert PATH.samefile(str(reference.CONTRACT))


def test_the_file_is_served_as_it_is() -> None:
    body, status, headers = get("/v1/openapi.yaml")
    assert body == PATH.read_text(encoding="utf-8")
    check_answer("GET", "/v1/openapi.yaml", status, {name: str(value) for name, value in headers.items()}, body)


# --- the page --------------------------------------------------------------------------------------------------------


def test_the_page_is_an_answer_of_the_contract() -> None:
    body, status, headers = get("/v1/")
    check_answer("GET", "/v1/", status, {name: str(value) for name, value in headers.items()}, body)


def test_nothing_of_it_runs_or_comes_from_elsewhere(page: Page) -> None:
    assert get("/v1/")[2]["Content-Security-Policy"] == SAFE["Content-Security-Policy"]
    assert {"script", "iframe", "style", "img", "object"} & {tag for tag, _ in page.tags} == set()
    assert [
        name for _, attributes in page.tags for name in attributes if name.startswith("on") or name == "style"
    ] == []


def test_it_has_every_operation_parameter_code_and_schema(page: Page) -> None:
    operations = [route[method] for route in CONTRACT["paths"].values() for method in METHODS if method in route]
    ids = page.all("id")
    assert {each["operationId"] for each in operations} <= set(ids)
    for kind in ("schemas", "responses"):
        assert set(CONTRACT["components"][kind]) <= set(ids)
    told = [parameter["name"] for each in operations for parameter in each.get("parameters", ()) if "name" in parameter]
    for name in (*told, *CONTRACT["paths"], "conferencing", "autocreate.solution", "copy_from.event_id"):
        assert name in page.text
    assert "undefined" not in page.text
    assert "Markup" not in page.text


def test_its_links_lead_somewhere(page: Page) -> None:
    ids = page.all("id")
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in page.all("href") if link.startswith("#")} <= set(ids)


@pytest.mark.parametrize("path", ["/v1/", "/v1"])
def test_it_finds_its_files_behind_any_prefix(path: str) -> None:
    assert Page(path).own() == {
        "https://host.example/events/v1/style.css",
        "https://host.example/events/v1/openapi.yaml",
    }


def test_its_stylesheet_is_there() -> None:
    assert get("/v1/style.css")[2]["Content-Type"] == "text/css; charset=utf-8"


def test_there_is_nothing_else() -> None:
    with pytest.raises(HttpError, match="nothing at /v1/other"):
        get("/v1/other")


# --- its price -------------------------------------------------------------------------------------------------------

UNASKED = """
import sys
from confsync.web import reference
print(*sorted({"yaml", "markdown_it", "jinja2", "babel"} & sys.modules.keys()))
"""


def test_who_asks_for_no_page_loads_nothing_for_it() -> None:
    loaded = subprocess.run([sys.executable, "-c", UNASKED], check=True, capture_output=True, text=True)
    assert loaded.stdout.split() == []
