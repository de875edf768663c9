"""The tables by which Athena reads the trail's files: columns as CloudTrail writes them, days as partitions.

What must stay true: partitions are computed (`projection`), so no crawler and no one's memory is needed for a
new day to be found; a query that names Region and days reads those files alone.
"""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_glue as glue
from aws_cdk import region_info
from constructs import Construct

SESSION = (
    "struct<attributes:struct<mfaauthenticated:string,creationdate:string>,"
    "sessionissuer:struct<type:string,principalid:string,arn:string,accountid:string,username:string>,"
    "ec2roledelivery:string,webidfederationdata:struct<federatedprovider:string,attributes:map<string,string>>>"
)
IDENTITY = (
    "struct<type:string,principalid:string,arn:string,accountid:string,invokedby:string,accesskeyid:string,"
    f"username:string,onbehalfof:struct<userid:string,identitystorearn:string>,sessioncontext:{SESSION}>"
)
# The record of CloudTrail; what differs from service to service is kept as JSON text.
COLUMNS: Mapping[str, str] = {
    "eventversion": "string",
    "useridentity": IDENTITY,
    "eventtime": "string",
    "eventsource": "string",
    "eventname": "string",
    "awsregion": "string",
    "sourceipaddress": "string",
    "useragent": "string",
    "errorcode": "string",
    "errormessage": "string",
    "requestparameters": "string",
    "responseelements": "string",
    "additionaleventdata": "string",
    "requestid": "string",
    "eventid": "string",
    "readonly": "string",
    "resources": "array<struct<arn:string,accountid:string,type:string>>",
    "eventtype": "string",
    "apiversion": "string",
    "recipientaccountid": "string",
    "serviceeventdetails": "string",
    "sharedeventid": "string",
    "vpcendpointid": "string",
    "vpcendpointaccountid": "string",
    "eventcategory": "string",
    "addendum": "struct<reason:string,updatedfields:string,originalrequestid:string,originaleventid:string>",
    "sessioncredentialfromconsole": "string",
    "edgedevicedetails": "string",
    "tlsdetails": "struct<tlsversion:string,ciphersuite:string,clientprovidedhostheader:string>",
}
# The archive is that of one account; where a record has it: recipientaccountid.
PARTITIONS: Mapping[str, str] = {"region": "string", "day": "string"}


def regions(region: str | None) -> str:
    """Name all Regions of the partition, since the trail's files are filed by Region."""
    every = region_info.RegionInfo.regions
    home = "aws" if region is None else region_info.RegionInfo.get(region).partition or "aws"
    return ",".join(sorted(one.name for one in every if one.partition == home))


def trail_files(
    scope: Construct,
    construct_id: str,
    *,
    name: str,
    description: str,
    database: glue.CfnDatabase,
    location: str,
    region: str | None,
    days: int,
) -> glue.CfnTable:
    """Make a table over a trail's files.

    Parameters
    ----------
    location
        Where the files of the one account are: what comes before `/CloudTrail/`.
    region
        A Region of the partition; None: of the ordinary one.
    days
        How many days back there can be files.
    """
    return glue.CfnTable(
        scope,
        construct_id,
        catalog_id=cdk.Aws.ACCOUNT_ID,
        database_name=database.ref,
        table_input=glue.CfnTable.TableInputProperty(
            name=name,
            description=description,
            table_type="EXTERNAL_TABLE",
            partition_keys=[
                glue.CfnTable.ColumnProperty(name=column, type=kind) for column, kind in PARTITIONS.items()
            ],
            parameters={
                "classification": "cloudtrail",
                "projection.enabled": "true",
                "projection.region.type": "enum",
                "projection.region.values": regions(region),
                "projection.day.type": "date",
                "projection.day.format": "yyyy/MM/dd",
                "projection.day.range": f"NOW-{days}DAYS,NOW+1DAYS",
                "projection.day.interval": "1",
                "projection.day.interval.unit": "DAYS",
                "storage.location.template": f"{location}/CloudTrail/${{region}}/${{day}}",
            },
            storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                location=f"{location}/CloudTrail/",
                columns=[
                    glue.CfnTable.ColumnProperty(name=column, type=kind) for column, kind in COLUMNS.items()
                ],
                input_format="com.amazon.emr.cloudtrail.CloudTrailInputFormat",
                output_format="org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
                serde_info=glue.CfnTable.SerdeInfoProperty(
                    serialization_library="org.apache.hive.hcatalog.data.JsonSerDe",
                    parameters={"serialization.format": "1"},
                ),
            ),
        ),
    )
