"""How AWS decides whether somebody may do something: policies are read, matched and weighed as IAM does.

What it does not know (an element, an operator, a form of ARN) is an error, never an allow. Every decision
explains itself. Source: IAM User Guide, "Policy evaluation logic" and "IAM JSON policy element reference";
KMS Developer Guide, "Key policies".
"""

from local.policy.document import Policy, PolicyError, Statement, parse
from local.policy.evaluation import Consent, Decision, Policies, decide
from local.policy.request import Context, Principal, Request

__all__ = [
    "Consent",
    "Context",
    "Decision",
    "Policies",
    "Policy",
    "PolicyError",
    "Principal",
    "Request",
    "Statement",
    "decide",
    "parse",
]
