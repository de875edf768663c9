"""What a security reviewer asks for, made from the stacks: scanners' results and the list of controls.

`python -m evidence scan` (`make audit-scan`) and `python -m evidence controls` (`make controls`).
"""
