"""Whether the functions answer: a request that nobody signed has to be refused, in the way each refuses."""

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from deployment.environment import Environment

Ask = Callable[[str], int | str]
TRIES = 6
PAUSE = 10.0
"""Seconds: who may call a new service takes a while to be known everywhere."""


def ask(url: str) -> int | str:
    """The status of the answer to a request without a token, or why there was none."""
    request = urllib.request.Request(url, data=b"{}", headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as answer:
        return answer.code
    except OSError as error:
        return str(error)


def smoke_test(
    environment: Environment, *, ask: Ask = ask, tries: int = TRIES, sleep: Callable[[float], None] = time.sleep
) -> Iterator[tuple[str, bool, str]]:
    """(function, whether it is well, in words)."""

    def tried(url: str, expected: int) -> int | str:
        answer = ask(url)
        for _ in range(tries - 1):
            if answer == expected:
                break
            sleep(PAUSE)
            answer = ask(url)
        return answer

    functions = environment.functions
    with ThreadPoolExecutor(len(functions)) as pool:
        urls = [environment.url(name) for name in functions]
        answers = list(pool.map(tried, urls, (each.refuses for each in functions.values())))
    for (name, function), url, answer in zip(functions.items(), urls, answers, strict=True):
        well = answer == function.refuses
        words = f"{url} answers {answer}"
        yield name, well, words if well else f"{words}, {function.refuses} expected{_hint(answer)}"


def _hint(answer: int | str) -> str:
    """What it usually is."""
    if answer == 403:
        return ": Google's front door is closed, by a policy of the organisation perhaps (deploy/README.md)"
    if isinstance(answer, int) and answer >= 500:
        return ": its log says why, `gcloud functions logs read`"
    return ""
