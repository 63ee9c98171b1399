"""Pages about the tenant itself: its domains, its limits, single settings; and what each person may set."""
