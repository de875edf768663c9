"""How the other additions reach moto's CloudFormation: new resource types, and more of the existing ones.

A resource type that neither moto nor an addition knows makes the deployment fail and is named. moto would
leave it out with a warning, and what was "deployed" would not be what the template says.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import UnformattedGetAttTemplateException, ValidationError
from moto.core.common_models import CloudFormationModel

Properties = Mapping[str, Any]

_NOTHING_TO_CREATE = ("AWS::CDK::Metadata",)
_SUPPLIED: dict[str, type[CloudFormationModel]] = {}


@dataclass(frozen=True, slots=True)
class Where:
    """The account and Region a resource is created in, and its place in the template."""

    account: str
    region: str
    stack: str
    logical_id: str


@dataclass(frozen=True, slots=True)
class Created:
    """What a created resource answers to ``Ref`` and ``Fn::GetAtt``."""

    physical_id: str
    attributes: Mapping[str, str] = field(default_factory=dict)


Create = Callable[[Properties, Where], Created]
Apply = Callable[[Any, Properties, Where], None]


def installed() -> bool:
    """Tell whether the additions are in place."""
    return bool(_SUPPLIED)


def install() -> None:
    """Make an unknown resource type an error, and ignore the types that create nothing."""
    for name in _NOTHING_TO_CREATE:
        supply(name, lambda _properties, where: Created(where.logical_id))
    original = parsing.resource_class_from_type

    def resource_class_from_type(resource_type: str) -> type[CloudFormationModel]:
        found = original(resource_type)
        if found is None and resource_type not in parsing.NULL_MODELS:
            message = f"The embedded AWS cannot create {resource_type}. Add it in local/additions."
            raise ValidationError(resource_type, message=message)
        return found

    parsing.resource_class_from_type = resource_class_from_type


def refresh() -> None:
    """Let moto look again at which resource types there are: it remembers the list."""
    parsing.get_model_list.cache_clear()
    parsing.get_model_map.cache_clear()
    parsing.get_name_type_map.cache_clear()


def supply(resource_type: str, create: Create, *, attributes: tuple[str, ...] = ()) -> None:
    """Add a resource type that moto does not have.

    Parameters
    ----------
    resource_type
        As in the template, for example ``AWS::ApiGateway::Stage``.
    create
        Creates the resource from its properties, in which references are already resolved.
    attributes
        The names that ``Fn::GetAtt`` may ask for.
    """

    class Supplied(CloudFormationModel):
        def __init__(self, created: Created) -> None:
            self.created = created

        @property
        def physical_resource_id(self) -> str:
            return self.created.physical_id

        @staticmethod
        def cloudformation_name_type() -> str:
            return ""

        @staticmethod
        def cloudformation_type() -> str:
            return resource_type

        @classmethod
        def has_cfn_attr(cls, attr: str) -> bool:
            return attr in attributes

        def get_cfn_attribute(self, attribute_name: str) -> str:
            if attribute_name not in self.created.attributes:
                raise UnformattedGetAttTemplateException
            return self.created.attributes[attribute_name]

        @classmethod
        def create_from_cloudformation_json(
            cls,
            resource_name: str,  # noqa: ARG003 - moto passes it by place
            cloudformation_json: dict[str, Any],
            account_id: str,
            region_name: str,
            **kwargs: Any,  # noqa: ANN401
        ) -> "Supplied":
            where = _where(account_id, region_name, kwargs)
            return cls(create(cloudformation_json.get("Properties", {}), where))

    _SUPPLIED[resource_type] = Supplied  # type: ignore[type-abstract]


def extend(model: Any, apply: Apply) -> None:  # noqa: ANN401 - mypy takes moto's models for abstract
    """Let ``apply`` add to a resource of moto's what moto leaves out of its properties."""
    original = model.create_from_cloudformation_json

    def create_from_cloudformation_json(
        resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
        **kwargs: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        resource = original(resource_name, cloudformation_json, account_id, region_name, **kwargs)
        apply(resource, cloudformation_json.get("Properties", {}), _where(account_id, region_name, kwargs))
        return resource

    model.create_from_cloudformation_json = staticmethod(create_from_cloudformation_json)


def truth(value: object) -> bool:
    """Read a template's boolean, which may be the word."""
    return value is True or str(value).lower() == "true"


def _where(account: str, region: str, kwargs: Mapping[str, Any]) -> Where:
    return Where(account, region, kwargs.get("StackId", ""), kwargs.get("LogicalId", ""))
