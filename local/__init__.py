"""The embedded AWS: the deployed application on this machine, without an account.

It runs the synthesized templates: an emulator on loopback (``emulator``), deployed to by the CDK's own
command line (``deploy``), functions in processes of their own (``functions``), and an HTTP front that serves
the API as it was deployed (``front``). ``python -m local`` is the way in; ``EmbeddedAws`` is the same for
tests and for the demonstration.

It is for development. Signatures are verified, and every call is judged by the deployed policies.
"""
