"""Lambda's Invoke, carried out by the functions that are served: what each ending looks like to who called.

Source: Lambda API Reference, "Invoke"; Lambda Developer Guide, "Understanding retry behavior in Lambda".
"""

import json
import logging

from local.additions.awslambda_invoke import Invoked, refused
from local.enforcement.acts_of_services import RefusedError
from local.functions import FunctionNotFoundError, Functions

# "6 MB each for request and response, synchronous".
_LARGEST_PAYLOAD = 6 * 1024 * 1024
_FAILED = {"x-amz-function-error": "Unhandled"}
_EXECUTED = {"x-amz-executed-version": "$LATEST"}
_TOO_LARGE = {
    "errorType": "Function.ResponseSizeTooLarge",
    "errorMessage": f"Response payload size exceeded maximum allowed payload size ({_LARGEST_PAYLOAD}).",
}
_LOG = logging.getLogger(__name__)


class Invocations:
    """Answers Invoke.

    An error of the function is an answer like another (200), with its error's type in the payload; one of
    Lambda's own is not.
    """

    def __init__(self, functions: Functions) -> None:
        self._functions = functions

    def __call__(self, named: str, kind: str, event: bytes) -> Invoked:
        """Run a function, if it is to be waited for."""
        name = (named.partition(":function:")[2] or named).partition(":")[0]
        if kind not in ("RequestResponse", "DryRun"):
            message = f"The embedded AWS has no invocations of type {kind}: use RequestResponse."
            return refused(400, "InvalidParameterValueException", message)
        if len(event) > _LARGEST_PAYLOAD:
            message = f"{len(event)} byte payload is too large for the RequestResponse invocation type"
            return refused(413, "RequestTooLargeException", message)
        try:
            if kind == "DryRun":
                self._functions.check(name)
                return Invoked(204, b"")
            outcome = self._functions.invoke(name, event)
        except FunctionNotFoundError:
            return refused(404, "ResourceNotFoundException", f"Function not found: {named}")
        except RefusedError as error:
            _LOG.warning("%s", error)
            return refused(403, "AccessDeniedException", str(error))
        if len(outcome.body) > _LARGEST_PAYLOAD:
            return Invoked(200, json.dumps(_TOO_LARGE).encode(), {**_FAILED, **_EXECUTED})
        failed = {} if outcome.kind == "response" else _FAILED
        return Invoked(200, outcome.body, {**failed, **_EXECUTED})
