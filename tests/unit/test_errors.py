"""The tree of errors."""

import inspect
import re

from confsync.domain import errors

TREE = {
    name: kind
    for name, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, Exception) and kind.__module__ == errors.__name__
}


def test_all_errors_are_in_one_tree_and_each_says_what_it_is() -> None:
    assert all(issubclass(kind, errors.ConfsyncError) for kind in TREE.values())
    assert all(kind.__doc__ for kind in TREE.values())


def test_the_tree_is_drawn_as_it_is() -> None:
    drawn = re.findall(r"^    (.*?)([A-Z]\w+)", errors.__doc__ or "", re.MULTILINE)
    assert {name for _, name in drawn} == set(TREE)
    services = {name for branch, name in drawn if branch.startswith("   ")}
    assert services == {n for n, k in TREE.items() if issubclass(k, errors.ServiceError)} - {"ServiceError"}


def test_a_service_error_says_which_service_and_status() -> None:
    error = errors.NotFound("no such meeting", service="zoom", status=404)
    assert (str(error), error.service, error.status) == ("no such meeting", "zoom", 404)
    assert isinstance(error, LookupError)
