"""Answers that have a form of their own, and what stands beside a resource in others, as JSON Schema by operation."""

from __future__ import annotations

from domain.resource import Kind
from domain.resources.operators import OPERATOR
from infra.http.schemas import COUNT, JSON_OF, Schema, field_schema


def _whole(**properties: Schema) -> Schema:
    """An object that always has all of these."""
    return {"type": "object", "required": [*properties], "properties": properties}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _many(items: Schema) -> Schema:
    return {"type": "array", "items": items}


ID, TEXT, FLAG, OBJECT = (JSON_OF[kind] for kind in (Kind.ID, Kind.STRING, Kind.BOOLEAN, Kind.OBJECT))
SESSION = _whole(
    sessionId=_or_null(ID),
    userId=ID,
    email=TEXT,
    fullname=TEXT,
    avatar=_or_null(TEXT),
    roleId=TEXT,
    emailVerified=FLAG,
    preferredLanguage=_or_null(TEXT),
    accessToken=_or_null(TEXT | {"description": "Null for who came with an API key."}),
)
PERMISSION = _whole(
    id=TEXT,
    permissionName=TEXT,
    roleId=TEXT,
    subjectUserId=_or_null(ID),
    subjectUserGroupId=_or_null(ID),
    objectId=_or_null(ID),
    canDo=FLAG,
    tenantCodename=_or_null(TEXT),
)
ONE_OPERATOR = _whole(id=ID, **{field.name: field_schema(field) for field in OPERATOR.fields if field.shown})
OPERATOR_ID = _whole(operatorId=ID)
OPERATORS = _whole(
    listElement=_many(ONE_OPERATOR),
    totalElement=COUNT,
    items=_many(ONE_OPERATOR),
    totalItems=COUNT,
    pageNumber=COUNT,
    totalPages=COUNT,
    pageSize=COUNT,
    nextPage=_or_null(COUNT),
)
FEED = _whole(nextId=COUNT, events=_many(_whole(operatorId=ID, type=TEXT | {"enum": ["CREATE", "UPDATE", "DELETE"]})))
CLOCK = _whole(now=JSON_OF[Kind.INSTANT])
PAYMENT_RESULT = _whole(
    paymentTicketId=ID,
    orderId=ID,
    paymentId=_or_null(TEXT),
    paymentStatus=TEXT,
    paymentIntentInfo=OBJECT,
    statusLiteral=TEXT,
    amount=JSON_OF[Kind.MONEY],
    currency=TEXT,
    success=FLAG,
    description=TEXT,
    metadata=OBJECT,
    paymentUserParams=OBJECT,
)

BARE: dict[str, Schema] = {
    "login": SESSION,
    "relogin": SESSION,
    "currentUser": SESSION,
    "publicKey": _whole(keyId=TEXT, keyData=TEXT),
    "permissions": _many(PERMISSION),
    "permission": _whole(canDo=FLAG, exceptions=_many(ID)),
    "createOperator": OPERATOR_ID,
    "updateOperator": ONE_OPERATOR,
    "deleteOperator": OPERATOR_ID,
    "getOperator": ONE_OPERATOR,
    "listOperators": OPERATORS,
    "synchronizeOperators": FEED,
    "getClock": CLOCK,
    "moveClock": CLOCK,
}
"""Whole answers."""
BESIDE: dict[str, dict[str, Schema]] = {
    "startReservationPayment": {"paymentResult": PAYMENT_RESULT},
    "refreshReservationPayment": {"paymentResult": PAYMENT_RESULT},
    "callbackReservationPayment": {"paymentResult": PAYMENT_RESULT},
}
"""What stands in the envelope with the resource."""
