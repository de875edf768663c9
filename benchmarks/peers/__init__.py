"""Items and messages against what people would use instead: `make bench` writes docs/benchmarks/.

Figures are ratios of medians of one run, in which all contenders take turns on the same plaintext: absolute
times say more about the machine. KMS and DynamoDB answer at once, at the border of botocore's calls, for all
alike. The floor (floor.py) is what is left of a format when only its cryptographic calls are made.
What must stay true: each contender really decrypts what it encrypted, or nothing is written; no figure in the
documents is typed by hand.
"""
