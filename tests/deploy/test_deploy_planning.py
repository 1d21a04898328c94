"""From what is wanted and what is there to what has to be done."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployment.environment import Environment
from deployment.gcloud import Query, command
from deployment.planning import Resource, Stage, State, Verb, demolition, differences, plan, step
from deployment.resources import stages
from deployment.source import Source

QUERY = Query(arguments=("things", "list"))
CREATE, CHANGE, DELETE = command("create"), command("change"), command("delete")
STATES = st.dictionaries(st.sampled_from("abc"), st.sampled_from("xyz"))


def thing(wanted: State | None, **keys: Any) -> Resource:
    """A resource whose answer is its state."""
    made = {"create": (CREATE,), "change": lambda _: (CHANGE,), "delete": (DELETE,), **keys}
    return Resource(title="thing", why="why", query=QUERY, found=lambda answer: answer or None, wanted=wanted, **made)


@pytest.mark.parametrize(
    ("wanted", "there", "verb", "commands"),
    [
        ({"a": "x"}, None, Verb.CREATE, (CREATE,)),
        ({"a": "x"}, {}, Verb.CREATE, (CREATE,)),
        ({"a": "x"}, {"a": "y"}, Verb.CHANGE, (CHANGE,)),
        ({"a": "x"}, {"a": "x", "b": "y"}, Verb.CHANGE, (CHANGE,)),
        (None, {"a": "x"}, Verb.DELETE, (DELETE,)),
    ],
)
def test_a_step_brings_about_what_is_wanted(wanted: State | None, there: Any, verb: Verb, commands: Any) -> None:
    todo = step(thing(wanted), there)
    assert todo is not None
    assert (todo.verb, todo.commands) == (verb, commands)


@pytest.mark.parametrize(
    ("resource", "there"),
    [
        (thing({"a": "x"}), {"a": "x"}),
        (thing(None), None),
        (thing(None), {}),
        (thing({"a": "x"}, create=()), None),
        (thing({"a": "x"}, without={}, delete=(), by_hand="go there").gone(), None),
    ],
    ids=["as wanted", "not wanted, no answer", "not wanted, not there", "comes with something else", "gone already"],
)
def test_what_is_as_it_should_be_needs_no_step(resource: Resource, there: Any) -> None:
    assert step(resource, there) is None


def test_what_gcloud_cannot_do_is_left_to_people() -> None:
    todo = step(thing({"a": "x"}, create=(), by_hand="go there"), None)
    assert todo is not None
    assert (todo.commands, todo.by_hand) == ((), "go there")
    done = step(thing({"a": "x"}, by_hand="go there"), None)
    assert done is not None
    assert done.by_hand == ""


@given(STATES, STATES)
def test_the_differences_are_exactly_what_turns_one_state_into_the_other(there: State, wanted: State) -> None:
    changes = differences(there, wanted)
    turned = {**there, **{name: each.new for name, each in changes.items()}}
    assert {name: value for name, value in turned.items() if value is not None} == wanted
    assert all(each.old == there.get(name) and each.old != each.new for name, each in changes.items())


def test_a_stage_without_steps_is_left_out() -> None:
    well, missing = thing({"a": "x"}), thing({"a": "y"})
    told = [Stage(title="one", resources=(well,), at_once=1), Stage(title="two", resources=(missing,), at_once=4)]
    planned = plan(told, {QUERY: {"a": "x"}})
    assert [(each.title, each.at_once, len(each.steps)) for each in planned] == [("two", 4, 1)]


def test_what_is_made_last_is_taken_down_first_and_what_is_kept_stays() -> None:
    first, second, kept = thing({"a": "x"}), thing({"a": "x"}), thing({"a": "x"}, kept="it is data")
    told = [Stage(title="one", resources=(first, kept), at_once=1), Stage(title="two", resources=(second,), at_once=1)]
    down = demolition(told, everything=False)
    assert [each.title for each in down] == ["two", "one"]
    answers = {QUERY: {"a": "x"}}
    assert [len(each.steps) for each in plan(down, answers)] == [1, 1]
    assert [len(each.steps) for each in plan(demolition(told, everything=True), answers)] == [1, 2]


def test_what_is_kept_can_be_changed_when_everything_else_goes() -> None:
    kept = thing({"a": "x"}, kept="it is data", without={"a": "y"})
    told = [Stage(title="one", resources=(kept,), at_once=1)]
    for everything, verb in ((False, Verb.CHANGE), (True, Verb.DELETE)):
        (stage,) = plan(demolition(told, everything=everything), {QUERY: {"a": "x"}})
        assert [each.verb for each in stage.steps] == [verb]
        assert plan(demolition(told, everything=everything), {QUERY: None}) == []


def test_titles_tell_resources_apart(environment: Environment, source: Source) -> None:
    titles = [resource.title for stage in stages(environment, source) for resource in stage.resources]
    assert len(titles) == len(set(titles))
    assert all(resource.why for stage in stages(environment, source) for resource in stage.resources)
