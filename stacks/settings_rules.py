"""What a value in cdk.json may be: tests of values, each with its sentence for people."""

import re
from collections.abc import Callable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import NamedTuple

from stacks.schedule_expressions import is_schedule

Network = IPv4Network | IPv6Network


class Rule(NamedTuple):
    """What a setting may be: the test, and its sentence for people."""

    accepts: Callable[[object], bool]
    allowed: str


def text(pattern: str, *, allowed: str) -> Rule:
    """Accept a string that matches as a whole."""
    return Rule(lambda value: isinstance(value, str) and bool(re.fullmatch(pattern, value)), allowed)


def whole_number(low: int, high: int) -> Rule:
    """Accept an integer in a closed range; `true` is no number."""
    return Rule(
        lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high,
        f"a whole number from {low} to {high}",
    )


def one_of(*choices: object) -> Rule:
    """Accept the listed values."""
    listed = ", ".join(repr(choice) for choice in choices)
    return Rule(
        lambda value: value in choices and not isinstance(value, bool),
        f"one of {listed}",
    )


def true_or_false() -> Rule:
    """Accept JSON's two truth values, and no number or text that stands for one."""
    return Rule(lambda value: isinstance(value, bool), "true or false")


def optional(rule: Rule) -> Rule:
    """Accept null as well."""
    return Rule(lambda value: value is None or rule.accepts(value), f"null or {rule.allowed}")


def schedule() -> Rule:
    """Accept what EventBridge Scheduler takes as a recurring schedule."""
    return Rule(
        lambda value: isinstance(value, str) and is_schedule(value),
        "an expression of EventBridge Scheduler such as 'rate(30 days)' or 'cron(0 3 1 * ? *)'",
    )


def network(*, allowed: str, accepts: Callable[[Network], bool]) -> Rule:
    """Accept an IP network in CIDR form without host bits, if it is also what ``accepts`` wants."""

    def is_network(value: object) -> bool:
        try:
            return (
                isinstance(value, str)
                and bool(re.fullmatch(r"[0-9a-fA-F.:]+/[0-9]+", value))
                and accepts(ip_network(value))
            )
        except ValueError:
            return False

    return Rule(is_network, allowed)


def texts_by_name(name: Rule, value: Rule) -> Rule:
    """Accept an object whose members' names and values are as the rules say."""
    return Rule(
        lambda given: (
            isinstance(given, Mapping)
            and all(name.accepts(key) and value.accepts(given[key]) for key in given)
        ),
        f"an object; each name {name.allowed}, each value {value.allowed}",
    )


def list_of(rule: Rule) -> Rule:
    """Accept a list without repetitions, each element by `rule`."""
    return Rule(
        lambda value: (
            isinstance(value, list)
            and all(rule.accepts(element) for element in value)
            and len(set(value)) == len(value)
        ),
        f"a list without repetitions, each element {rule.allowed}",
    )
