"""A deployment, from nothing to taken down, in a project that a gcloud of our own keeps."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import Event

import msgspec
import pytest

from deployment import DeployError, applying
from deployment.applying import apply, planned
from deployment.environment import Environment
from deployment.gcloud import Gcloud, Result
from deployment.planning import Planned, Verb, demolition
from deployment.report import by_hand_lines, plan_lines, steps_of
from deployment.resources import stages
from deployment.resources.functions import serving
from deployment.rollback import rollbacks
from deployment.source import Source
from tests.deploy.fake_gcloud import Cloud
from tests.deploy.projects import deploy, gcloud_of, todo

KINDS = ("accounts", "services", "jobs", "addons", "databases", "secrets", "queues")
KINDS += ("metrics", "dashboards", "channels", "alerts")
LATER = Source(build="ba9876543210", manifest='{"oauthScopes": [], "addOns": {"common": {"name": "other"}}}')


def titles(plan: list[Planned], *verbs: Verb) -> list[str]:
    return [step.resource.title for step in steps_of(plan) if step.commands and (not verbs or step.verb in verbs)]


def test_everything_is_made_once_and_then_there_is_nothing_to_do(
    environment: Environment, source: Source, fake: Gcloud, cloud: Cloud
) -> None:
    said = deploy(environment, source, fake)
    assert said[-1].startswith(f"[{len([line for line in said if line.startswith('[')])}/")
    assert titles(todo(environment, source, fake)) == []
    before = len(cloud.changes)
    deploy(environment, source, fake)
    assert len(cloud.changes) == before


def test_what_only_people_have_is_left_to_them(environment: Environment, source: Source, fake: Gcloud) -> None:
    deploy(environment, source, fake)
    left = todo(environment, source, fake)
    secrets = [each.secret for each in environment.settings.solutions.values()]
    assert [step.resource.title for step in steps_of(left)] == [f"value of {name}" for name in secrets]
    lines = "\n".join(by_hand_lines(left))
    assert "gcloud secrets versions add confsync-zoom --data-file=- --project=example-project" in lines


def test_our_own_keys_are_made_of_randomness_that_nobody_sees(
    environment: Environment, source: Source, fake: Gcloud, cloud: Cloud
) -> None:
    said = "\n".join([*deploy(environment, source, fake), *plan_lines(todo(environment, source, fake), "p")])
    keys = {name: each["versions"] for name, each in cloud.state["secrets"].items() if each["versions"]}
    assert keys.keys() == {"confsync-channel-keys", "confsync-join-keys", "confsync-connection-keys"}
    values = [value for versions in keys.values() for value in versions]
    assert len(set(values)) == 3
    arguments = "\n".join(argument for change in cloud.changes for argument in change)
    assert not [value for value in values if value in said or value in arguments or len(value) != 44]


def places(changes: Sequence[Sequence[str]]) -> list[int]:
    """Where to fail: at the first and the last of each kind of change, whatever it is named."""
    kinds = [tuple(words[1:3]) + tuple({"create", "deploy", "update", "delete"} & {*words}) for words in changes]
    return sorted({kinds.index(each) for each in kinds} | {len(kinds) - 1 - kinds[::-1].index(each) for each in kinds})


@pytest.mark.parametrize("lost", [False, True])
def test_a_deployment_that_fails_anywhere_goes_on_there(environment: Environment, source: Source, lost: bool) -> None:
    """Whether the change was made or not when gcloud failed."""
    whole = Cloud()
    deploy(environment, source, gcloud_of(whole))
    for fails_at in places(whole.changes):
        cloud = Cloud(fails_at=fails_at, lost=lost)
        with pytest.raises(DeployError, match=r"step \d+ of \d+, .+, failed"):
            deploy(environment, source, gcloud_of(cloud))
        cloud.fails_at = None
        deploy(environment, source, gcloud_of(cloud))
        assert titles(todo(environment, source, gcloud_of(cloud))) == []
        assert policies(cloud) == policies(whole)


def test_what_is_interrupted_begins_nothing_more(
    environment: Environment, source: Source, fake: Gcloud, cloud: Cloud
) -> None:
    """As Ctrl-C does, in the middle of a stage of many steps."""
    begun: list[Sequence[str]] = []
    interrupted = Event()

    class Stopped(Event):
        def set(self) -> None:
            super().set()
            interrupted.set()

    def run(arguments: Sequence[str], stdin: str | None) -> Result:
        if arguments[1:3] == ["firestore", "indexes"] and "update" in arguments:
            begun.append(arguments)
            if len(begun) == 2:
                interrupted.wait(10)
        return fake.run(arguments, stdin)

    def say(line: str) -> None:
        if "index of" in line:
            raise KeyboardInterrupt

    gcloud = replace(fake, run=run, stopped=Stopped())
    with pytest.raises(KeyboardInterrupt):
        apply(gcloud, todo(environment, source, gcloud), say)
    assert len(begun) <= 2  # the first, and the one that had begun when it was told
    assert not cloud.state["secrets"]


def test_of_what_takes_long_it_is_told_that_it_is_at_work(
    environment: Environment, source: Source, fake: Gcloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(applying, "QUIET", 0)
    finished, said = Event(), list[str]()

    def run(arguments: Sequence[str], stdin: str | None) -> Result:
        if arguments[1:3] == ["services", "enable"]:
            finished.wait(60)
        return fake.run(arguments, stdin)

    def say(line: str) -> None:
        said.append(line)
        if line == "  at work: APIs":
            finished.set()

    apply(replace(fake, run=run), todo(environment, source, fake)[:1], say)
    assert finished.is_set()
    assert said[-1].startswith("[1/1] change APIs")


def policies(cloud: Cloud) -> dict[str, dict[str, set[str]]]:
    told = cloud.state["policies"].items()
    return {target: {role: set(who) for role, who in roles.items() if who} for target, roles in told}


def settings_with(environment: Environment, **sections: dict[str, object]) -> Environment:
    settings = environment.settings
    changed = {name: msgspec.structs.replace(getattr(settings, name), **keys) for name, keys in sections.items()}
    return replace(environment, settings=msgspec.structs.replace(settings, **changed))


def table_with(environment: Environment, function: str, **keys: object) -> Environment:
    functions = environment.table.functions
    changed = {**functions, function: msgspec.structs.replace(functions[function], **keys)}
    return replace(environment, table=msgspec.structs.replace(environment.table, functions=changed))


def faster_queue(environment: Environment) -> Environment:
    queue = msgspec.structs.replace(environment.table.queue, max_attempts=3)
    return replace(environment, table=msgspec.structs.replace(environment.table, queue=queue))


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        (lambda each: table_with(each, "join", memory="1Gi"), ["function confsync-join"]),
        (faster_queue, ["queue confsync"]),
        (
            lambda each: table_with(each, "sync_calendar", uses=("records", "queue")),
            ["roles on service account confsync-calendars"],
        ),
    ],
    ids=["memory", "queue", "a use less"],
)
def test_a_change_of_the_configuration_changes_what_it_is_about(
    environment: Environment,
    source: Source,
    fake: Gcloud,
    change: Callable[[Environment], Environment],
    changed: list[str],
) -> None:
    deploy(environment, source, fake)
    later = change(environment)
    assert titles(todo(later, source, fake)) == changed
    deploy(later, source, fake)
    assert titles(todo(later, source, fake)) == []


def test_a_function_that_is_not_needed_any_more_goes_with_its_roles(
    environment: Environment, source: Source, fake: Gcloud, cloud: Cloud
) -> None:
    deploy(environment, source, fake)
    later = settings_with(environment, join={"url": None})
    assert titles(todo(later, source, fake), Verb.DELETE) == ["function confsync-join"]
    deploy(later, source, fake)
    assert titles(todo(later, source, fake)) == []
    member = f"serviceAccount:{environment.account('confsync-join')}"
    assert not [target for target, roles in policies(cloud).items() if any(member in who for who in roles.values())]


def test_the_number_of_queues_can_change(environment: Environment, source: Source, fake: Gcloud, cloud: Cloud) -> None:
    """More are made before anything creates tasks in them; fewer leave those that there were, and what is in them."""
    deploy(environment, source, fake)
    several = settings_with(environment, queue={"number": 3})
    more = ["queue confsync-2", "queue confsync-3"]
    assert titles(todo(several, source, fake)) == [*more, *(f"roles on {each}" for each in more)]
    deploy(several, source, fake)
    assert titles(todo(several, source, fake)) == []
    assert titles(todo(environment, source, fake)) == []
    assert {*cloud.state["queues"]} == {"confsync", "confsync-2", "confsync-3"}


def test_a_role_that_is_not_ours_to_have_is_taken_back(
    environment: Environment, source: Source, fake: Gcloud, cloud: Cloud
) -> None:
    deploy(environment, source, fake)
    account = "serviceAccount:confsync-notifications@example-project.iam.gserviceaccount.com"
    stranger = "user:owner@example.com"
    cloud.state["policies"]["projects/example-project"]["roles/editor"] = [account, stranger]
    assert titles(todo(environment, source, fake)) == ["roles on the project"]
    deploy(environment, source, fake)
    assert cloud.state["policies"]["projects/example-project"]["roles/editor"] == [stranger]


def test_new_source_deploys_every_function_and_nothing_else(
    environment: Environment, source: Source, fake: Gcloud
) -> None:
    deploy(environment, source, fake)
    plan = todo(environment, replace(source, build=LATER.build), fake)
    assert [stage.title for stage in plan if any(step.commands for step in stage.steps)] == ["functions"]
    changes = {name for step in steps_of(plan) for name in step.changes}
    assert changes == {"CONFSYNC_BUILD"}


def test_another_manifest_replaces_the_add_on(environment: Environment, source: Source, fake: Gcloud) -> None:
    deploy(environment, source, fake)
    plan = todo(environment, replace(source, manifest=LATER.manifest), fake)
    assert titles(plan, Verb.CHANGE) == ["add-on confsync"]
    deploy(environment, replace(source, manifest=LATER.manifest), fake)
    assert titles(todo(environment, replace(source, manifest=LATER.manifest), fake)) == []


def test_rolled_back_functions_stay_so_until_the_next_deployment(
    environment: Environment, source: Source, fake: Gcloud, cloud: Cloud
) -> None:
    deploy(environment, source, fake)
    with pytest.raises(DeployError, match="there is no release before this one"):
        list(rollbacks(environment, fake, ["join"]))
    deploy(environment, LATER, fake)
    roll_back(environment, fake)
    served = {name: each["spec"]["traffic"] for name, each in cloud.state["services"].items()}
    assert served == {name: [{"revisionName": f"{name}-00001-abc", "percent": 100}] for name in served}
    plan = todo(environment, LATER, fake)
    assert titles(plan) == [f"traffic of {environment.service(name)}" for name in environment.functions]
    deploy(environment, LATER, fake)
    assert titles(todo(environment, LATER, fake)) == []


def roll_back(environment: Environment, gcloud: Gcloud, *names: str) -> list[str]:
    """What was said."""
    told = list(rollbacks(environment, gcloud, names or list(environment.functions)))
    for command in (command for _, command in told if command):
        gcloud.do(command)
    return [words for words, _ in told]


def served(environment: Environment, cloud: Cloud) -> dict[str, int]:
    """The number of the revision that gets each function's requests."""
    names = {name: cloud.state["services"][environment.service(name)] for name in environment.functions}
    revisions = {name: serving(each) or each["status"]["latestReadyRevisionName"] for name, each in names.items()}
    return {name: int(each.removesuffix("-abc").rpartition("-")[2]) for name, each in revisions.items()}


def test_a_rollback_undoes_the_last_deployment_and_nothing_else(
    environment: Environment, source: Source, fake: Gcloud, cloud: Cloud
) -> None:
    """Functions of two sources never work on the same records because of it."""
    deploy(environment, source, fake)
    deploy(environment, LATER, fake)
    deploy(table_with(environment, "sync_calendar", memory="1Gi"), LATER, fake)
    assert served(environment, cloud) == {name: 2 + (name == "sync_calendar") for name in environment.functions}
    said = roll_back(environment, fake)
    assert set(served(environment, cloud).values()) == {2}
    assert "confsync-join: confsync-join-00002-abc stays, the last release did not touch it" in said
    roll_back(environment, fake)
    assert set(served(environment, cloud).values()) == {1}


def test_a_deployment_that_failed_midway_is_passed_over(environment: Environment, source: Source) -> None:
    """What replaced it goes back to the source that all functions had."""
    cloud = Cloud()
    fake = gcloud_of(cloud)
    deploy(environment, source, fake)
    cloud.fails_at = len(cloud.changes) + 2
    with pytest.raises(DeployError):
        deploy(environment, replace(source, build="1"), fake)
    cloud.fails_at = None
    deploy(environment, replace(source, build="2"), fake)
    assert set(served(environment, cloud).values()) == {2, 3}
    roll_back(environment, fake)
    assert set(served(environment, cloud).values()) == {1}


def test_a_deployment_that_failed_midway_can_be_undone(environment: Environment, source: Source) -> None:
    cloud = Cloud()
    fake = gcloud_of(cloud)
    deploy(environment, source, fake)
    cloud.fails_at = len(cloud.changes) + 2
    with pytest.raises(DeployError):
        deploy(environment, LATER, fake)
    assert set(served(environment, cloud).values()) == {1, 2}
    roll_back(environment, fake)
    assert set(served(environment, cloud).values()) == {1}


def test_the_same_release_again_is_told_from_what_was_untouched_since(
    environment: Environment, source: Source, fake: Gcloud, cloud: Cloud
) -> None:
    deploy(environment, source, fake)
    deploy(table_with(environment, "sync_calendar", memory="1Gi"), source, fake)
    deploy(environment, source, fake)
    roll_back(environment, fake)
    assert served(environment, cloud) == {name: 1 + (name == "sync_calendar") for name in environment.functions}


def test_a_function_that_is_new_in_a_release_does_not_keep_the_others_from_going_back(
    environment: Environment, source: Source, fake: Gcloud, cloud: Cloud
) -> None:
    deploy(settings_with(environment, join={"url": None}), source, fake)
    deploy(environment, LATER, fake)
    assert "confsync-join: it is new in this release, and stays" in roll_back(environment, fake)
    assert served(environment, cloud) == dict.fromkeys(environment.functions, 1)


def test_functions_that_are_named_go_back_by_themselves(
    environment: Environment, source: Source, fake: Gcloud, cloud: Cloud
) -> None:
    deploy(environment, source, fake)
    deploy(environment, LATER, fake)
    roll_back(environment, fake, "join")
    assert served(environment, cloud) == {name: 1 if name == "join" else 2 for name in environment.functions}


def test_data_outlives_a_deployment(environment: Environment, source: Source, fake: Gcloud, cloud: Cloud) -> None:
    deploy(environment, source, fake)
    apply(fake, planned(fake, demolition(stages(environment, source), everything=False)), lambda _: None)
    assert {kind for kind in KINDS if cloud.state[kind]} == {"databases", "secrets", "queues"}
    assert not any(policies(cloud).values())
    assert cloud.state["queues"]["confsync"]["state"] == "PAUSED"  # its tasks would go on calling what is gone
    assert planned(fake, demolition(stages(environment, source), everything=False)) == []
    deploy(environment, source, fake)
    assert titles(todo(environment, source, fake)) == []
    assert cloud.state["queues"]["confsync"]["state"] == "RUNNING"


def test_a_queue_that_was_paused_by_hand_is_resumed(
    environment: Environment, source: Source, fake: Gcloud, cloud: Cloud
) -> None:
    deploy(environment, source, fake)
    cloud.state["queues"]["confsync"]["state"] = "PAUSED"
    before = len(cloud.changes)
    deploy(environment, source, fake)
    (change,) = cloud.changes[before:]
    assert change[:4] == ["tasks", "queues", "resume", "confsync"]


def taken_down(environment: Environment, source: Source, gcloud: Gcloud) -> None:
    apply(gcloud, planned(gcloud, demolition(stages(environment, source), everything=True)), lambda _: None)


@pytest.mark.parametrize("lost", [False, True])
def test_what_fails_anywhere_while_it_is_taken_down_goes_on_there(
    environment: Environment, source: Source, lost: bool
) -> None:
    """Nothing is made meanwhile, and no door is opened."""
    whole = Cloud()
    deploy(environment, source, gcloud_of(whole))
    deployed, before = copy.deepcopy(whole.state), len(whole.changes)
    taken_down(environment, source, gcloud_of(whole))
    for fails_at in places(whole.changes[before:]):
        cloud = Cloud(state=copy.deepcopy(deployed), fails_at=fails_at, lost=lost)
        with pytest.raises(DeployError, match=r"step \d+ of \d+, .+, failed"):
            taken_down(environment, source, gcloud_of(cloud))
        cloud.fails_at = None
        taken_down(environment, source, gcloud_of(cloud))
        assert not [kind for kind in KINDS if cloud.state[kind]]
        made = [each for each in cloud.changes if not {"create", "deploy", "add-iam-policy-binding"}.isdisjoint(each)]
        assert made == []


def test_of_nothing_there_is_nothing_to_take_down(environment: Environment, source: Source, fake: Gcloud) -> None:
    down = demolition(stages(environment, source), everything=True)
    assert planned(fake, down) == []


def test_rolled_back_functions_are_taken_down_as_they_are(
    environment: Environment, source: Source, fake: Gcloud, cloud: Cloud
) -> None:
    deploy(environment, source, fake)
    cloud.state["services"]["confsync-join"]["spec"]["traffic"] = [{"revisionName": "older", "percent": 100}]
    steps = steps_of(planned(fake, demolition(stages(environment, source), everything=True)))
    assert not [step.resource.title for step in steps if step.resource.title.startswith("traffic")]


def test_everything_goes_if_that_is_asked_for(
    environment: Environment, source: Source, fake: Gcloud, cloud: Cloud
) -> None:
    deploy(environment, source, fake)
    apply(fake, planned(fake, demolition(stages(environment, source), everything=True)), lambda _: None)
    assert not [kind for kind in KINDS if cloud.state[kind]]


def test_a_function_that_does_not_start_is_deployed_again(
    environment: Environment, source: Source, fake: Gcloud, cloud: Cloud
) -> None:
    deploy(environment, source, fake)
    broken = [{"type": "Ready", "status": "False", "message": "it did not listen"}]
    cloud.state["services"]["confsync-join"]["status"]["conditions"] = broken
    plan = todo(environment, source, fake)
    assert titles(plan) == ["function confsync-join"]
    assert "state: not ready: it did not listen -> ready" in "\n".join(plan_lines(plan, "p"))


@pytest.mark.parametrize("tool", ["functions", "run"])
def test_either_way_of_deploying_makes_the_same(environment: Environment, source: Source, tool: str) -> None:
    table = msgspec.structs.replace(environment.table, deploy_with=tool)
    cloud = Cloud()
    deploy(replace(environment, table=table), source, gcloud_of(cloud))
    sources = ["roles on the project"] if tool == "run" else []  # Google uploads them into another bucket
    assert titles(todo(environment, source, gcloud_of(cloud))) == sources


def test_another_caller_for_calendar_is_told(environment: Environment, source: Source, fake: Gcloud) -> None:
    deploy(environment, source, fake)
    callers = environment.settings.callers
    other = msgspec.structs.replace(callers["create_conference"], clients=("other.apps.googleusercontent.com",))
    settings = msgspec.structs.replace(environment.settings, callers={**callers, "create_conference": other})
    steps = steps_of(todo(replace(environment, settings=settings), source, fake))
    told = next(step for step in steps if step.resource.title == "caller for Calendar")
    assert list(told.changes) == ["client"]
    assert "gcloud workspace-add-ons get-authorization" in told.by_hand
