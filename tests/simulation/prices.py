"""What a month costs, and the environments, imported as `python deploy/deploy.py` imports them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "deploy"))

from deployment import cost
from deployment.environment import Environment, load

__all__ = ["Environment", "cost", "load"]
