"""Work for later: what the queue does not take is left to the sweep, which finds whatever is due."""

from collections.abc import Callable

import structlog

from confsync.domain.errors import ServiceError

log = structlog.get_logger()


def queued(enqueue: Callable[[str], None], key: str) -> None:
    """Have the queue take it. That it refuses is logged, and no harm: the record with this key is due."""
    try:
        enqueue(key)
    except ServiceError as error:
        log.warning("the queue did not take a task; left to the sweep", key=key, error=str(error))
