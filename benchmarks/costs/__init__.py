"""What encryption costs the service around it: start, request and memory of each function, and synthesis.

Each function runs as Lambda loads it: a fresh process imports its handler's module from our sources and their
locked dependencies, and calls it with the events of the deployed API. KMS, DynamoDB and S3 are an emulator on
loopback in a process of its own, whose time is not counted; TLS is not spoken.
What must stay true: whoever is compared runs under the same interpreter, with the same bytecode or none, and
makes its clients; a process that fails is told with its error, and never becomes a figure.
"""
