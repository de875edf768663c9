"""How the deployed things are called: by the settings, so that the tests hold for a fork's names too."""

import json

from local.build_cache import ROOT

_SETTINGS = json.loads((ROOT / "cdk.json").read_text())["context"]["environments"]["dev"]
PREFIX: str = _SETTINGS["prefix"]
LOGICAL_KEY_STORE: str = _SETTINGS["logical_key_store"]
