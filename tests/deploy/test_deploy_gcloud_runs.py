"""How gcloud is asked and told: what isn't there, what has to settle, what is an error."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from deployment import DeployError
from deployment.gcloud import BETWEEN, LOOKS, PAUSES, Command, Gcloud, Query, Result, command, run
from tests.deploy.projects import Hurry

THINGS = Query(arguments=("things", "list"))


def answering(*results: Result) -> tuple[Gcloud, list[tuple[Sequence[str], str | None]], list[float]]:
    """gcloud that says this, then the last of it again; its calls; how long was waited."""
    calls: list[tuple[Sequence[str], str | None]] = []
    patience = Hurry()

    def run(arguments: Sequence[str], stdin: str | None) -> Result:
        calls.append((arguments, stdin))
        return results[min(len(calls), len(results)) - 1]

    return Gcloud(project="p", run=run, stopped=patience), calls, patience.waited


def said(err: str, code: int = 1) -> Result:
    return Result(code=code, out="", err=err)


FINE = Result(code=0, out="[1]", err="")


def test_a_question_is_put_to_the_project_as_json() -> None:
    gcloud, calls, _ = answering(FINE)
    assert gcloud.ask(THINGS) == [1]
    assert calls == [(["gcloud", "things", "list", "--project=p", "--quiet", "--format=json"], None)]


NOT_THERE = [
    "NOT_FOUND: Requested entity was not found.",
    "instance [confsync] not found",
    "PERMISSION_DENIED: Permission 'iam.serviceAccounts.getIamPolicy' denied on resource (or it may not exist).",
]


@pytest.mark.parametrize("words", NOT_THERE)
def test_what_is_not_there_is_no_error(words: str) -> None:
    assert answering(said(words))[0].ask(THINGS) is None


@pytest.mark.parametrize(
    "words",
    [
        "PERMISSION_DENIED: no",
        "PERMISSION_DENIED: Permission 'run.services.list' denied on resource 'projects/p' (or it may not exist).",
        "[eve@example.com] does not have permission to access projects instance [p] (or it may not exist).",
    ],
)
def test_what_is_not_ours_to_see_is_not_taken_for_what_is_not_there(words: str) -> None:
    gcloud, calls, _ = answering(said(words), Result(code=0, out="eve@example.com\n", err=""))
    with pytest.raises(DeployError) as error:
        gcloud.ask(THINGS)
    told = str(error.value)
    assert told.startswith(f"gcloud things list --project=p --quiet --format=json\nended with 1:\n{words}\n")
    assert "eve@example.com may not do this, or there is no project p" in told
    assert len(calls) == 2


def test_another_refusal_is_told_in_gclouds_words() -> None:
    with pytest.raises(DeployError, match=r"gcloud things list .*\n.*\nINVALID_ARGUMENT: no$"):
        answering(said("INVALID_ARGUMENT: no"))[0].ask(THINGS)


def test_an_answer_that_is_no_json_is_told() -> None:
    with pytest.raises(DeployError, match="said what is no JSON: Updates are available"):
        answering(Result(code=0, out="Updates are available", err=""))[0].ask(THINGS)


def test_without_a_project_gcloud_says_its_own() -> None:
    """With the flag, `config get-value project` would give it back."""
    gcloud, calls, _ = answering(Result(code=0, out="mine", err=""))
    assert replace(gcloud, project="").text("config", "get-value", "project") == "mine"
    assert calls[0][0] == ["gcloud", "config", "get-value", "project", "--quiet"]


def test_each_question_is_put_once() -> None:
    gcloud, calls, _ = answering(FINE)
    assert gcloud.ask_all([THINGS, THINGS]) == {THINGS: [1]}
    assert len(calls) == 1


@pytest.mark.parametrize(
    "words",
    [
        "API x has not been used in project p before or it is disabled. Enable it by visiting y then retry.",
        "INVALID_ARGUMENT: Service account a@p.iam.gserviceaccount.com does not exist.",
        "ABORTED: There were concurrent policy changes. Please retry the whole read-modify-write",
        "ABORTED: Please retry, underlying data changed",
    ],
)
def test_what_was_made_a_moment_ago_is_waited_for(words: str) -> None:
    gcloud, calls, waited = answering(said(words), said(words), FINE)
    gcloud.do(command("bind"))
    assert (len(calls), waited) == (3, [*PAUSES[:2]])


def test_a_question_about_what_was_made_a_moment_ago_is_put_again() -> None:
    gcloud, calls, waited = answering(said("SERVICE_DISABLED"), FINE)
    assert gcloud.ask(THINGS) == [1]
    assert (len(calls), waited) == (2, [PAUSES[0]])


def test_what_is_stopped_is_not_tried_again() -> None:
    gcloud, calls, _ = answering(said("SERVICE_DISABLED"))
    gcloud.stopped.set()
    with pytest.raises(DeployError, match="SERVICE_DISABLED"):
        gcloud.do(command("bind"))
    assert len(calls) == 1


def test_what_google_does_in_its_own_time_is_asked_for_until_it_is_done() -> None:
    gcloud, calls, waited = answering(Result(code=0, out="[]", err=""), Result(code=0, out="[]", err=""), FINE)
    gcloud.do(Command(arguments=("things", "list"), until=bool))
    assert (len(calls), waited) == (3, [BETWEEN] * 2)


def test_what_is_never_done_is_left_to_a_later_run() -> None:
    gcloud, calls, _ = answering(Result(code=0, out="[]", err=""))
    with pytest.raises(DeployError, match=r"not done after an hour, and Google goes on: gcloud things list"):
        gcloud.do(Command(arguments=("things", "list"), until=bool))
    assert len(calls) == LOOKS


def test_waiting_comes_to_an_end() -> None:
    gcloud, _, waited = answering(said("SERVICE_DISABLED"))
    with pytest.raises(DeployError, match="SERVICE_DISABLED"):
        gcloud.do(command("bind"))
    assert waited == list(PAUSES)


def test_other_failures_are_told_at_once() -> None:
    gcloud, calls, waited = answering(said("INVALID_ARGUMENT: no such flag"))
    with pytest.raises(DeployError, match="no such flag"):
        gcloud.do(command("bind"))
    assert (len(calls), waited) == (1, [])


def test_a_secret_goes_by_standard_input_and_stays_the_same_in_every_try() -> None:
    values = iter(["first", "second"])
    gcloud, calls, _ = answering(said("SERVICE_DISABLED"), FINE)
    gcloud.do(Command(arguments=("add",), stdin=lambda: next(values)))
    assert [stdin for _, stdin in calls] == ["first", "first"]
    assert not any("first" in each for arguments, _ in calls for each in arguments)


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(DeployError, match=r"no-such-program is not installed"):
        run(["no-such-program"])
