"""What an outside system does with operators and their feed."""

from typing import Any

from tests.e2e.talk import Caller, Json, ok
from tests.e2e.world import World

OPERATORS = "/api/v1/catalog/integrations/auth-required/operators"
FEED = f"{OPERATORS}/synchronization"
FIELDS = {
    *("id", "externalId", "email", "additionalEmail", "name", "phone", "landlinePhone", "role", "branchId"),
    *("isAccountManager", "isActive", "isAppliedDefaultClientFromBranch", "isAppliedDefaultWarehouseFromBranch"),
    *("cartDefaultWarehouseId", "cartDefaultClientId"),
}


def form(world: World, **over: Any) -> Json:
    return {"name": "Nowy", "phone": "987654321", "email": f"{world.unique('op')}@example.com"} | over


def create(caller: Caller, body: Json) -> str:
    answer = ok(caller.post(f"{OPERATORS}/create", body), 201)
    assert set(answer) == {"operatorId"}
    operator: str = answer["operatorId"]
    return operator


def head(key: Caller) -> int:
    """The id that the feed's next entry will have."""
    at: int = ok(key.get(FEED, numberOfEvents=10000))["nextId"]
    while (after := ok(key.get(FEED, startId=at, numberOfEvents=10000))["nextId"]) != at:
        at = after
    return at
