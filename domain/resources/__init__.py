"""Each resource as callers see it: fields, filters, and who sees and changes what."""
