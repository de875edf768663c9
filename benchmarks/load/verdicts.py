"""What must hold of a run, and whether it does."""

from dataclasses import dataclass

from benchmarks.load.results import Run
from benchmarks.load.steps import below_saturation, held_rate, saturated

_MIB = 1024**2


@dataclass(frozen=True, slots=True)
class Verdict:
    """Something that must hold, and the figures that tell."""

    name: str
    holds: bool
    figures: str

    @property
    def word(self) -> str:
        """As it is shown."""
        return "holds" if self.holds else "falls short"


def verdicts(run: Run) -> list[Verdict]:
    """Judge a run."""
    return [_rate(run), _errors(run), _wrong(run), _memory(run), _kept(run), _outdated(run), _refused(run)]


def saturation(run: Run) -> str:
    """Say in a sentence where it saturated."""
    limits = run.options.limits
    highest = held_rate(run.steps, limits)
    if highest is None:
        return "saturated from the first step"
    if saturated(run.steps[-1], limits):
        return f"saturated above {highest:.1f} requests/s, at {run.steps[-1].rate:.1f}"
    return f"not saturated at {highest:.1f} requests/s, the last step that time allowed"


def _rate(run: Run) -> Verdict:
    highest = held_rate(run.steps, run.options.limits)
    return Verdict("a rate is held", highest is not None, saturation(run))


def _errors(run: Run) -> Verdict:
    steps = below_saturation(run.steps, run.options.limits)
    sent, errors = sum(step.sent for step in steps), sum(sum(step.errors.values()) for step in steps)
    named = sorted({name for step in steps for name in step.errors})
    told = f"{errors:,} of {sent:,} requests" + (f": {'; '.join(named)}" if named else "")
    return Verdict("no errors below saturation", sent > 0 and not errors, told)


def _wrong(run: Run) -> Verdict:
    named = sorted({name for step in run.steps for name in step.wrong})
    wrong = sum(sum(step.wrong.values()) for step in run.steps)
    told = f"{wrong:,} of {run.requests:,}" + (f": {'; '.join(named)}" if named else "")
    return Verdict("no answer contradicts what was acknowledged, at any rate", not wrong, told)


def _memory(run: Run) -> Verdict:
    name, allowed = "the functions' memory is flat", run.options.flat_bytes
    grown = run.growth
    if grown is None or not grown.compared:
        return Verdict(name, holds=False, figures="no process was there after two steps")
    since = sum(step.sent for step in run.steps[1:])
    came = f"; {grown.began} came" if grown.began else ""
    # What leaks until it dies would not be seen in the processes that are left.
    ended = f"; ended: {', '.join(grown.ended)}" if grown.ended else ""
    told = (
        f"{grown.most_bytes / _MIB:+.1f} MiB at most (in {grown.process}) of {grown.compared} processes, "
        f"over {since:,} requests; {allowed / _MIB:.0f} MiB are allowed{came}{ended}"
    )
    return Verdict(name, grown.most_bytes <= allowed and not grown.ended, told)


def _kept(run: Run) -> Verdict:
    found = run.verification
    told = (
        f"{found.verified:,} of {found.acknowledged:,}, {found.read:,} of them by reading and the others by "
        f"the write after them, in {found.present:,} records that are there and "
        f"{found.absent:,} that are not; {found.doubtful:,} of these had two possibilities"
    )
    kept = found.acknowledged > 0 and found.verified == found.acknowledged and not found.findings
    return Verdict("every acknowledged write is verified", kept, told)


def _outdated(run: Run) -> Verdict:
    tries = run.verification.outdated
    told = "; ".join(f"{each.refused} of {each.tried} {each.kind}" for each in tries)
    holds = bool(tries) and all(each.refused == each.tried > 0 for each in tries)
    return Verdict("every write whose precondition does not hold is refused", holds, told or "none was tried")


def _refused(run: Run) -> Verdict:
    found = run.verification
    holds = found.refused == found.tried and (found.tried > 0 or run.options.tenants == 1)
    return Verdict("every read by another tenant is refused", holds, f"{found.refused} of {found.tried}")
