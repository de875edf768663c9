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
  sealed object put acme scan-17 scan.tiff               (large content: `sealed object --help`)
  sealed tenant create acme                              (operators: `sealed tenant --help`)
  sealed maintenance reencrypt --dry-run                 (operators: `sealed maintenance --help`)
  sealed audit who-decrypted --tenant acme               (auditors: `sealed audit --help`)

settings from the environment:
  SEALED_ENDPOINT                  the API's address, in place of --endpoint
  AWS_REGION, AWS_DEFAULT_REGION   the Region, where the address does not name it
  AWS_PROFILE, AWS_ACCESS_KEY_ID … credentials, as for the AWS CLI
  HTTPS_PROXY, NO_PROXY, AWS_CA_BUNDLE"""

AUDIT_DESCRIPTION = """\
Ask the audit trail. The questions are the named queries of the AuditStack, run by Athena; with
--engine files they are run here, over the same files, by DuckDB."""

AUDIT = """\
examples:
  export SEALED_AUDIT_WORKGROUP=sealed-prod-audit        the output AuditWorkGroupName
  sealed audit who-decrypted --tenant acme --since 1d
  sealed audit principals --since 4w
  sealed audit denied --since 2026-05-01 --until 2026-06-01 --output json | jq -r .principal
  sealed audit key-changes --since 12h

Prints a table on a terminal and JSON Lines elsewhere. CloudTrail delivers within minutes: what
was just done may be missing. It asks AWS with your own credentials, which must be allowed to use
the workgroup (athena), its tables (glue), the archive (s3) and the audit key (kms)."""

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

TENANT_DESCRIPTION = """\
Create, describe, list, rotate, move and shred the branch keys of tenants.
For operators: needs the policy <prefix>-branch-keys-admin. Reads no record."""

TENANT = """\
examples:
  sealed tenant create acme
  sealed tenant describe acme
  sealed tenant rotate acme
  sealed tenant move --all --to arn:aws:kms:eu-west-1:111122223333:key/1234abcd-…
  sealed tenant shred acme

`sealed tenant COMMAND --help` says more of each."""

TENANT_CREATE = """\
example:
  sealed tenant create acme

In the key strategy `tenant`, a tenant's records are wrapped under its own branch key, which
must be there before the first is written. Prints {"tenant", "state", "version", "created_at",
"kms_arn"}. An id whose branch key was shredded is not given again."""

TENANT_DESCRIBE = """\
examples:
  sealed tenant describe acme
  sealed tenant describe acme | jq -r '.versions[].kms_arn' | sort -u

Prints {"tenant", "state", "version", "created_at", "kms_arn", "versions"}, or, once it is
shredded, {"tenant", "state", "shredded_at", "remaining_versions"}."""

TENANT_ROTATE = """\
example:
  sealed tenant rotate acme

New records are wrapped under the new version as soon as the functions ask for it again; records
under older versions stay readable, and none is rewritten. Of two rotations at once one wins and
the other says so. After a lost answer the call is made again, and may make one version more."""

TENANT_LIST = """\
examples:
  sealed tenant list --all
  sealed tenant list --all | jq -r 'select(.state == "active") | .tenant'

Prints JSON Lines in no order: {"tenant", "state", "version", "created_at", "kms_arn"}, or
{"tenant", "state", "shredded_at"} where only the tombstone is left."""

TENANT_MOVE = """\
examples:
  sealed tenant move acme --to arn:aws:kms:eu-west-1:111122223333:key/1234abcd-…
  sealed tenant move --all --to arn:aws:kms:eu-west-1:111122223333:key/1234abcd-…

Deploy first with `branch_key_arn` = the target, and the old key in `decrypt_key_arns`: readers
then serve throughout. KMS wraps each item anew; no key is seen here and no record is touched.
An interrupted move is gone on with by the same command; a tenant that fails does not stop the
others. Prints what was moved, whether all of it was read again and verified, and until when the
old key is still needed (docs/operations.md says for what)."""

TENANT_SHRED = """\
examples:
  sealed tenant shred acme
  sealed tenant shred acme --confirm acme --delete-records

Removes every version of the branch key and leaves a tombstone: reads of the tenant's records are
answered 410, for ever. Records that do not hang on the branch key (written in the key strategy
`record`) are counted first; while there are any, nothing is shredded unless --delete-records
deletes them. Prints until when caches, point-in-time recovery and backups still have the key.
Objects (`sealed object`) do not hang on the branch key: delete them with their versions."""


def exit_codes() -> str:
    """Return the table of exit codes for the help."""
    return "exit codes:\n" + "\n".join(f"  {int(code):>3}  {meaning}" for code, meaning in MEANINGS.items())
