"""How the deployed things are called: by the settings, so that the tests hold for a fork's names too."""

import json

from local.build_cache import ROOT

_ENVIRONMENTS = json.loads((ROOT / "cdk.json").read_text())["context"]["environments"]
ENVIRONMENTS: tuple[str, ...] = tuple(_ENVIRONMENTS)
PREFIX: str = _ENVIRONMENTS["dev"]["prefix"]
LOGICAL_KEY_STORE: str = _ENVIRONMENTS["dev"]["logical_key_store"]
