"""The texts of `sealed maintenance --help`."""

DESCRIPTION = """\
Encrypt all records anew while the API serves: after a change of key strategy, of the KMS key, of the
branch key's version or of what is encrypted. For operators. The work is done by the state machine
of the MaintenanceStack; these commands start it, look at it and stop it, and see no record."""

MAINTENANCE = """\
settings from the environment (outputs of the MaintenanceStack):
  SEALED_REENCRYPTION_STATE_MACHINE_ARN   the output ReencryptionStateMachineArn
  SEALED_MAINTENANCE_BUCKET               the output MaintenanceBucketName

Your own credentials need the managed policy <prefix>-maintenance-operate (the output
MaintenanceOperatePolicyArn): it lets you start, follow and stop runs, and read their results.

examples:
  sealed maintenance reencrypt --dry-run
  sealed maintenance reencrypt
  sealed maintenance runs
  sealed maintenance show 20260501T080000Z-0a1b2c3d

`sealed maintenance COMMAND --help` says more of each."""

REENCRYPT = """\
examples:
  sealed maintenance reencrypt --dry-run                 how many, what it costs, how long
  sealed maintenance reencrypt                           all records that need it
  sealed maintenance reencrypt --tenant acme --branch-key-version 94f2a17c-…
  sealed maintenance reencrypt --kms-key arn:aws:kms:eu-west-1:111122223333:key/1234abcd-…
  sealed maintenance reencrypt --concurrency 100 --write-units 20000 --detach

A record is rewritten if the deployment would not write it today as it is; content, revision and time
stay. Whoever writes a record at the same time wins. A record that does not verify is left as it is,
and named in the summary: exit code 11 says that there are such.

Ctrl-C ends the watching, not the run: what it prints then says how to follow, stop and resume it.
--detach prints {"run", "execution", "state"} at once; otherwise the summary is printed at the end.

A dry run opens and encrypts each record that needs it, and stores nothing: so it finds what would be
refused, and pays for KMS as the run will. It ends with the cost at the prices of us-east-1, or of
--prices FILE, and with the time that the run takes.

--read-units and --write-units are shared out evenly among the segments that are worked on at once
(--concurrency); what one leaves is not passed on. With few large tenants: --concurrency 1, or --tenant.
After `sealed tenant rotate`, start a run when the time caches_clear_at that it printed is over: until
then writers still write under the old version.

In JSON, "filtered" are records that the filter does not mean, "right" those that need nothing,
"conflicts" those that somebody else wrote at the same time, and that were left to them."""

FOLLOW = """\
example:
  sealed maintenance follow 20260501T080000Z-0a1b2c3d

Shows how far the run is and prints its summary at the end, or at once if it has ended. Only looks:
Ctrl-C ends the watching and not the run. Numbers move when a step ends, after 13 minutes at most."""

STOP = """\
example:
  sealed maintenance stop 20260501T080000Z-0a1b2c3d

No further step begins. One that is under way ends by itself, within a quarter of an hour at most:
until then it goes on to write, beside a run that is started meanwhile. Each of its records is whole,
old or new. `sealed maintenance resume` goes on. Prints {"run", "execution", "state"}."""

RESUME = """\
example:
  sealed maintenance resume 20260501T080000Z-0a1b2c3d

Goes on where the answers of the run end, with what it was started with. A record that was rewritten
already is right, and is not rewritten again."""

RUNS = """\
examples:
  sealed maintenance runs
  sealed maintenance runs --json | jq -r 'select(.state != "complete") | .run'

Prints a table on a terminal and JSON Lines elsewhere: {"run", "state", "dry_run", "began", "ended",
"counts", "refused_total"}. The state is running, complete, failed, unfinished, stopped or refused."""

SHOW = """\
examples:
  sealed maintenance show 20260501T080000Z-0a1b2c3d
  sealed maintenance show 20260501T080000Z-0a1b2c3d --json | jq -r '.refused[] | .tenant + " " + .record'

Prints the summary; of a run that is at work or was stopped, what it has done so far. Refused records
are named with the reason: does-not-verify, key-refused, shredded, no-branch-key, branch-key-does-not-verify,
too-large, not-accepted, not-a-record, written-meanwhile. The first 10,000 are in the summary, all of them
in the bucket, under runs/RUN/results/. The exit code is 0 whatever is shown."""
