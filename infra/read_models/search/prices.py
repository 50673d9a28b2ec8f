"""What a whole stay costs, as SQL: the same as `domain.pricing.price`, which a property test holds it to."""

from __future__ import annotations

from domain.money import EXPONENTS, WHOLE, rate
from infra.postgres import ready as sql
from infra.read_models.rules import Parameters
from infra.read_models.search.stays import CALENDAR, IN_SEASON, SEASONS
from read_api.search.algebra import LONGEST_STAY, Stay

USUAL_DIGITS = 2

PRICE = sql.SQL(
    "(SELECT n.net + m.cleaning + {service} + {tax} FROM"
    " (SELECT {scale}::bigint AS scale OFFSET 0) AS s,"
    " LATERAL (SELECT (({d}.body->>'pricePerNight')::numeric * s.scale)::bigint AS night,"
    " (coalesce(({policies}->>'cleaningFee')::numeric, 0) * s.scale)::bigint AS cleaning,"
    " (coalesce(({d}.body->>'cityTaxPercent')::numeric, 0) * 100)::bigint AS tax OFFSET 0) AS m,"
    " LATERAL (SELECT {nights} * m.night + {seasons} + {overrides} AS gross OFFSET 0) AS g,"
    " LATERAL (SELECT g.gross - least({discount}, g.gross - (m.cleaning = 0)::int) AS net OFFSET 0) AS n)"
)
IN_SEASONS = sql.SQL(
    "coalesce((SELECT sum("
    "(least(({end})::date, (season->>'to')::date) - greatest(({first})::date, (season->>'from')::date))"
    " * (((season->>'pricePerNight')::numeric * s.scale)::bigint - m.night))::bigint FROM {seasons}"
    " WHERE season->>'pricePerNight' IS NOT NULL AND season->>'from' < {end} AND season->>'to' > {first}), 0)"
)
OVERRIDES = sql.SQL(
    "coalesce((SELECT sum((({n}.body->>'priceOverride')::numeric * s.scale)::bigint - coalesce("
    "(SELECT ((season->>'pricePerNight')::numeric * s.scale)::bigint FROM {seasons} WHERE {in_season}), m.night)"
    ")::bigint FROM {calendar} AND {n}.body->>'priceOverride' IS NOT NULL), 0)"
)


def stay_price(stay: Stay, parameters: Parameters, d: sql.Identifier) -> sql.Composable:
    """The price of the stay at the listing whose document is the row `d`: a bigint of minor units of its currency.

    Raises ValueError for a stay that is too long to be priced in 64 bits.
    """
    nights = (stay.end - stay.first).days
    if not 0 < nights <= LONGEST_STAY:
        raise ValueError(f"a stay of {nights} nights cannot be priced")
    first, end = (sql.SQL("{}::text").format(parameters(day.isoformat())) for day in (stay.first, stay.end))
    n = sql.Identifier("night")
    seasons = SEASONS.format(d=d)
    return PRICE.format(
        d=d,
        policies=sql.SQL("{}.body->'bookingPolicies'").format(d),
        scale=_scale(sql.SQL("({}.body->>'currency')").format(d)),
        nights=sql.SQL("{}::int").format(parameters(nights)),
        seasons=IN_SEASONS.format(seasons=seasons, first=first, end=end),
        overrides=OVERRIDES.format(
            n=n,
            seasons=seasons,
            calendar=CALENDAR.format(n=n, d=d, first=first, end=end),
            in_season=IN_SEASON.format(sql.SQL("({}.body->>'date')").format(n)),
        ),
        discount=part(sql.SQL("g.gross"), _discount(stay, nights, d)),
        service=part(sql.SQL("n.net"), sql.Literal(rate(stay.terms.guest_service_fee_percent))),
        tax=part(sql.SQL("n.net"), sql.SQL("m.tax")),
    )


def part(amount: sql.Composable, points: sql.Composable) -> sql.Composable:
    """`domain.money.part` of an amount that is not negative: a tie goes to the even neighbour."""
    return sql.SQL(
        "(({amount} * {points} + {half} - (mod({amount} * {points}, {twice}) = {half})::int) / {whole})"
    ).format(
        amount=amount,
        points=points,
        half=sql.Literal(WHOLE // 2),
        twice=sql.Literal(2 * WHOLE),
        whole=sql.Literal(WHOLE),
    )


def _discount(stay: Stay, nights: int, d: sql.Identifier) -> sql.Composable:
    """The rate of the discount for the length of the stay, in basis points."""
    names = []
    if nights >= stay.terms.monthly_discount_nights:
        names.append("monthlyDiscountPercent")
    if nights >= stay.terms.weekly_discount_nights:
        names.append("weeklyDiscountPercent")
    of = sql.SQL("({}.body->'bookingPolicies'->>{})::numeric")
    rates = [of.format(d, sql.Literal(name)) for name in names]
    return sql.SQL("(coalesce({}) * 100)::bigint").format(sql.SQL(", ").join([*rates, sql.SQL("0")]))


def _scale(currency: sql.Composable) -> sql.Composable:
    """Minor units in a major unit of the currency."""
    others = sorted({digits for digits in EXPONENTS.values() if digits != USUAL_DIGITS})
    cases = [
        sql.SQL(" WHEN {} = ANY({}) THEN {}").format(
            currency,
            sql.Literal([code for code, have in EXPONENTS.items() if have == digits]),
            sql.Literal(10**digits),
        )
        for digits in others
    ]
    return sql.SQL("CASE{} ELSE {} END").format(sql.Composed(cases), sql.Literal(10**USUAL_DIGITS))
