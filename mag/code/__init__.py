"""The code that ran: git commits, snapshots and checkouts of them."""
