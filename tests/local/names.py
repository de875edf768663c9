"""How the deployed things are called: by the settings, so that the tests hold for a fork's names too."""

import json

from local.build_cache import ROOT

PREFIX: str = json.loads((ROOT / "cdk.json").read_text())["context"]["environments"]["dev"]["prefix"]
