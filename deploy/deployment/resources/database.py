"""Firestore: the database, what is indexed in it, and what goes by itself."""

from collections.abc import Callable
from typing import Any

from confsync.adapters.firestore.due_index import SHARD, SHARDED_DUE_AT
from confsync.adapters.records import COLLECTIONS
from deployment.environment import Environment
from deployment.gcloud import Command, Query, command
from deployment.planning import Changes, Resource, State

QUERIED = {
    "calendars": ("due_at", "owner", "state"),
    "channels": ("due_at", "owner", "state"),
    "conferences": ("due_at", "host", "meeting_key", "state"),
    "connections": ("due_at", "owner", "state"),
    "links": ("calendar_key",),
}
"""The fields by which records are looked for; of several at once Firestore joins the indexes. All other fields are in
no index of their own: they hold long texts, and times that grow, which would bound how fast a collection can be written
to. https://cloud.google.com/firestore/docs/best-practices#indexes"""
COMPOSITE = {collection: (SHARD, SHARDED_DUE_AT) for collection, fields in QUERIED.items() if "due_at" in fields}
"""Fields of one index together, by collection: what is due, over shards. Every deployment has it, whatever its
`store.sharded`, so that the setting can be taken back."""
OWN_DATABASE = "confsync"
"""Databases whose names begin so are confsync's own, like everything else that is called so. Any other may hold records
of others: it is used, and never deleted."""
EXPIRING = ("budgets", "channels", "conferences", "hosts", "repeats")
"""Collections whose records have a time after which nobody needs them: `expire_at`."""


def database(environment: Environment) -> list[Resource]:
    """The database and its settings. Fields that are looked for come first: queries go on working meanwhile."""
    name = environment.settings.store.database
    fields = [(collection, field) for collection, fields in QUERIED.items() for field in fields]
    return [
        _database(environment.region, name),
        *(_indexed(name, collection, field, "ascending") for collection, field in fields),
        *(_indexed(name, collection, "*", "none") for collection in sorted(COLLECTIONS.values())),
        *(_expiring(name, collection) for collection in EXPIRING),
    ]


def shared(environment: Environment) -> str:
    """What people should know of a database that is not confsync's own; nothing if it is."""
    name = environment.settings.store.database
    if name.startswith(OWN_DATABASE):
        return ""
    collections = ", ".join(sorted(COLLECTIONS.values()))
    return (
        f"The database {name} may hold records of others, and is never deleted. In collections that are called\n"
        f"{collections}\n"
        f"fields are taken out of indexes, and records expire by expire_at. One of its own: store.database = "
        f'"{OWN_DATABASE}"'
    )


def composites(environment: Environment) -> list[Resource]:
    """Indexes of several fields. Firestore builds each for minutes, and is waited for: queries fail before."""
    return [_composite(environment.settings.store.database, *told) for told in COMPOSITE.items()]


def _database(region: str, name: str) -> Resource:
    place, own = f"--database={name}", name.startswith(OWN_DATABASE)

    def found(answer: Any) -> State | None:
        for each in answer:
            if each["name"].endswith(f"/databases/{name}"):
                protection = each.get("deleteProtectionState", "").rpartition("_")[2].lower()
                return {"type": each["type"], **({"delete protection": protection} if own else {})}
        return None

    def change(changes: Changes) -> tuple[Command, ...]:
        if "type" in changes:
            return ()
        return (command("firestore", "databases", "update", place, "--delete-protection"),)

    create = ("firestore", "databases", "create", place, f"--location={region}", "--type=firestore-native")
    return Resource(
        title=f"Firestore database {name}",
        why="calendars, conferences, links and connections are kept there",
        query=Query(api="firestore", arguments=("firestore", "databases", "list")),
        found=found,
        wanted={"type": "FIRESTORE_NATIVE", **({"delete protection": "enabled"} if own else {})},
        create=(command(*create, "--delete-protection"),),
        change=change,
        delete=(
            command("firestore", "databases", "update", place, "--no-delete-protection"),
            command("firestore", "databases", "delete", place),
        )
        if own
        else (),
        by_hand="this database is one of Datastore: choose another, by store.database",
        kept="without it nobody knows which meetings are ours",
    )


def _indexed(database: str, collection: str, field: str, index: str) -> Resource:
    flag = "--disable-indexes" if index == "none" else f"--index=order={index}"
    place = (field, f"--collection-group={collection}", f"--database={database}")
    update = command("firestore", "indexes", "fields", "update", *place, flag, "--async")
    every = "every other field" if field == "*" else field
    return Resource(
        title=f"index of {collection}: {every}",
        why="records are looked for by it" if index != "none" else "nobody looks for records by it",
        query=_fields_of(database),
        found=_field(collection, field, lambda each: {"index": _orders(each)}),
        wanted={"index": index},
        create=(update,),
        change=lambda _: (update,),
    )


def built(environment: Environment) -> list[Resource]:
    """That what records are looked for by is built: until then queries by it fail, or miss records."""
    query = _fields_of(environment.settings.store.database)
    wanted = {f"{collection} by {field}": "built" for collection, fields in QUERIED.items() for field in fields}

    def found(answer: Any) -> State:
        told = {"{5} by {7}".format(*each["name"].split("/")): _progress(each) for each in answer}
        return {name: told[name] for name in wanted if name in told}

    def ready(answer: Any) -> bool:
        return answer is not None and found(answer) == wanted

    wait = Command(arguments=query.arguments, until=ready)
    return [
        Resource(
            title="built indexes",
            why="Firestore takes minutes, or longer if there are many records; functions come after it",
            query=query,
            found=found,
            wanted=wanted,
            create=(wait,),
            change=lambda _: (wait,),
        )
    ]


def _fields_of(database: str) -> Query:
    return Query(api="firestore", arguments=("firestore", "indexes", "fields", "list", f"--database={database}"))


def _progress(field: Any) -> str:
    states = {each.get("state") for each in field.get("indexConfig", {}).get("indexes", [])}
    return "built" if states == {"READY"} else "broken" if "NEEDS_REPAIR" in states else "being built"


def _composite(database: str, collection: str, fields: tuple[str, ...]) -> Resource:
    place = f"--database={database}"
    flags = (f"--field-config=field-path={field},order=ascending" for field in fields)

    def found(answer: Any) -> State | None:
        those = (each for each in answer if f"/collectionGroups/{collection}/indexes/" in each["name"])
        return next(({"index": _built(each)} for each in those if _fields(each) == fields), None)

    return Resource(
        title=f"index of {collection}: {' and '.join(fields)}",
        why="what is due is looked for by it",
        query=Query(api="firestore", arguments=("firestore", "indexes", "composite", "list", place)),
        found=found,
        wanted={"index": "ready"},
        create=(
            command("firestore", "indexes", "composite", "create", f"--collection-group={collection}", *flags, place),
        ),
        by_hand=f"until it is ready sweeps fail; how far it is:\ngcloud firestore operations list {place}",
    )


def _expiring(database: str, collection: str) -> Resource:
    place = ("expire_at", f"--collection-group={collection}", f"--database={database}")
    update = command("firestore", "fields", "ttls", "update", *place, "--enable-ttl", "--async")
    return Resource(
        title=f"expiry of {collection}",
        why="Firestore removes records that nobody needs any more",
        query=Query(api="firestore", arguments=("firestore", "fields", "ttls", "list", f"--database={database}")),
        found=_field(collection, "expire_at", lambda each: {"expiry": _repaired(each["ttlConfig"])}),
        wanted={"expiry": "on"},
        create=(update,),
        change=lambda _: (update,),
    )


def _field(collection: str, field: str, state: Callable[[Any], State]) -> Callable[[Any], State | None]:
    ending = f"/collectionGroups/{collection}/fields/{field}"

    def found(answer: Any) -> State | None:
        return next((state(each) for each in answer if each["name"].endswith(ending)), None)

    return found


def _fields(index: Any) -> tuple[str, ...]:
    """https://cloud.google.com/firestore/docs/reference/rest/v1/projects.databases.collectionGroups.indexes"""
    return tuple(each["fieldPath"] for each in index["fields"] if each["fieldPath"] != "__name__")


def _built(index: Any) -> str:
    return {"READY": "ready", "CREATING": "being built"}.get(index.get("state"), "broken")


def _orders(field: Any) -> str:
    """https://cloud.google.com/firestore/docs/reference/rest/v1beta2/projects.databases.collectionGroups.fields"""
    indexes = field.get("indexConfig", {}).get("indexes", [])
    orders = (each["fields"][0].get("order", "contains").lower() for each in indexes)
    return ", ".join(sorted(orders)) or "none"


def _repaired(ttl: Any) -> str:
    return "broken" if ttl.get("state") == "NEEDS_REPAIR" else "on"
