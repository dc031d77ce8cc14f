"""Everything that runs: a request becomes a plan, is launched, and ends in a report."""
