"""The machine tells nothing while it runs: what its thousands of stories log is many times what anybody could read."""

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def silence() -> Iterator[None]:
    """One story is told call by call: `python -m tests.simulation`."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    yield
    structlog.reset_defaults()
