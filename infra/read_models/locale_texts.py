"""The texts of listings in the languages that somebody asks for: of each listing one."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from infra.postgres.arrays import Texts
from infra.read_models.asking import Asking
from infra.read_models.codec import from_json
from projections.projection import Document

# Of each listing the text in the first of these languages that there is one in: that very one, else any of its root.
CHOSEN = """SELECT DISTINCT ON (t.listing) t.body::text
  FROM (SELECT body, body->>'listingId' AS listing,
      replace(lower((body->>'languageCode') COLLATE "C"), '_', '-') AS code
    FROM doc_listing_locale_text
    WHERE body->>'listingId' = ANY(%b::text[]) AND body->'isActive' = 'true'::jsonb) AS t
  JOIN unnest(%b::text[]) WITH ORDINALITY AS wanted (tag, place)
    ON split_part(t.code, '-', 1) = split_part(wanted.tag, '-', 1)
  ORDER BY t.listing, wanted.place, (t.code = wanted.tag) DESC, t.code COLLATE "C" ASC"""


class LocaleTexts:
    """Reads them from the documents. A listing may have texts of megabytes, of which nobody is told more than one."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def __call__(self, listings: Sequence[UUID], languages: Sequence[str]) -> list[Document]:
        """One of each listing that has one in these languages (`pt-br`), those first that are wanted most. Raises
        Unavailable.
        """
        rows = await self._asking(CHOSEN, [Texts([str(id) for id in listings]), Texts(languages)])
        return [from_json(body) for (body,) in rows]
