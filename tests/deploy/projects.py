"""Deployments into a project that a gcloud of our own keeps."""

from collections.abc import Sequence
from threading import Event

from deployment import gcloud
from deployment.applying import apply, planned
from deployment.environment import Environment
from deployment.gcloud import Gcloud, Result
from deployment.planning import Planned
from deployment.resources import stages
from deployment.source import Source
from tests.deploy.fake_gcloud import Cloud


class Hurry(Event):
    """Does not wait; for how long it would have is in `waited`."""

    def __init__(self) -> None:
        super().__init__()
        self.waited: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waited.append(timeout or 0)
        return self.is_set()


def gcloud_of(cloud: Cloud) -> Gcloud:
    """gcloud for that project, in this process. It does not wait."""

    def run(arguments: Sequence[str], stdin: str | None) -> Result:
        if arguments[0] != "gcloud":
            return gcloud.run(arguments, stdin)
        code, out, err = cloud.run(list(arguments[1:]), stdin)
        return Result(code=code, out=out, err=err)

    return Gcloud(project="example-project", run=run, stopped=Hurry())


def todo(environment: Environment, source: Source, gcloud: Gcloud) -> list[Planned]:
    """What has to be done there."""
    return planned(gcloud, stages(environment, source))


def deploy(environment: Environment, source: Source, gcloud: Gcloud) -> list[str]:
    """Do it; what was said."""
    said: list[str] = []
    apply(gcloud, todo(environment, source, gcloud), said.append)
    return said
