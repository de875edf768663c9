"""What keeps re-encryption to what it is for, taken away: each is missed by the test that it names."""

from tests.infrastructure import test_reencryption
from tests.infrastructure.weakening import (
    Change,
    Properties,
    Weakening,
    having,
    in_statement,
    without,
    without_statement,
)

MACHINE, POLICY, KEY = "AWS::StepFunctions::StateMachine", "AWS::IAM::ManagedPolicy", "AWS::KMS::Key"
BUCKET_POLICY, ROLE = "AWS::S3::BucketPolicy", "AWS::IAM::Role"
PLANNER, OF_MACHINE, OPERATORS = "PlannerMayWork", "ReencryptionMachineMayWork", "MaintenanceOperate"
HARDENED = test_reencryption.test_the_machine_is_logged_traced_and_encrypted_and_its_log_names_no_record
OF_STORAGE_KEY = test_reencryption.test_the_storage_key_is_for_the_runs_and_what_step_functions_keeps_of_them
OF_LOG = test_reencryption.test_the_log_is_opened_by_the_service_that_delivers_it_and_for_this_account_alone


def said(was: str, now: str) -> Change:
    """Change the definition of the state machine, which is text with ARNs within."""

    def change(properties: Properties) -> None:
        parts = properties["DefinitionString"]["Fn::Join"][1]
        changed = [part.replace(was, now) if isinstance(part, str) else part for part in parts]
        assert changed != parts, was
        parts[:] = changed

    return change


REENCRYPTION_WEAKENINGS = [
    Weakening(
        "the machine that may take its role",
        ROLE,
        lambda role: role["AssumeRolePolicyDocument"]["Statement"][0].pop("Condition"),
        test_reencryption.test_only_step_functions_takes_the_machines_role_and_for_this_machine_alone,
        logical_id="ReencryptionMachine",
    ),
    Weakening(
        "data of executions kept out of the log",
        MACHINE,
        having(True, "LoggingConfiguration", "IncludeExecutionData"),  # noqa: FBT003
        HARDENED,
    ),
    Weakening("key of executions", MACHINE, without("EncryptionConfiguration"), HARDENED),
    Weakening("traces of executions", MACHINE, without("TracingConfiguration"), HARDENED),
    Weakening(
        "small answers of segments",
        MACHINE,
        said('"Type": "Pass", "Result": 0, "End": true', '"Type": "Succeed"'),
        test_reencryption.test_a_map_of_many_segments_hands_on_what_a_state_can_hold,
    ),
    Weakening(
        "no second try of what was refused",
        MACHINE,
        said('"Unavailable"', '"States.TaskFailed"'),
        test_reencryption.test_what_was_refused_ends_at_once_and_what_passes_is_tried_again,
    ),
    Weakening(
        "where a segment is, kept from what S3 answers",
        MACHINE,
        said('"ResultPath": null', '"ResultPath": "$"'),
        test_reencryption.test_where_a_segment_is_is_saved_before_it_goes_on,
    ),
    Weakening(
        "a summary of a run that failed",
        MACHINE,
        said('"Next": "SummarizeFailed"', '"Next": "Failed"'),
        test_reencryption.test_however_it_ends_there_is_a_summary_and_the_failure_is_what_is_told,
    ),
    Weakening(
        "denial of others' writes to the runs",
        BUCKET_POLICY,
        without_statement("NobodyElseWrites", "PolicyDocument"),
        test_reencryption.test_nobody_but_these_two_writes_to_the_bucket,
        logical_id="Runs",
    ),
    *(
        Weakening(
            what,
            POLICY,
            in_statement(sid, "PolicyDocument", change=without("Condition")),
            test_reencryption.test_a_bucket_of_that_name_in_another_account_gets_nothing,
            logical_id=logical_id,
        )
        for what, sid, logical_id in (
            ("the account of the planner's runs", "Runs", PLANNER),
            ("the account of the planner's lists", "ListRuns", PLANNER),
            ("the account of the machine's manifests", "Manifests", OF_MACHINE),
            ("the account of the machine's answers", "Answers", OF_MACHINE),
        )
    ),
    Weakening(
        "places in the bucket that the machine writes",
        POLICY,
        in_statement("Answers", "PolicyDocument", change=having("*", "Resource")),
        test_reencryption.test_planner_and_machine_reach_their_places_in_the_bucket_and_delete_nothing,
        {"place": f"{test_reencryption.RUN}/plan.json"},
        logical_id=OF_MACHINE,
    ),
    *(
        Weakening(
            f"{what}, by IAM",
            POLICY,
            in_statement(sid, "PolicyDocument", change=without("Condition")),
            OF_STORAGE_KEY,
            logical_id=logical_id,
        )
        for what, sid, logical_id in (
            ("the planner's bucket", "StorageKeyThroughRunsBucket", PLANNER),
            ("the machine's bucket", "StorageKeyThroughRunsBucket", OF_MACHINE),
            ("the machine's executions", "ExecutionsLieUnderTheStorageKey", OF_MACHINE),
            ("the machine's log", "ItsLogOnTheWay", OF_MACHINE),
        )
    ),
    *(
        Weakening(
            f"{what}, by the storage key",
            KEY,
            in_statement(sid, "KeyPolicy", change=without("Condition")),
            noticed_by,
            logical_id="StorageKey",
        )
        for what, sid, noticed_by in (
            ("the bucket of runs", "AccountMayUseThroughRunsBucket", OF_STORAGE_KEY),
            ("the executions", "AccountMayUseForReencryption", OF_STORAGE_KEY),
            ("the log", "AccountMayHandOnItsLog", OF_STORAGE_KEY),
            ("whose log is delivered", "LogDeliveryMayDecrypt", OF_LOG),
        )
    ),
    Weakening(
        "operators without functions",
        POLICY,
        in_statement("Runs", "PolicyDocument", change=having(["lambda:InvokeFunction"], "Action")),
        test_reencryption.test_operators_start_and_stop_the_one_machine_and_read_its_results,
        logical_id=OPERATORS,
    ),
]
