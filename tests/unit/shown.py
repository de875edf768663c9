"""What of an exception can reach a log."""

import traceback


def everything_shown(error: BaseException) -> str:
    """The traceback with all chained exceptions, suppressed ones too, and what each of them carries."""
    shown, seen = "", set()
    pending: list[BaseException | None] = [error]
    while pending:
        current = pending.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        shown += repr(current) + "".join(traceback.format_exception_only(current)) + repr(vars(current))
        shown += repr(current.args)
        pending += [current.__cause__, current.__context__, *getattr(current, "causes", ())]
    return shown
