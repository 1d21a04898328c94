"""Programmers read the API's reference, as the function itself shows it."""

import pytest

from tests.browser.conftest import Visitors
from tests.browser.looks import look
from tests.openapi import CONTRACT, METHODS

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]  # one worker: they share a browser and a project


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
@pytest.mark.parametrize("path", ["/v1/", "/v1"])
def test_everybody_can_read_all_of_it(visitors: Visitors, path: str, scripts: bool) -> None:
    reader = visitors(None, java_script_enabled=scripts)
    reader.page.goto(reader.project.functions["events"].url + path)
    assert reader.title == "confsync events"
    operations = [route[method] for route in CONTRACT["paths"].values() for method in METHODS if method in route]
    for each in operations:
        assert reader.page.locator(f"#{each['operationId']}").is_visible()
    assert reader.page.evaluate("document.styleSheets[0].cssRules.length") > 0, "its stylesheet is there"


def test_it_can_be_used_in_any_light_and_on_a_phone(visitors: Visitors) -> None:
    reader = visitors(None)
    reader.page.goto(reader.project.functions["events"].url + "/v1/")
    look(reader.page, "reference")
