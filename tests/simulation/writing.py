"""What an application does through the API, one deed at a time (see `scenarios`, which are people's)."""

from collections.abc import Callable

from tests.simulation.application import BY_HAND, MEET, copied_from, made_with
from tests.simulation.cloud import ANN, Cloud
from tests.simulation.scenarios import Deed, Scenario, nothing, saved
from tests.simulation.vendor import REFUSED

ZOOM, JITSI = made_with("zoom"), made_with("jitsi")


def followed(cloud: Cloud) -> None:
    """Ann's calendar is, and her event has no conference."""
    saved(cloud)
    cloud.ann.insert("e2", title="Plain")
    cloud.follow()


def stripping(cloud: Cloud) -> None:
    """Google takes conferences from us, and leaves them out."""
    followed(cloud)
    cloud.google.writes = "strip"


def refusing(cloud: Cloud) -> None:
    followed(cloud)
    cloud.google.writes = "refuse"


def create(cloud: Cloud) -> None:
    cloud.run(cloud.application.create("key", ZOOM, ANN))


def create_at_once(cloud: Cloud) -> None:
    """It repeats the request as soon as it fails."""
    cloud.on_trouble.append(lambda: create(cloud))
    create(cloud)


def create_refused(cloud: Cloud) -> None:
    """With a title that the vendor never takes."""
    cloud.run(cloud.application.create("key", ZOOM, ANN, title=REFUSED))


def change(event_id: str, wanted: object, **fields: object) -> Deed:
    return lambda cloud: cloud.run(cloud.application.change("change", event_id, wanted, ANN, **fields))  # type: ignore[arg-type]


def delete(cloud: Cloud) -> None:
    cloud.run(cloud.application.delete("delete", "e1", ANN))


def copy(cloud: Cloud) -> None:
    """The conference of Ann's event on another one, and then hers goes."""
    cloud.run(cloud.application.create("copy", copied_from("e1", ANN), ANN, title="Other"))
    cloud.follow()
    delete(cloud)


def copy_again(cloud: Cloud) -> None:
    if "copy" not in cloud.application.over:
        cloud.run(cloud.application.create("copy", copied_from("e1", ANN), ANN, title="Other"))
        cloud.follow()
    until_over("delete", delete)(cloud)


def until_over(name: str, deed: Deed) -> Callable[[Cloud], None]:
    """It repeats the request until that is well done, or refused for good."""

    def insist(cloud: Cloud) -> None:
        for _ in range(3):
            if name not in cloud.application.over:
                deed(cloud)
                cloud.follow()

    return insist


def scenario(prepare: Deed, act: Deed, meetings: list[str], calls: dict[str, int], repeat: str = "") -> Scenario:
    insist = until_over(repeat, act) if repeat else None
    return Scenario(prepare=prepare, act=act, insist=insist, meetings=meetings, calls=calls)


CREATE, SWITCH = {"create": 1}, {"create": 1, "delete": 1}
PUT, RENAME_AND_PUT = change("e2", ZOOM), change("e2", ZOOM, summary="Retro")

SCENARIOS = {
    "application: create, and repeat": scenario(nothing, create, ["Standup"], CREATE, "key"),
    "application: create, repeat at once": scenario(nothing, create_at_once, ["Standup"], CREATE, "key"),
    "application: create, and give up": scenario(nothing, create, ["Standup"], CREATE),
    "application: create as text": scenario(stripping, create, ["Standup", "Standup"], CREATE, "key"),
    "application: create as text, and give up": scenario(stripping, create, ["Standup", "Standup"], CREATE),
    "application: create where conferences are refused": scenario(
        refusing, create, ["Standup", "Standup"], CREATE, "key"
    ),
    "application: create what the vendor refuses": scenario(followed, create_refused, ["Standup"], {}),
    "application: add, and repeat": scenario(followed, RENAME_AND_PUT, ["Retro", "Standup"], CREATE, "change"),
    "application: add, and give up": scenario(followed, PUT, ["Plain", "Standup"], CREATE),
    "application: add as text, and give up": scenario(stripping, PUT, ["Plain", "Standup"], CREATE),
    "application: switch, and repeat": scenario(saved, change("e1", JITSI), ["Standup"], SWITCH, "change"),
    "application: switch, and give up": scenario(saved, change("e1", JITSI), ["Standup"], SWITCH),
    "application: copy, and delete the original": Scenario(
        prepare=saved, act=copy, insist=copy_again, meetings=["Other"], calls={"update": 1}
    ),
    "application: remove the conference": scenario(saved, change("e1", None), [], {"delete": 1}, "change"),
    "application: replace by Meet": scenario(saved, change("e1", MEET), [], {"delete": 1}, "change"),
    "application: replace by hand": scenario(saved, change("e1", BY_HAND), [], {"delete": 1}, "change"),
    "application: delete": scenario(saved, delete, [], {"delete": 1}, "delete"),
}
