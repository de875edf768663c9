"""Does pieces of work at once, but no more than so many: memory does not grow with their number."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

Result = TypeVar("Result")


def done_at_once(work: Iterable[Callable[[], Result]], *, limit: int) -> Iterator[Result]:
    """Yield what each piece of work returns, in the order in which they end.

    The next piece is asked for when there is room for it. The first failure ends everything: what has begun
    is waited for, and the failure is raised.
    """
    with ThreadPoolExecutor(limit) as pool:
        under_way: set[Future[Result]] = set()
        try:
            for piece in work:
                under_way.add(pool.submit(piece))
                del piece  # what it holds may be large, and is the thread's now
                if len(under_way) >= limit:
                    done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in done)
            while under_way:
                done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
