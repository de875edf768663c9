"""Keeps a record of every call while a deployed trail wants it, until it is delivered."""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from threading import Event, Lock, Thread
from typing import Any

from moto.cloudtrail.models import Trail, cloudtrail_backends

from local.api_call import ApiCall
from local.emulator import ACCOUNT, Answer
from local.enforcement import Enforcement, identities
from local.enforcement.ask import Ask
from local.enforcement.identities import Identity
from local.policy import Principal
from local.principals import MACHINE_KEY
from local.trail import record
from local.trail.delivery import Delivery, to_bus
from local.trail.selectors import keeps

Record = dict[str, Any]

_LOG = logging.getLogger(__name__)
#: Records that wait for a delivery; more are delivered by themselves.
_MOST_WAITING = 50_000
_STOPPING = frozenset({"DeleteTrail", "StopLogging"})
#: Who works with the machine's own key: a person with every right, whom no policy limits.
OPERATOR = Identity(
    Principal(kind="user", arn=f"arn:aws:iam::{ACCOUNT}:user/operator", unique_id="AIDAEMBEDDEDOPERATOR")
)


class Recorder:
    """What CloudTrail would know of one emulator."""

    def __init__(self, enforcement: Enforcement, *, region: str) -> None:
        self._enforcement = enforcement
        self._region = region
        self._lock = Lock()
        self._delivering = Lock()
        self.clear()
        enforcement.acted.append(self._act)

    def clear(self) -> None:
        """Forget what was not delivered."""
        with self._lock:
            self._waiting: list[tuple[Trail, Record]] = []
            self._known: list[Trail] = []
            self._delivery = Delivery(self._enforcement)
            self._since = datetime.now(UTC)

    def observe(self, call: ApiCall, answer: Answer) -> None:
        """Write a call down, if a trail wants it."""
        # A call that stops the trail is the last that it keeps.
        before, self._known = self._known, self._trails()
        trails = before if call.operation in _STOPPING else self._known
        if not trails or call.access_key_id == MACHINE_KEY:
            return
        try:
            made = record.of_call(
                call, answer, identity=self._identity(call), needs=self._enforcement.needs(call)
            )
        except Exception:  # noqa: BLE001 - a call is not lost for want of its record
            _LOG.exception("no record could be made of %s:%s", call.service, call.operation)
            return
        self._keep(made, trails)

    def forget(self) -> None:
        """Forget what waits, as if the trail had delivered it before anybody looked."""
        with self._lock:
            self._waiting, self._since = [], datetime.now(UTC)

    def deliver(self) -> int:
        """Deliver what waits: files, digests, log lines, events. Return how many records were delivered."""
        with self._delivering:
            with self._lock:
                waiting, self._waiting = self._waiting, []
                since, self._since = self._since, datetime.now(UTC)
            for trail in {id(trail): trail for trail, _ in waiting}.values():
                own = [each for wanted, each in waiting if wanted is trail]
                for problem in self._delivery.deliver(trail, own, since=since):
                    _LOG.warning("the trail %s could not deliver: %s", trail.trail_name, problem)
            for each in {id(each): each for _, each in waiting}.values():
                if each["managementEvent"]:
                    to_bus(each)
            return len(waiting)

    def deliver_every(self, seconds: float) -> Callable[[], None]:
        """Deliver again and again; return what ends it."""
        over = Event()

        def work() -> None:
            while not over.wait(seconds):
                self.deliver()

        Thread(target=work, name="trail", daemon=True).start()
        return over.set

    def _act(self, identity: Identity, ask: Ask) -> None:
        trails = self._trails()
        if trails:
            self._keep(record.of_act(identity, ask, region=self._region), trails)

    def _keep(self, made: Record, trails: Sequence[Trail]) -> None:
        wanted = [(trail, made) for trail in trails if keeps(trail.advanced_event_selectors, made)]
        with self._lock:
            self._waiting.extend(wanted)
            full = len(self._waiting) >= _MOST_WAITING
        if full:
            self.deliver()

    def _trails(self) -> list[Trail]:
        return [
            trail
            for backend in list(cloudtrail_backends[ACCOUNT].values())
            for trail in list(backend.trails.values())
            if trail.status.is_logging
        ]

    def _identity(self, call: ApiCall) -> Identity:
        found = self._enforcement.identity_of(call)
        if found is not None:
            return found
        return OPERATOR if self._enforcement.is_operator(call) else identities.unknown()
