"""The house rules that import contracts (`.importlinter`) can't state."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import import_module, util
from pathlib import Path

import pytest

from confsync import providers
from confsync.adapters import google_login
from confsync.domain.connection import UNKNOWN_LIFE
from tests.contracts.provider import ProviderContract, RemoteProviderContract

ROOT = Path(__file__).parents[1]
CONFSYNC = ROOT / "shared" / "confsync"
FUNCTIONS = sorted(path.name for path in (ROOT / "functions").iterdir() if path.is_dir())
DEPLOYED = tomllib.loads((ROOT / "deploy" / "functions.toml").read_text(encoding="utf-8"))["functions"]

TOP_LEVEL = {
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "SECURITY.md",
    "cloudbuild.yaml",
    "constraints.txt",
    "deploy",
    "functions",
    "main.py",
    "pyproject.toml",
    "requirements.txt",
    "shared",
    "tests",
}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported(path: Path) -> Iterator[str]:
    """Names of all modules that a file imports, wherever in it."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    return listed.stdout.rstrip("\0").split("\0")


# --- the top level ---------------------------------------------------------------------------------------------------


def test_the_top_level_holds_what_it_may() -> None:
    found = {path.partition("/")[0] for path in tracked()}
    assert {name for name in found if not name.startswith(".")} <= TOP_LEVEL


def test_shared_is_a_container_and_tests_are_no_package() -> None:
    """`shared` holds two packages and is none; pytest imports tests by their path, so equal names can't clash."""
    assert {path.split("/")[1] for path in tracked() if path.startswith("shared/")} == {"confsync", "playground"}
    assert [path for path in tracked() if path.startswith("tests/") and path.endswith("__init__.py")] == []


# --- functions -------------------------------------------------------------------------------------------------------


def test_every_function_is_deployed_and_every_deployed_function_exists() -> None:
    assert set(FUNCTIONS) == set(DEPLOYED)
    for name, table in DEPLOYED.items():
        assert table["source"] == f"functions/{name}/main.py"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_one_file_with_one_plain_short_entry_point(name: str) -> None:
    folder = ROOT / "functions" / name
    assert [path for path in tracked() if path.startswith(f"functions/{name}/")] == [f"functions/{name}/main.py"]
    defined = [
        node for node in tree(folder / "main.py").body if not isinstance(node, ast.Import | ast.ImportFrom | ast.Expr)
    ]
    (handle,) = defined
    assert isinstance(handle, ast.FunctionDef), "functions-framework takes no coroutine"
    assert (handle.name, handle.decorator_list) == ("handle", [])
    assert len(handle.body) <= 5


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_imports_flask_bootstrap_and_the_web_layer_only(name: str) -> None:
    for module in imported(ROOT / "functions" / name / "main.py"):
        assert module in {"flask", "confsync"} or module.startswith("confsync.web.")
    names = {
        alias.name
        for node in ast.walk(tree(ROOT / "functions" / name / "main.py"))
        if isinstance(node, ast.ImportFrom) and node.module == "confsync"
        for alias in node.names
    }
    assert names == {"bootstrap"}


# --- imports ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted((CONFSYNC / "domain").rglob("*.py")), ids=lambda path: path.stem)
def test_the_domain_needs_the_standard_library_only(path: Path) -> None:
    """But for recurrence rules, telephone numbers and iCalendar, which nobody should write again."""
    libraries = {"recurrence.py": "dateutil", "telephone.py": "phonenumbers", "ics": "icalendar"}
    part, *_ = path.relative_to(CONFSYNC / "domain").parts
    allowed = {*sys.stdlib_module_names, "confsync", libraries.get(part, "")}
    assert {module.partition(".")[0] for module in imported(path)} <= allowed


def test_ports_need_the_standard_library_only() -> None:
    used = {module.partition(".")[0] for module in imported(CONFSYNC / "ports.py")}
    assert used <= {*sys.stdlib_module_names, "confsync"}


def test_what_is_imported_can_be_seen() -> None:
    """A module named by a string escapes every contract: only the registry of providers may do that."""
    hidden = [
        path.relative_to(CONFSYNC).as_posix()
        for path in CONFSYNC.rglob("*.py")
        for node in ast.walk(tree(path))
        if (isinstance(node, ast.Name) and node.id in {"import_module", "__import__"})
        or (isinstance(node, ast.Attribute) and node.attr == "import_module")
    ]
    assert set(hidden) == {"providers/__init__.py"}


def test_imports_are_absolute() -> None:
    relative = [path for path in CONFSYNC.rglob("*.py") for module in imported(path) if module.startswith(".")]
    assert relative == []


NOTIFICATION_PATH = """
import sys
from confsync import bootstrap
import confsync.adapters.access_token, confsync.adapters.cloud_tasks, confsync.adapters.system
import confsync.usecases.receive_notification, confsync.web.notifications
heavy = {"grpc", "google.auth", "google.cloud.firestore", "googleapiclient", "requests", "structlog"}
print(*sorted(heavy & sys.modules.keys()))
"""


def test_a_notification_loads_nothing_heavy() -> None:
    """In a process of its own, because the contract sees what is written, not what is loaded."""
    loaded = subprocess.run([sys.executable, "-c", NOTIFICATION_PATH], check=True, capture_output=True, text=True)
    assert loaded.stdout.split() == []


# --- providers -------------------------------------------------------------------------------------------------------


def provider_files(name: str) -> list[Path]:
    """The files of a provider: a module, or a package of some."""
    package = CONFSYNC / "providers" / name
    return sorted(package.glob("*.py")) or [package.with_suffix(".py")]


def test_every_provider_module_is_registered() -> None:
    found = [*(CONFSYNC / "providers").glob("*.py"), *(CONFSYNC / "providers").glob("*/")]
    shared = {"__init__", "__pycache__", "access"}
    assert {path.stem for path in found} - shared == set(providers.PROVIDERS)


@pytest.mark.parametrize(("name", "cls"), providers.PROVIDERS.items())
def test_the_registered_class_exists(name: str, cls: str) -> None:
    assert isinstance(getattr(import_module(f"confsync.providers.{name}"), cls), type)


@pytest.mark.parametrize("name", providers.PROVIDERS)
def test_every_provider_passes_the_contract(name: str) -> None:
    """With answers of its vendor, if it asks one."""
    suites = contract_suites(name)
    assert suites, f"tests/providers/test_{name}.py has no test class that subclasses ProviderContract"
    used = {module for path in provider_files(name) for module in imported(path)}
    if any(module.startswith("confsync.transport") for module in used):
        asks_when_joined = providers.vendor(name).capabilities.join_redirect
        assert asks_when_joined or any(issubclass(suite, RemoteProviderContract) for suite in suites)
        assert list((ROOT / "tests" / "providers" / "fixtures" / name).glob("*.json"))


def contract_suites(name: str) -> list[type]:
    """The classes that pytest collects from the provider's tests and that run the contract."""
    spec = util.spec_from_file_location(f"contract_of_{name}", ROOT / "tests" / "providers" / f"test_{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    classes = [each for each in vars(module).values() if isinstance(each, type)]
    return [each for each in classes if each.__name__.startswith("Test") and issubclass(each, ProviderContract)]


def test_the_providers_page_has_a_row_for_each() -> None:
    page = (CONFSYNC / "providers" / "README.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1].strip(" `") for line in page.splitlines() if line.startswith("| `")]
    assert sorted(rows) == sorted(providers.PROVIDERS)


def test_the_providers_page_says_how_long_each_grant_is_good_unused() -> None:
    page = (CONFSYNC / "providers" / "README.md").read_text(encoding="utf-8")
    logins = {providers.vendor(each).name: login for each in providers.PROVIDERS if (login := providers.login(each))}
    logins[google_login.NAME] = google_login.LOGIN
    table = page.partition("## People's own accounts\n")[2].partition("\n## ")[0]
    told = {title: int(days) for title, days in re.findall(r"^\| ([\w ]+?) \| [a-z: ]*(\d+) days", table, re.MULTILINE)}
    assert told == {title: (login.idle or UNKNOWN_LIFE).days for title, login in logins.items()}
