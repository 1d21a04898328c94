"""Every scenario of the table in README.md: people's, and an application's."""

from tests.simulation import scenarios, writing

SCENARIOS = scenarios.SCENARIOS | writing.SCENARIOS
