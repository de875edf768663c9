"""The tables of docs/scale.md, by the names of their markers there."""

import math
from collections.abc import Callable, Iterator

from benchmarks.scale.estimate import (
    CHILDREN,
    KMS,
    MACHINE,
    PARTITIONS,
    READS,
    WRITES,
    Estimate,
    enough_children,
    estimate,
)
from benchmarks.scale.figures import duration, markdown, money, percent, power
from benchmarks.scale.quotas import described, load, looked_up
from benchmarks.scale.runs import HEAD, cost, row
from benchmarks.scale.workload import (
    EVENTS_PER_STEP,
    HAND_OVER_SECONDS,
    MOST_CHILDREN,
    MOST_REFUSED_BYTES,
    ORDERS,
    REFUSED_AT_MOST_BYTES,
    SEGMENT_SECONDS,
    START_SECONDS,
    STEP_SECONDS,
    STRATEGIES,
    USUAL_CHILDREN,
    Workload,
    layout_of,
)
from client.costs import Prices

SIZES = tuple(10**power for power in range(3, 11))
_SMALL_SHARE = 0.0001
_LARGE = (10**7, 10**8, 10**9, 10**10)
#: Which quota to raise when something holds a run up; the state machine's two are raised together.
_RAISES = {
    CHILDREN: ("lambda-concurrency",),
    KMS: ("kms-requests",),
    WRITES: ("table-write-units",),
    READS: ("table-read-units",),
    PARTITIONS: ("warm-write-units",),
    MACHINE: ("state-transitions", "execution-starts"),
}


def quotas(_: Prices) -> str:
    """Every quota, what it is, and where it is from."""
    rows = [
        (
            quota["what"],
            f"{quota['default']:,}",
            f"{quota['raised']:,}" if quota["adjustable"] else "fixed",
            f"[{quota['source']}]({quota['address']}): {quota['found']}",
        )
        for quota in described().values()
    ]
    date, how = looked_up()
    head = ("quota", "default here", "raised here", "source, and what was found there")
    return markdown(head, rows) + f"\nLooked up on {date}. {how}\n"


def assumptions(_: Prices) -> str:
    """What is assumed and not measured."""
    usual = {strategy: Workload(records=1, strategy=strategy) for strategy in STRATEGIES}
    each = ", ".join(
        f"{workload.seconds_each * 1000:.1f} ms (`{strategy}`)" for strategy, workload in usual.items()
    )
    some = usual["record"]
    rows = [
        ("function time for a record that is read and rewritten", each, "`--ms-per-record`"),
        ("size of a record", f"{some.record_bytes:,} bytes", "`--record-bytes`"),
        ("share of the largest tenant", percent(some.largest_share), "`--largest-share`"),
        ("number of tenants", f"{some.tenants:,}", "`--tenants`"),
        ("share of a quota that the run may take", percent(load("default").share), "`--quota-share`"),
        ("start of a run", f"{START_SECONDS} s", ""),
        ("start of a child", f"{SEGMENT_SECONDS} s", ""),
        ("from one call to the next", f"{STEP_SECONDS} s", ""),
        ("order of segments in the manifest", _usual_order(), "`--order`"),
    ]
    return markdown(("assumed", "value", "another one"), rows)


def _usual_order() -> str:
    return layout_of(Workload(records=1), children=1).order


def _sizes(kind: str, children: int | None, prices: Prices) -> str:
    def rows() -> Iterator[tuple[str, ...]]:
        for records in SIZES:
            for strategy in STRATEGIES:
                workload, bounds = Workload(records=records, strategy=strategy), load(kind)
                number = children or enough_children(workload, bounds)
                yield row(workload, layout_of(workload, children=number), bounds, prices)

    return markdown((*HEAD[:-1], f"{HEAD[-1]}, {prices.currency}"), rows())


def usual(prices: Prices) -> str:
    """As the command does it when nothing is said."""
    return _sizes("default", USUAL_CHILDREN, prices)


def default(prices: Prices) -> str:
    """As many children as default quotas have use for."""
    return _sizes("default", None, prices)


def raised(prices: Prices) -> str:
    """As many children as raised quotas have use for."""
    return _sizes("raised", None, prices)


def costs(prices: Prices) -> str:
    """What a thousand million records cost, line by line."""
    lines = []
    for strategy in STRATEGIES:
        workload, bounds = Workload(records=10**9, strategy=strategy), load("raised")
        layout = layout_of(workload, children=USUAL_CHILDREN)
        run = estimate(workload, layout, bounds)
        lines.append(cost(workload, run, prices).lines)
    rows = [
        (f"`{line.name}`", line.unit, *(money(strategy[at].money) for strategy in lines))
        for at, line in enumerate(lines[0])
    ]
    return markdown(("price", "of a", *(f"`{strategy}`, {prices.currency}" for strategy in STRATEGIES)), rows)


def raising(_: Prices) -> str:
    """What to raise at a thousand million records, one quota after the other."""

    def rows() -> Iterator[tuple[str, ...]]:
        for strategy in STRATEGIES:
            workload, bounds = Workload(records=10**9, strategy=strategy), load("default")
            layout = layout_of(workload, children=MOST_CHILDREN)
            run, done = estimate(workload, layout, bounds), "as an account begins"
            while True:
                names = [
                    name
                    for name in _RAISES.get(run.bottleneck, ())
                    if bounds.values[name] < described()[name]["raised"]
                ]
                yield strategy, done, duration(run.seconds), run.bottleneck
                if not names:
                    break
                for name in names:
                    bounds = bounds.with_raised(name)
                done = " and ".join(f"`{name}` {described()[name]['raised']:,}" for name in names)
                run = estimate(workload, layout, bounds)

    return markdown(("strategy", "raised", "time", "held up by"), rows())


def order(_: Prices) -> str:
    """What the order of segments makes."""
    ways = [("default", USUAL_CHILDREN), ("default", MOST_CHILDREN), ("raised", MOST_CHILDREN)]

    def rows() -> Iterator[tuple[str, ...]]:
        for records in _LARGE:
            for kind, children in ways:
                workload = Workload(records=records, strategy="tenant", largest_share=_SMALL_SHARE)
                runs = [
                    estimate(workload, layout_of(workload, children=children, order=each), load(kind))
                    for each in ORDERS
                ]
                told = [text for run in runs for text in (duration(run.seconds), run.bottleneck)]
                yield power(records), kind, f"{children:,}", *told

    columns = (text for each in ORDERS for text in (each, "held up by"))
    return markdown(("records", "quotas", "children", *columns), rows())


def tenants(_: Prices) -> str:
    """What one large tenant makes."""

    def rows() -> Iterator[tuple[str, ...]]:
        for share in (_SMALL_SHARE, 0.001, 0.01, 0.1, 1.0):
            workloads = [Workload(records=records, largest_share=share) for records in _LARGE]
            runs = [
                estimate(workload, layout_of(workload, children=MOST_CHILDREN), load("raised"))
                for workload in workloads
            ]
            yield percent(share), *(_told(run) for run in runs)

    return markdown(("largest tenant", *(power(records) for records in _LARGE)), rows())


def _told(run: Estimate) -> str:
    resumed = math.ceil(run.longest_events / load("raised")["history-events"]) - 1
    return duration(run.seconds) + (f", gone on with {resumed} times" if resumed else "")


def quiet(_: Prices) -> str:
    """The quotas that do not bite, and how far they are away."""
    default, some = load("default"), Workload(records=1)
    partition = {
        "write": default.values["partition-write-units"] / some.write_units_each,
        "read": default.values["partition-read-units"] / some.read_units_each,
    }
    # A segment writes an answer when it ends, and no more of them end than are started.
    answers = default.values["execution-starts"] + MOST_CHILDREN / HAND_OVER_SECONDS
    rows = [
        (
            "children of a map at once",
            f"{MOST_CHILDREN:,}, the most a run may have",
            default["map-concurrency"],
        ),
        ("new execution environments in 10 s", f"{MOST_CHILDREN:,}, once", default["lambda-scaling"]),
        ("seconds of a call", f"{HAND_OVER_SECONDS}, then it hands over", default["lambda-seconds"]),
        (
            "bytes of a state",
            f"{2 * REFUSED_AT_MOST_BYTES:,}, as a call hands over when it has {MOST_REFUSED_BYTES:,} to tell",
            default["payload-bytes"],
        ),
        ("writes to S3, a second", f"{answers:,.0f}", default["s3-writes"]),
        (
            "records a second read from a partition",
            f"{partition['write']:,.0f} can be written",
            partition["read"],
        ),
    ]
    return markdown(
        ("quota", "a run takes", "there are"), [(name, taken, f"{there:,.0f}") for name, taken, there in rows]
    )


def history(_: Prices) -> str:
    """How far a child's history reaches."""
    steps = int(load("default")["history-events"] - 4) // EVENTS_PER_STEP
    seconds = steps * (HAND_OVER_SECONDS + STEP_SECONDS)

    def rows() -> Iterator[tuple[str, ...]]:
        for strategy in STRATEGIES:
            each = Workload(records=1, strategy=strategy).seconds_each
            yield strategy, f"{steps:,}", duration(seconds), f"{seconds / each / 1e6:,.0f} million"

    return markdown(("strategy", "steps of a child", "time", "records of a segment"), rows())


#: By their markers. Those of simulated.py are added there.
TABLES: dict[str, Callable[[Prices], str]] = {
    "quotas": quotas,
    "assumptions": assumptions,
    "usual": usual,
    "default": default,
    "raised": raised,
    "costs": costs,
    "raising": raising,
    "order": order,
    "tenants": tenants,
    "history": history,
    "quiet": quiet,
}
