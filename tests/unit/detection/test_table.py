"""The table of what is found, in the README of the package; run as a module, it is written anew."""

import re
from pathlib import Path

from confsync.domain import detection
from confsync.domain.conferencing import Confidence
from confsync.domain.detection.catalogue import SERVICES
from confsync.domain.detection.service import Service

README = Path(detection.__file__).with_name("README.md")
MARKED = re.compile(r"(<!-- services -->\n).*?(<!-- end of services -->)", re.DOTALL)


COLUMNS = ("service", "an address", "code in it", "confidence", "not joined")


def row(service: Service) -> tuple[str, ...]:
    provider = f" (told as {service.provider})" if service.provider else ""
    code = "yes" if any("(?P<code>" in part for form in service.forms for part in (form.path, form.query)) else ""
    confidence = ", ".join(each.value for each in Confidence if each in {form.confidence for form in service.forms})
    refused = next((url for url in service.refuses if url.count("/") > 2 and url[-1] != "/"), service.refuses[0])
    return f"{service.name}{provider}", f"`{next(iter(service.joins))}`", code, confidence, f"`{refused}`"


def table() -> str:
    rows = [COLUMNS, ("---",) * len(COLUMNS), *map(row, SERVICES)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in rows)


def test_the_readme_has_every_service() -> None:
    told = MARKED.search(README.read_text(encoding="utf-8"))
    assert told is not None
    assert told[0] == f"<!-- services -->\n{table()}<!-- end of services -->", "run this module to write it anew"


if __name__ == "__main__":
    text = README.read_text(encoding="utf-8")
    README.write_text(MARKED.sub(lambda found: found[1] + table() + found[2], text), encoding="utf-8")
