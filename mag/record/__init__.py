"""Everything on disk: paths, records, locks, the store, the code record."""
