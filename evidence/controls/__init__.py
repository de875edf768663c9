"""The list of controls, docs/controls.md: what each asks, which resources meet it, how, and what proves it.

Nothing in it is a promise: `document` fails on a proof that does not exist.
"""
