"""What functions with pages and paths are made of, through a real Flask request."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import flask
import functions_framework
import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import Client

from confsync.domain.errors import BadRequest, Forbidden
from confsync.web.endpoint import Answer, Call, answer, serve
from confsync.web.pages import cookie, cookie_of, form, html, redirect
from confsync.web.routing import router
from tests.unit import http


def event(call: Call) -> Answer:
    return answer({**call.parameters, "method": call.method, "fields": call.query.getlist("field")})


def page(call: Call) -> Answer:
    known = cookie_of(call, "state")
    return html(f"<p>{known}</p>", cookies=(cookie("state", "s1", seconds=60), cookie("seen", "1", seconds=60)))


def submit(call: Call) -> Answer:
    fields = form(call)
    if fields.get("token") != "t":
        raise Forbidden("the form's token is not ours")
    return redirect("/connect?done=1", cookies=(cookie("state", "", seconds=0),))


ROUTES = {
    ("GET", "/v1/calendars/{calendarId}/events/{eventId}"): event,
    ("PATCH", "/v1/calendars/{calendarId}/events/{eventId}"): event,
    ("GET", "/connect"): page,
    ("POST", "/connect"): submit,
}


@pytest.fixture
def client() -> Client:
    app = flask.Flask("sample")
    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

    @app.route("/", defaults={"path": ""}, methods=methods)
    @app.route("/<path:path>", methods=methods)
    def handle(path: str) -> Any:
        return serve(lambda: router(ROUTES), flask.request, methods=None, json_body=False)

    return app.test_client()


def test_a_path_leads_to_its_handler_with_decoded_parameters(client: Client) -> None:
    path = "/v1/calendars/a%2Fb%23c@example.com/events/e1"
    told = client.get(path + "?field=a&field=b", environ_overrides={"RAW_URI": path}).get_json()
    assert told == {"calendarId": "a/b#c@example.com", "eventId": "e1", "method": "GET", "fields": ["a", "b"]}


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/events/e1", "event e1"),
        ("/events/e1.ics", "file e1"),
        ("/events/e1%2F2.ics", "file e1/2"),
        ("/events/e1.icsx", "event e1.icsx"),
        ("/events/.ics", "event .ics"),
    ],
)
def test_a_parameter_may_have_an_ending(path: str, told: str) -> None:
    routes = {
        ("GET", "/events/{id}"): lambda call: answer(f"event {call.parameters['id']}"),
        ("GET", "/events/{id}.ics"): lambda call: answer(f"file {call.parameters['id']}"),
    }
    assert router(routes)(replace(http.call(), method="GET", path=path)) == answer(told)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1",
        "/v1/calendars//events/e1",
        "/v1/calendars/a/events/e1/more",
        "/Connect",
        "/v1/calendars/../events/e1",
        "/v1/calendars/%2E%2e/events/e1",
        "/v1/calendars/a%00/events/e1",
        "/v1/calendars/%ff/events/e1",
        "//evil.example/connect",
    ],
)
def test_a_path_that_there_is_not(client: Client, path: str) -> None:
    refused = client.get(path, environ_overrides={"RAW_URI": path})
    assert (refused.status_code, refused.get_json()["error"]["code"]) == (404, "not_found")


def test_methods(client: Client) -> None:
    path = "/v1/calendars/a/events/e1"
    assert client.patch(path, json={}).get_json()["method"] == "PATCH"
    refused = client.delete(path)
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD, OPTIONS, PATCH")
    told = client.options(path)
    assert (told.status_code, told.headers["Allow"]) == (204, "GET, HEAD, OPTIONS, PATCH")
    head = client.head("/connect")
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Type"] == "text/html; charset=utf-8"


def test_a_page_has_safe_headers_and_cookies_that_come_back(client: Client) -> None:
    first = client.get("/connect", base_url="https://example.com")
    assert first.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in first.headers["Content-Security-Policy"]
    assert first.headers["Referrer-Policy"] == "same-origin"
    cookies = first.headers.getlist("Set-Cookie")
    assert len(cookies) == 2
    for each in cookies:
        assert each.startswith("__Host-")
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in each.split(";")}
    assert client.get("/connect", base_url="https://example.com").text == "<p>s1</p>"


def test_a_form_is_read_and_answered_with_a_redirect(client: Client) -> None:
    done = client.post("/connect", data={"token": "t"})
    assert (done.status_code, done.headers["Location"]) == (303, "/connect?done=1")
    assert "Max-Age=0" in done.headers["Set-Cookie"]
    assert client.post("/connect", data={"token": "other"}).status_code == 403
    refused = client.post("/connect", json={"token": "t"})
    assert (refused.status_code, refused.get_json()["error"]["field"]) == (400, "Content-Type")
    too_many = client.post("/connect", data={f"f{n}": "1" for n in range(200)})
    assert (too_many.status_code, too_many.get_json()["error"]["field"]) == (400, "body")


@pytest.mark.parametrize("location", ["https://zoom.us/oauth/authorize?a=b", "/connect", "/connect?x=1#y"])
def test_where_a_redirect_may_lead(location: str) -> None:
    assert redirect(location)[2]["Location"] == location


@pytest.mark.parametrize(
    "location",
    [
        "http://a",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "",
        "https:",
        "///evil.example",
        "https://good.example\\@evil.example",
        "https://good.example@evil.example",
        "/a\r\nSet-Cookie: x",
        "a/b",
    ],
)
def test_where_a_redirect_may_not_lead(location: str) -> None:
    with pytest.raises(ValueError, match="redirect"):
        redirect(location)


@given(st.text())
def test_no_cookie_breaks_a_header(value: str) -> None:
    made = cookie("state", value, seconds=1)
    assert "\r" not in made
    assert "\n" not in made


@pytest.mark.parametrize("others", ["a b=1; ", "x[]=1; ", "path=1; ", '"=; ', "__Host-other=2; "])
def test_our_cookie_is_found_beside_any_other(others: str) -> None:
    call = Call(headers={"Cookie": f"{others}__Host-state=s1"}, query=None, body=b"", trace="")  # type: ignore[arg-type]
    assert cookie_of(call, "state") == "s1"


@given(st.text())
def test_any_cookie_header_can_come(value: str) -> None:
    call = Call(headers={"Cookie": value}, query=None, body=b"", trace="")  # type: ignore[arg-type]
    assert cookie_of(call, "state") is None or value


def test_a_form_in_another_encoding_is_refused() -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    with pytest.raises(BadRequest):
        form(Call(headers=headers, query=None, body=b"\xff=1", trace=""))  # type: ignore[arg-type]
    assert json.dumps(form(Call(headers=headers, query=None, body=b"a=1&a=2&b=", trace=""))) == '{"a": "2", "b": ""}'  # type: ignore[arg-type]


SAMPLE = """
import flask
from confsync.web.endpoint import answer, serve
from confsync.web.routing import router
from tests.unit import http

ROUTES = {("GET", "/calendars/{id}"): lambda call: answer(dict(call.parameters))}


def handle(request: flask.Request):
    return serve(lambda: router(ROUTES), request, methods=None, json_body=False)
"""


def test_a_function_with_paths_runs_on_the_functions_framework(tmp_path: Path) -> None:
    source = tmp_path / "main.py"
    source.write_text(SAMPLE)
    client = functions_framework.create_app(target="handle", source=str(source)).test_client()
    assert client.get("/calendars/a%40b").get_json() == {"id": "a@b"}
    assert client.post("/calendars/a").status_code == 405
    assert client.get("/elsewhere").status_code == 404
