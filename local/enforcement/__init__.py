"""Every call to the embedded AWS is judged by the deployed policies, as AWS would.

Who calls is found by the signature; what the call needs, each service's module says (`kms.py`, `dynamodb.py`,
`s3.py`, `other_services.py`); `local.policy` decides. What is not known is refused.
"""

from local.enforcement.enforcement import Enforcement, Judged, Use

__all__ = ["Enforcement", "Judged", "Use"]
