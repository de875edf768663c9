"""How a command that calls the API gets to it: address, Region, credentials."""

import argparse
import os

from client.api import RecordsApi
from client.endpoint import Endpoint, endpoint_from
from client.signing import signer_for


def records_api(arguments: argparse.Namespace) -> tuple[RecordsApi, Endpoint]:
    """Return the API that options and environment name, and where it is. The caller closes it."""
    endpoint = endpoint_from(address=arguments.endpoint, region=arguments.region, environment=os.environ)
    api = RecordsApi(
        endpoint,
        signer=signer_for(region=endpoint.region, profile=arguments.profile),
        timeout=arguments.timeout,
        connections=getattr(arguments, "concurrency", 1),
        ca_bundle=os.environ.get("AWS_CA_BUNDLE"),
    )
    return api, endpoint
