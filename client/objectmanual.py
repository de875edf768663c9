"""The texts of `sealed object --help`, and of the commands on local files."""

DESCRIPTION = """\
Store and read large objects of a tenant. They are encrypted and decrypted here, with data keys from KMS,
and lie in S3 as messages of the AWS Encryption SDK, which any of its libraries reads."""

OBJECT = """\
settings from the environment (outputs of the stacks; `make up` prints them too):
  SEALED_OBJECTS_BUCKET     the output ObjectsBucketName
  SEALED_OBJECT_ROLE_ARN    the output ObjectClientRoleArn
  SEALED_ENVELOPE_KEY_ARN   the output EnvelopeKeyArn
  SEALED_DECRYPT_KEY_ARNS   further keys that older objects are wrapped under, if any

Your own credentials must carry the tag `tenant` with this tenant, and the policy <prefix>-objects.

examples:
  sealed object put acme scan-17 scan.tiff
  sealed object get acme scan-17 --output scan.tiff
  sealed object cat acme scan-17 --range 0-1048575
  sealed object list acme
  sealed object delete acme scan-17

`sealed object COMMAND --help` says more of each."""

PUT = """\
examples:
  sealed object put acme scan-17 scan.tiff
  pg_dump records | sealed object put acme dump-2026-05 --content-type application/sql
  sealed object put acme scan-17 scan.tiff --replace

Prints {"tenant", "object", "length", "version", "pointer"}. The pointer is a JSON value for a record:
  sealed object put acme scan-17 scan.tiff | jq '{name: "A", scan: .pointer}' | sealed put acme 7f3k2
Object ids and content types appear in audit logs in clear: choose ids that say nothing about a person.

An interrupted upload of a file goes on when the same command is run again. Its log lies beside the
file (.FILE.….upload, no secrets) and is removed at the end. A file that changed begins anew. What
comes through a pipe cannot be resumed, and may have up to 48 GiB."""

GET = """\
examples:
  sealed object get acme scan-17 --output scan.tiff
  sealed object get acme scan-17 --record 7f3k2 --output scan.tiff
  sealed object get acme scan-17 --output - | tiffinfo -

Prints {"tenant", "object", "length", "content_type", "version", "output"}. The file, readable by you
alone, appears when all of it is verified; until then it is .NAME.part beside it. An interrupted
download goes on when the same command is run again. On standard output each frame is written once
it is verified: only exit code 0 says that all of it came.

With --record the object must be the very one that the record points at, not a later or older one."""

CAT = """\
examples:
  sealed object cat acme scan-17 | head -c 100
  sealed object cat acme scan-17 --range 0-1048575         the first MiB, which must be there
  sealed object cat acme scan-17 --range -512              the last 512 bytes

With --range only the frames that hold it are fetched. All of the range must be there: there is no
shorter answer. The bytes printed are verified, in their place in this object; that the rest of it is
intact is not. Where the object's length is bound to it (all but what came through a pipe) its length
is checked too; elsewhere --verify-end fetches its end."""

LIST = """\
examples:
  sealed object list acme
  sealed object list acme --prefix scan- | jq -r .object

Prints JSON Lines: {"object", "stored_bytes", "modified"}, in ascending order of object."""

DELETE = """\
example:
  sealed object delete acme scan-17

Prints {"tenant", "object", "deleted": true, "delete_marker"}. The bucket keeps versions: what was
deleted can be brought back until its lifecycle removes it."""

ENCRYPT = """\
examples:
  sealed encrypt scan.tiff --tenant acme --object scan-17
  tar c folder | sealed encrypt - --tenant acme --object folder-3 --output folder.sealed

Writes the same message that `sealed object put` stores; uses the same settings and the same key."""

DECRYPT = """\
examples:
  sealed decrypt scan.tiff.sealed --tenant acme --object scan-17
  sealed decrypt - --tenant acme --object folder-3 --output - < folder.sealed | tar x

The message must be bound to this tenant and object id. A file appears when all of it is verified."""

INSPECT = """\
examples:
  sealed inspect scan.tiff.sealed
  aws dynamodb get-item … --output json | sealed inspect - --output table

Prints what stands in clear in a message's or an item's header: algorithm, encryption context,
who wrapped the data key, sizes. Uses no key, calls nobody, and verifies nothing."""
