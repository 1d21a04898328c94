"""The table of scenarios (`--write`: into README.md), or one of them call by call: `'delete' AFTER 9`."""

import re
import sys
from pathlib import Path

import structlog

from tests.simulation.every_call import Fault, Mode, act, calls_of, rest
from tests.simulation.table import SCENARIOS

README = Path(__file__).with_name("README.md")
TABLE = re.compile(r"(<!-- scenarios -->\n).*?(<!-- end of scenarios -->)", re.DOTALL)


def table() -> str:
    """Markdown: how many calls each scenario has, and how many runs that makes."""
    calls = {name: calls_of(scenario) for name, scenario in SCENARIOS.items()}
    rows = ["| scenario | outside calls | of these to the vendor | runs |", "| --- | --- | --- | --- |"]
    for name, count in calls.items():
        vendor = ", ".join(f"{n} {method}" for method, n in SCENARIOS[name].calls.items()) or "none"
        rows.append(f"| {name} | {count} | {vendor} | {count * len(Mode)} |")
    whole = sum(calls.values())
    rows.append(f"| **{len(calls)} scenarios** | **{whole}** | | **{whole * len(Mode)}** |")
    return "\n".join(rows)


def replay(name: str, mode: str, number: str) -> None:
    """Tell every call of one run, and what came of it."""
    fault = Fault(number=int(number), mode=Mode[mode], tell=lambda count, call: print(f"{count:4} {call} {call.told}"))
    cloud = act(SCENARIOS[name], fault)
    print("the fault is over; time passes")
    rest(cloud)
    print("every promise holds")


def main(arguments: list[str]) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    if len(arguments) == 3:
        replay(*arguments)
        return
    print(table())
    if "--write" in arguments:
        README.write_text(TABLE.sub(lambda m: m[1] + table() + "\n" + m[2], README.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
