"""Judges calls, and remembers what was allowed by which statement, and what was refused and why."""

import logging
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from local import principals, signature
from local.api_call import ApiCall
from local.emulator import ACCOUNT
from local.enforcement import denials, dynamodb, identities, kms, s3, states
from local.enforcement import other_services as others
from local.enforcement.ask import Ask, Asks, NotJudgedError
from local.enforcement.denials import Denial
from local.enforcement.identities import Identity
from local.policy import Decision, Policies, PolicyError, Request, decide
from local.principals import MACHINE_KEY, OPERATOR_KEY
from local.signature import SignatureError

_ASKS: Mapping[str, Asks] = {
    "athena": others.asks_of("athena", others.workgroup),
    "cloudformation": others.asks_of("cloudformation", others.stack),
    "cloudtrail": others.asks_of("cloudtrail", others.trail),
    "dynamodb": dynamodb.asks,
    "glue": others.glue_asks,
    "iam": others.asks_of("iam", others.identity),
    "kms": kms.asks,
    "lambda": others.lambda_asks,
    "logs": others.asks_of("logs", others.log_group),
    "s3": s3.asks,
    "scheduler": others.asks_of("scheduler", others.schedule),
    "sns": others.asks_of("sns", others.topic, others.topic_policy),
    "sqs": others.asks_of("sqs", others.queue, others.queue_policy),
    "ssm": others.asks_of("ssm", others.parameter),
    "states": states.asks,
    "sts": others.sts_asks,
}
_KEPT = 10_000
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Use:
    """A statement that allowed something.

    Attributes
    ----------
    principal
        The ARN of the role, the user or the root; the name of a service.
    """

    principal: str
    policy: str
    statement: str
    action: str
    resource: str


@dataclass(frozen=True, slots=True)
class Judged:
    """A decision that refused."""

    identity: Identity
    ask: Ask
    decision: Decision

    def __str__(self) -> str:
        """Who, what, and why not."""
        return f"{self.identity.principal.arn}, {self.ask.action} on {self.ask.resource}: {self.decision}"


class Enforcement:
    """The policies of one emulator, enforced.

    With ``enforce=False`` callers are still found by their signatures, and everything is allowed: to measure
    what enforcement costs.
    """

    def __init__(self, *, enforce: bool = True) -> None:
        self._enforce = enforce
        #: Told of what services do by themselves or in a role's name, after it was allowed.
        self.acted: list[Callable[[Identity, Ask], None]] = []
        self._lock = Lock()
        self._uses: Counter[Use] = Counter()
        self._refused: deque[Judged] = deque(maxlen=_KEPT)

    def admit(self, call: ApiCall) -> Denial | None:
        """Return why a call is refused, in the words of its service; None if it may go on."""
        if call.access_key_id in (OPERATOR_KEY, MACHINE_KEY) or not self._enforce:
            return None
        try:
            identity = self._signer(call)
            for ask in self._needs(call):
                decision = self.judge(identity, ask, context=_of_call(call))
                if not decision.allowed:
                    return denials.not_allowed(call, identity.principal, ask, decision)
        except SignatureError as error:
            return denials.not_signed(call, error.response_type, error.message)
        except PolicyError as error:
            return denials.not_judged(call, str(error))
        except NotJudgedError:
            return denials.not_judged(call, "it has no entry in local/enforcement.")
        except Exception:  # noqa: BLE001
            # Whatever goes wrong here lets nobody through.
            _LOG.exception("%s:%s could not be judged", call.service, call.operation)
            return denials.not_judged(call, "judging it failed; the emulator's log says why.")
        return None

    def judge(self, identity: Identity, ask: Ask, *, context: Mapping[str, Any] | None = None) -> Decision:
        """Decide on one action of somebody.

        Raises
        ------
        PolicyError
            If a policy holds something that is not known.
        """
        if not self._enforce:
            return Decision("allowed", ("nothing is enforced",))
        request = Request(
            principal=identity.principal,
            action=ask.action,
            resource=ask.resource,
            account=ask.account,
            context={**_of_everything(ask), **(context or {}), **ask.context},
        )
        policies = Policies(
            identity=identity.policies,
            boundary=identity.boundary,
            session=identity.session,
            resource=ask.policy,
        )
        decision = decide(request, policies, consent=ask.consent)
        if decision.outcome == "implicitly denied":
            grant = ask.granted(identity.principal)
            if grant is not None:
                decision = Decision("allowed", (f"grant {grant}",), (("grant", grant),))
        self._note(identity, ask, decision)
        return decision

    def is_operator(self, call: ApiCall) -> bool:
        """Tell whether the machine's operator calls."""
        return call.access_key_id == OPERATOR_KEY

    def identity_of(self, call: ApiCall) -> Identity | None:
        """Return whom an access key belongs to, whether or not the signature is right."""
        caller = principals.find(call.access_key_id)
        return None if caller is None else identities.of_caller(caller)

    def needs(self, call: ApiCall) -> Sequence[Ask]:
        """Return what a call asks for, as far as that is known; of a key at least which it is."""
        try:
            return self._needs(call)
        except NotJudgedError:
            return []
        except Exception:  # noqa: BLE001 - the call is recorded whatever is wrong with it
            return kms.without_policies(call) if call.service == "kms" else []

    def uses(self) -> Counter[Use]:
        """Return how often each statement allowed what."""
        with self._lock:
            return Counter(self._uses)

    def refused(self) -> Sequence[Judged]:
        """Return the latest decisions that refused, oldest first."""
        with self._lock:
            return list(self._refused)

    def _signer(self, call: ApiCall) -> Identity:
        if call.received is None:
            raise SignatureError("MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token")
        caller = signature.verify(
            call.received, region=call.region, service=call.service, find=principals.find
        )
        return identities.of_caller(caller)

    def _needs(self, call: ApiCall) -> Sequence[Ask]:
        asks = _ASKS.get(call.service)
        if asks is None or not call.known:
            raise NotJudgedError
        return asks(call)

    def _note(self, identity: Identity, ask: Ask, decision: Decision) -> None:
        principal = identity.principal
        with self._lock:
            if not decision.allowed:
                self._refused.append(Judged(identity, ask, decision))
            for policy, statement in decision.used:
                owner = principal.role_arn or principal.arn
                self._uses[Use(owner, policy, statement, ask.action, ask.resource)] += 1


def _of_call(call: ApiCall) -> dict[str, str]:
    """Return the context keys that every signed request has."""
    return {
        "aws:RequestedRegion": call.region,
        "aws:SourceIp": call.source_ip,
        "aws:UserAgent": call.user_agent,
    }


def _of_everything(ask: Ask) -> dict[str, str]:
    """Return the context keys of every request. AWS is reached by TLS; here, on loopback, that is assumed."""
    now = datetime.now(UTC)
    return {
        "aws:CurrentTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:EpochTime": str(int(now.timestamp())),
        "aws:ResourceAccount": ask.account or ACCOUNT,
        "aws:SecureTransport": "true",
        "aws:ViaAWSService": "false",
    }
