"""Somebody's browser, as far as pages without scripts need one: it follows links, keeps cookies, and sends forms."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin
from urllib.request import HTTPCookieProcessor, Request, build_opener

_TIMEOUT = 30


@dataclass(frozen=True, kw_only=True)
class Form:
    """A form of a page, with the values that it has."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Page:
    """What the browser shows."""

    url: str
    status: int
    text: str

    @property
    def forms(self) -> list[Form]:
        """Its forms, all of which are posted."""
        reader = _Forms(self.url)
        reader.feed(self.text)
        return reader.found


class Browser:
    """One person's browser. Like theirs it takes loopback for as safe as https, so that cookies work there."""

    def __init__(self) -> None:
        cookies = CookieJar(DefaultCookiePolicy(secure_protocols=("https", "http")))
        self._opener = build_opener(HTTPCookieProcessor(cookies))

    def open(self, url: str) -> Page:
        """Follow a link."""
        return self._shown(Request(url))

    def send(self, page: Page, **fields: str) -> Page:
        """Fill in the page's first form and send it. Raises LookupError if there is none."""
        if not page.forms:
            raise LookupError(f"{page.url} has no form: {page.text[:200]}")
        form = page.forms[0]
        return self._shown(Request(form.action, data=urlencode(form.fields | fields).encode()))

    def _shown(self, request: Request) -> Page:
        try:
            response = self._opener.open(request, timeout=_TIMEOUT)
        except HTTPError as error:
            response = error  # which is one
        with response:
            return Page(url=response.url, status=response.status, text=response.read().decode())


class _Forms(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._url = url

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag == "form":
            self.found.append(Form(action=urljoin(self._url, told.get("action") or "")))
        elif tag == "input" and self.found and told.get("name"):
            self.found[-1].fields[str(told["name"])] = told.get("value") or ""
