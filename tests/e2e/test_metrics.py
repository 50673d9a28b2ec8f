"""`GET /metrics`: what Prometheus learns, and who may ask."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.talk import Person, ok, refused
from tests.e2e.world import World

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(world: World) -> Samples:
    answer = world.nobody.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    families = text_string_to_metric_families(answer.text)
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def test_requests_commands_and_read_models_are_counted(world: World, host: Person) -> None:
    """By route, not by address; by command and how it ended; each read model with its lag and its dead letters."""
    before = samples(world)
    listing = world.listing(host)
    ok(host.get(f"/v1/listings/{listing['id']}"))
    refused(host.get("/v1/listings/00000000-0000-4000-8000-000000000000"), 404)
    refused(host.post("/v1/listings", {"title": "x"} | {"colour": "red"}), 400)
    after = samples(world)

    def grown(name: str, **labels: str) -> float:
        key = (name, tuple(sorted(labels.items())))
        return after[key] - before.get(key, 0)

    route = {"method": "GET", "route": "/v1/listings/{listingId}"}
    shown = [key for key in after if key[0] == "innkeep_request_seconds_count" and ("method", "GET") in key[1]]
    assert any(dict(labels)["route"].startswith("/v1/listings/{") for _, labels in shown), route
    assert not any(listing["id"] in dict(labels)["route"] for _, labels in shown)
    assert grown("innkeep_commands_total", command="createListing", outcome="done") == 1
    assert after["innkeep_dead_letters", (("model", "listing"),)] == 0
    assert after["innkeep_read_model_well", (("model", "listing"),)] == 1
    assert after["innkeep_read_model_lag_seconds", (("model", "deadline"),)] >= 0
    assert after["innkeep_append_saves_count", ()] > before["innkeep_append_saves_count", ()]
    assert after["innkeep_append_waiting", ()] == 0
    assert after["innkeep_log_position", ()] > 0
    assert after["innkeep_database_up", ()] == 1


def test_metrics_are_for_this_machine_and_for_admins(world: World, host: Person) -> None:
    """Behind a proxy everybody seems to call from here."""
    proxied = {"X-Forwarded-For": "203.0.113.7"}
    assert world.nobody.get("/metrics", headers=proxied).status_code == 403
    assert host.get("/metrics", headers=proxied).status_code == 403
    assert world.root.get("/metrics", headers=proxied).status_code == 200
