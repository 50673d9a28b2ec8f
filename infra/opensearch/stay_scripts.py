"""Nights that are free and what a stay costs, reckoned inside the index as `domain.pricing` does."""

from __future__ import annotations

from typing import Any

from domain.money import rate
from infra.opensearch.rules import Query, both, opposite
from infra.opensearch.stays import DAY, EPOCH, STAYS
from read_api.search.algebra import FreeNights, Stay

SEASON = """int season(def starts, def ends, long night) {
  for (int i = 0; i < starts.size(); i++) { if (starts.get(i) <= night && night < ends.get(i)) { return i; } }
  return -1;
}
long beside(def column, long place, long unit) {
  for (int i = 0; i < column.size(); i++) { long v = column.get(i); if (v / unit == place) { return v % unit; } }
  return -1;
}
"""
LENGTH = (
    SEASON
    + """long least = beside(doc['stay.least'], params.first, params.stays);
if (least < 0) {
  int s = season(doc['stay.season_starts'], doc['stay.season_ends'], params.first);
  if (s >= 0) { least = beside(doc['stay.season_least'], s, params.stays); }
}
if (least < 0) { least = doc['stay.min_stay'].size() > 0 ? doc['stay.min_stay'].value : params.least; }
long most = doc['stay.max_stay'].size() > 0 ? doc['stay.max_stay'].value : params.longest;
return least <= params.nights && params.nights <= most;"""
)
PRICE = (
    SEASON
    + """long share(long amount, long rate) {
  long product = amount * rate; long whole = product / 10000L;
  long twice = 2 * (product % 10000L);
  return twice > 10000L || (twice == 10000L && whole % 2 != 0) ? whole + 1 : whole;
}
long price(def doc, def params) {
  long gross = 0;
  for (long night = params.first; night < params.first + params.nights; night++) {
    long one = beside(doc['stay.overrides'], night, params.day);
    if (one < 0) {
      int s = season(doc['stay.season_starts'], doc['stay.season_ends'], night);
      if (s >= 0) { one = beside(doc['stay.season_prices'], s, params.day); }
    }
    gross += one < 0 ? doc['stay.price'].value : one;
  }
  long off = 0;
  def monthly = doc['stay.monthly_rate']; def weekly = doc['stay.weekly_rate'];
  if (params.nights >= params.monthly && monthly.size() > 0) { off = monthly.value; }
  else if (params.nights >= params.weekly && weekly.size() > 0) { off = weekly.value; }
  long discount = share(gross, off);
  long cleaning = doc['stay.cleaning_fee'].value;
  long net = gross - discount;
  if (net == 0 && cleaning == 0) { net = 1; }
  return net + cleaning + share(net, params.service) + share(net, doc['stay.tax_rate'].value);
}
"""
)


def free(asked: FreeNights) -> Query:
    """Each night of the stay is free, and its length is one that the listing takes on that arrival."""
    start, nights = asked.first.toordinal() - EPOCH, (asked.end - asked.first).days
    taken: Query = {"range": {"stay.taken": {"gte": start, "lt": start + nights}}}
    params = {"first": start, "nights": nights, "stays": STAYS, "least": asked.least, "longest": asked.most}
    length: Query = {"script": {"script": {"source": LENGTH, "params": params}}}
    return both([{"exists": {"field": "stay.price"}}, opposite(taken), length])


class StayPrices:
    """Scripts that reckon what the stay of a question costs at each listing."""

    def __init__(self, stay: Stay) -> None:
        terms = stay.terms
        self.params: dict[str, Any] = {
            "first": stay.first.toordinal() - EPOCH,
            "nights": (stay.end - stay.first).days,
            "day": DAY,
            "service": rate(terms.guest_service_fee_percent),
            "weekly": terms.weekly_discount_nights,
            "monthly": terms.monthly_discount_nights,
        }

    def field(self) -> dict[str, Any]:
        """The price of each that is found."""
        return {"script": {"source": PRICE + "return price(doc, params);", "params": self.params}}

    def order(self, *, descending: bool) -> dict[str, Any]:
        """By the price. As text of one length, since numbers of scripts are inexact."""
        source = PRICE + "String p = String.valueOf(price(doc, params)); return params.zeros.substring(p.length()) + p;"
        way, params = "desc" if descending else "asc", self.params | {"zeros": "0" * 19}
        return {"_script": {"type": "string", "order": way, "script": {"source": source, "params": params}}}

    def between(self, low: int | None, high: int | None) -> Query:
        """The price lies there, ends included; minor units."""
        params = self.params | {"low": low if low is not None else 0, "high": high if high is not None else 2**62}
        source = PRICE + "long p = price(doc, params); return params.low <= p && p <= params.high;"
        return {"script": {"script": {"source": source, "params": params}}}
