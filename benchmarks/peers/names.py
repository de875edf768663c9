"""The contenders' names, as tables show them and targets find them; importing it needs none of the peers."""

FORMAT_FLOOR = "floor: calls of the format"
BARE = "floor: bare AES-GCM"
KMS_ALONE = "floor: a call of KMS alone"

MESSAGE_BRANCH = "ours, branch keyring"
MESSAGE_KMS = "ours, KMS keyring"
MESSAGE_RAW = "ours, raw AES keyring"
ITEM_TENANT = "ours, tenant, flavor 00"
ITEM_TENANT_SIGNED = "ours, tenant, flavor 01"
ITEM_RECORD = "ours, record, flavor 00"
ITEM_RECORD_SIGNED = "ours, record, flavor 01"

MASTER_KEY_PROVIDER = "aws-encryption-sdk, master key provider"
KMS_KEYRING = "aws-encryption-sdk, KMS keyring"
CACHING = "aws-encryption-sdk, caching manager"
HIERARCHICAL = "aws-encryption-sdk, hierarchical keyring"
OFFICIAL_RAW = "aws-encryption-sdk, raw AES keyring"
#: Those that ask KMS for a data key for each message.
OFFICIAL_BY_KMS = (MASTER_KEY_PROVIDER, KMS_KEYRING)

TINK_LOCAL = "Tink, KMS envelope, local KEK"
TINK_KMS = "Tink, KMS envelope, AWS KMS"
ASHERAH = "Asherah, session"

ITEM_LOCAL = "dynamodb-encryption-sdk, local wrapping"
ITEM_KMS = "dynamodb-encryption-sdk, AWS KMS"

STREAM_ITERATED = "aws-encryption-sdk, iterated over"
STREAM_FRAMES = "aws-encryption-sdk, asked for whole frames"

# Where the data key comes from.
BY_KMS = "KMS data key"
BY_BRANCH_KEY = "branch key, cached"
BY_LOCAL_KEY = "local key"
