"""API keys: revoked stays revoked, and what already holds records nothing."""

from uuid import UUID

from domain.api_key import ApiKey
from tests.specs import given

ANNA = UUID("00000000-0000-7000-8000-00000000000a")


def made(key: ApiKey) -> None:
    key.create(maker=ANNA, prefix="sk_abcde", digest="d1", description="ERP", revoked=False)


def revoked(key: ApiKey) -> None:
    key.change(description="ERP", revoked=True)


def test_a_key_is_made_once() -> None:
    given(ApiKey).when(made).then("api_key.created.v1", maker=ANNA, prefix="sk_abcde", digest="d1", revoked=False)
    given(ApiKey).having(made).when(made).nothing()


def test_a_key_is_described_anew() -> None:
    given(ApiKey).having(made).when(lambda k: k.change(description=None, revoked=False)).then(
        "api_key.changed.v1", description=None, revoked=False
    )


def test_revoking_is_one_change_with_the_description() -> None:
    key = given(ApiKey).having(made).when(lambda k: k.change(description="old", revoked=True))
    assert key.then("api_key.changed.v1", description="old", revoked=True).revoked


def test_revoked_stays_revoked() -> None:
    given(ApiKey).having(made, revoked).when(lambda k: k.change(description="ERP", revoked=False)).refused(
        "WRONG_STATE"
    )


def test_revoking_twice_records_nothing() -> None:
    given(ApiKey).having(made, revoked).when(revoked).nothing()


def test_a_revoked_key_may_still_be_described() -> None:
    given(ApiKey).having(made, revoked).when(lambda k: k.change(description="gone", revoked=True)).then(
        "api_key.changed.v1", description="gone", revoked=True
    )
