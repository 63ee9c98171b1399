"""Floor 5: what happens outside a request: events, jobs, schedules; and how plugins meet: filters, services."""
