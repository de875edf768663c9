"""WAF: web ACLs, what they protect and where they log come from templates. Nothing filters requests."""

from moto.wafv2.models import WAFV2Backend, wafv2_backends

from local.additions.cloudformation import Created, Properties, Where, supply


def install() -> None:
    """Add the resource types."""
    supply("AWS::WAFv2::WebACL", _web_acl, attributes=("Arn", "Id", "Capacity", "LabelNamespace"))
    supply("AWS::WAFv2::WebACLAssociation", _association)
    supply("AWS::WAFv2::LoggingConfiguration", _logging)


def _backend(where: Where) -> WAFV2Backend:
    return wafv2_backends[where.account][where.region]


def _web_acl(properties: Properties, where: Where) -> Created:
    name, scope = properties.get("Name", where.logical_id), properties["Scope"]
    acl = _backend(where).create_web_acl(
        name=name,
        visibility_config=dict(properties["VisibilityConfig"]),
        default_action=dict(properties["DefaultAction"]),
        scope=scope,
        description=properties.get("Description", ""),
        tags=list(properties.get("Tags", [])),
        rules=[dict(rule) for rule in properties.get("Rules", [])],
        association_config=properties.get("AssociationConfig"),
        captcha_config=properties.get("CaptchaConfig"),
        challenge_config=properties.get("ChallengeConfig"),
        custom_response_bodies=properties.get("CustomResponseBodies"),
        token_domains=properties.get("TokenDomains"),
    )
    attributes = {
        "Arn": acl.arn,
        "Id": acl.id,
        "Capacity": str(acl.capacity),
        "LabelNamespace": acl.label_namespace,
    }
    return Created(f"{name}|{acl.id}|{scope}", attributes)


def _association(properties: Properties, where: Where) -> Created:
    acl, resource = properties["WebACLArn"], properties["ResourceArn"]
    _backend(where).associate_web_acl(acl, resource)
    return Created(f"{acl}|{resource}")


def _logging(properties: Properties, where: Where) -> Created:
    arn = properties["ResourceArn"]
    _backend(where).put_logging_configuration(
        arn,
        list(properties["LogDestinationConfigs"]),
        properties.get("RedactedFields"),
        managed_gy_firewall_manager=False,
        logging_filter=properties.get("LoggingFilter"),  # type: ignore[arg-type]
    )
    return Created(arn)
