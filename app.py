"""Entry point of the `cdk` command: settings -> stacks, nothing else."""

import sys

import aws_cdk as cdk

from stacks.application import build
from stacks.packaging import PackagingError
from stacks.settings import SettingsError

app = cdk.App()
try:
    build(app, env=app.node.try_get_context("env"))
except (SettingsError, PackagingError) as error:
    sys.exit(str(error))  # the sentence on stderr, and exit code 1
app.synth()
