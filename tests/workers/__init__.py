"""A server of several processes: one port, one record, and one of them killed now and then."""
