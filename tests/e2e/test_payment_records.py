"""What is written down of the money: who sees it, and who may write."""

from tests.e2e.talk import ABSENT, Person, ok, refused, told
from tests.e2e.world import World, rows


def test_who_sees_which_record(world: World, host: Person, guest: Person, stranger: Person, moderator: Person) -> None:
    """Charge, refund and attempt: guest and admin; payout: host and admin."""
    stay = world.completed(guest, host, nights=2)
    (charge,), (payout,) = world.records(stay, "charge"), world.records(stay, "payout")
    attempt = world.attempt(stay)
    for record, seeing, blind in ((charge, guest, host), (payout, host, guest)):
        path = f"/v1/paymentrecords/{record['id']}"
        for caller in (seeing, world.root):
            assert ok(caller.get(path))["paymentRecord"]["id"] == record["id"]
        for caller in (blind, stranger, moderator):
            refused(caller.get(path), 404, "NOT_FOUND")
        refused(world.nobody.get(path), 401)
        body = ok(seeing.get("/v1/paymentrecords", reservationId=stay["id"]))
        assert [row["id"] for row in body["paymentRecords"]] == [record["id"]]
        assert body["paging"]["totalRowCount"] == 1
    for path in (
        f"/v1/reservationpayment/{attempt['id']}",
        f"/v1/reservationpaymentbyorderid/{stay['id']}",
        f"/v1/reservationpaymentbypaymentid/{attempt['paymentId']}",
    ):
        ok(guest.get(path))
        for caller in (host, stranger):
            refused(caller.get(path), 404, "NOT_FOUND")
    assert rows(stranger, "/v1/reservationpayments", orderId=stay["id"]) == []
    assert len(rows(guest, "/v1/reservationpayments", orderId=stay["id"])) == 1


def test_nobody_writes_payment_state(world: World, host: Person, guest: Person, stranger: Person) -> None:
    stay = world.confirmed(guest, world.listing(host))
    attempt = world.attempt(stay)
    note = {
        "reservationId": stay["id"],
        "paymentIntentId": "x",
        "currency": "EUR",
        "amountPaid": 5,
        "paymentStatus": "paid",
    }
    refused(guest.post("/v1/paymentrecords", note), 403, "FORBIDDEN")
    made = {"orderId": stay["id"], "paymentId": "pi_x", "paymentStatus": "succeeded", "statusLiteral": "succeeded"}
    refused(world.root.post("/v1/reservationpayment", made), 409, "SERVER_OWNED")
    refused(world.root.delete(f"/v1/reservationpayment/{attempt['id']}"), 409, "SERVER_OWNED")
    path = f"/v1/reservationpayment/{attempt['id']}"
    changed = ok(world.root.patch(path, {"redirectUrl": "https://x.example/back"}))["sys_reservationPayment"]
    assert changed["redirectUrl"] == "https://x.example/back"
    for sent in ({"paymentStatus": "failed"}, {"statusLiteral": "failed"}, {"paymentId": "pi_other"}):
        world.root.patch(path, sent)
        assert world.attempt(stay) == changed, sent
    refused(guest.patch(path, {"redirectUrl": "x"}), 403, "FORBIDDEN")
    answer = guest.patch(f"/v1/reservations/{stay['id']}", {"paymentConfirmation": "pending"})
    assert answer.status_code < 500, told(answer)
    assert world.see(guest, stay)["paymentConfirmation"] == "paid"


def test_a_manual_note_moves_no_money(world: World, admin: Person, host: Person, guest: Person) -> None:
    stay = world.confirmed(guest, world.listing(host))
    note = {
        "reservationId": stay["id"],
        "paymentIntentId": "bank",
        "currency": "EUR",
        "amountPaid": 500,
        "paymentStatus": "paid",
    }
    made = ok(admin.post("/v1/paymentrecords", note), 201)["paymentRecord"]
    assert made["kind"] == "manual"
    assert world.see(guest, stay) == stay
    world.cancel(host, stay)
    assert sum(row["refundAmount"] for row in world.records(stay, "refund")) == stay["totalPrice"]
    refused(world.root.post("/v1/paymentrecords", note | {"reservationId": ABSENT}), 404, "NOT_FOUND")
