"""What is right and wrong with an Innkeep: its settings, its database, and the work that should be going on.

    findings      what was seen, and what to do about it
    settings      names and values, contradictions, what is not safe in production
    database      the server, its migrations, the clocks
    work          read models, deadlines, housekeeping: is somebody at work, and does it go well?
    identity      the key that signs, and who may do everything
    disk          room for the embedded database
    examination   all of it, in order; what cannot be examined is a finding too

What makes a database unfit for the log is in `infra.postgres.guards`, and asked here as every start asks it.
"""

from infra.doctor.examination import examine
from infra.doctor.findings import Finding, State, worst

__all__ = ["Finding", "State", "examine", "worst"]
