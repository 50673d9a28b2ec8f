"""`python -m tests.golden` writes new events into the golden file. It only adds."""

from __future__ import annotations

import sys

from tests.golden.events import FILE, update

try:
    new = update()
except ValueError as error:
    sys.exit(str(error))
sys.stdout.write(f"{FILE.name}: {', '.join(new) or 'nothing new'}\n")
