"""Ends of runs by hand, for what soaks are summed up from."""

from harness.report.soak import Ended, Margin, Summary, Task


def task(seed=1, scenario="tale", lasts_s=10.0):
    return Task(scenario, seed, ("harness", "run", scenario, "--seed", str(seed)), lasts_s, "a plan")


def ended(seed=1, ending="valid", code=None, scenario="tale", wall_s=10.0, **more):
    code = {"valid": 0, "violated": 1, "unknown": 2, "failed": 255, "cut short": 130}[ending] if code is None else code
    return Ended(scenario, seed, ending, code, wall_s, task(seed, scenario).repeat, **more)


def margin(slowest_s, seed=1, invariant="leaves", scenario="tale", allowed_s=4.0):
    return Margin(scenario, invariant, seed, slowest_s, allowed_s)


def summary(*runs, left_out=0, disk_bytes=0, exit_code=0):
    return Summary(runs, 2, 252.0, disk_bytes, left_out, exit_code)
