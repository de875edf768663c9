"""CloudTrail: every call to the embedded AWS becomes a record, which the deployed trail delivers.

Source: CloudTrail User Guide, "CloudTrail record contents", "Finding your CloudTrail log files", "CloudTrail
digest file structure".
"""
