"""The texts of `sealed --help`: what each command prints, examples, and the exit codes."""

from client.problems import MEANINGS

DESCRIPTION = """\
Store, read, list and import sealed records through the deployed API.
JSON goes to standard output, messages go to standard error."""

EXAMPLES = """\
examples:
  export SEALED_ENDPOINT=https://ID.execute-api.eu-west-1.amazonaws.com/v1
  echo '{"amount": 1234.50}' | sealed put acme 7f3k2
  sealed get acme 7f3k2 --pretty
  sealed list acme --all > acme.jsonl
  sealed import acme.jsonl --tenant acme
  sealed delete acme 7f3k2

settings from the environment:
  SEALED_ENDPOINT                  the API's address, in place of --endpoint
  AWS_REGION, AWS_DEFAULT_REGION   the Region, where the address does not name it
  AWS_PROFILE, AWS_ACCESS_KEY_ID … credentials, as for the AWS CLI
  HTTPS_PROXY, NO_PROXY, AWS_CA_BUNDLE"""

PUT = """\
examples:
  sealed put acme 7f3k2 record.json
  jq .patient export.json | sealed put acme 7f3k2
  sealed put acme 7f3k2 record.json --if-none-match      only if there is no such record
  sealed put acme 7f3k2 record.json --if-match REVISION  only if nobody changed it since

Prints {"tenant", "record", "revision", "updated_at"}. The text is sent as it is: numbers keep
every digit, up to the 38 that can be stored. Record ids appear in audit logs in clear:
choose ids that say nothing about a person."""

GET = """\
examples:
  sealed get acme 7f3k2 > record.json
  sealed get acme 7f3k2 --pretty
  sealed get acme 7f3k2 --include | jq -r .revision

Prints the JSON object as the API sent it. With --include it is the member "data" of an object
that also has "tenant", "record" and "revision" (the one to give to --if-match)."""

DELETE = """\
examples:
  sealed delete acme 7f3k2
  sealed delete acme 7f3k2 --if-match REVISION           only if nobody changed it since

Prints {"tenant", "record", "deleted": true}."""

LIST = """\
examples:
  sealed list acme
  sealed list acme --prefix inv- --limit 50
  sealed list acme --all | jq -r .record

Prints JSON Lines: {"record", "revision", "updated_at", "data"} for each record, in ascending
order of record. Records that cannot be read are named on standard error, the others are
printed all the same, and the exit code is then 8."""

IMPORT = """\
examples:
  sealed import patients.jsonl --tenant acme
  sealed import everybody.jsonl --failed failed.jsonl    each line names its own tenant
  sealed list acme --all | sealed import - --tenant acme-test

A line is {"record": ID, "data": {...}}, with "tenant": ID where --tenant is not given.
"revision" and "updated_at" are ignored. Lines of one record are stored in the file's order.
A bad line fails alone; the others go on.

An import that was interrupted or had failures goes on when the same command is run again: line
numbers are kept in a progress file beside the input, which is removed once every line is stored.
A changed file begins anew; storing a record twice does no harm. Standard input cannot be resumed.

Prints a summary as one JSON object: {"source", "created", "replaced", "existing",
"stored_before", "failed", "failures": {TYPE: COUNT}, "complete", "interrupted", "seconds"}."""


def exit_codes() -> str:
    """Return the table of exit codes for the help."""
    return "exit codes:\n" + "\n".join(f"  {int(code):>3}  {meaning}" for code, meaning in MEANINGS.items())
