"""What users keep for themselves of their dashboards."""

from __future__ import annotations

from domain.access import Own
from domain.record import OWNER
from domain.resource import Field, Kind, Resource

SAVED_FILTER = Resource(
    name="savedFilter",
    plural="savedFilters",
    service="bff",
    path="/{indexName}/filters",
    doc="Conditions on a search that a user keeps under a name, for one index.",
    owner=OWNER.name,
    sees=Own(OWNER.name),
    changes=Own(OWNER.name),
    has_get=False,
    has_list=False,
    fields=(
        Field("indexName", Kind.STRING, "What is searched.", required=True, lookup=True),
        Field("filterName", Kind.STRING, "What its owner calls it.", required=True),
        Field("conditions", Kind.OBJECT, "The conditions, as a search takes them.", required=True),
        OWNER,
    ),
)
