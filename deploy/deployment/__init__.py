"""How confsync gets into a Google Cloud project.

`table` and `environment` say what is wanted, `resources/` each thing that there is to be, `planning` compares them with
what exists, `gcloud` alone talks to Google Cloud. What `deploy.py` does with it is in `setup`, `applying`, `smoke`,
`status` and `rollback`; `report`, `cost` and `delegation` are what it tells people.
"""

from pathlib import Path


class DeployError(Exception):
    """The table or the environment is wrong, or a command failed. The message says which, and what to do."""


ROOT = Path(__file__).parents[2]
