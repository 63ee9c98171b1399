"""Use cases, the only writers of this plugin's tables: one module per thing that is written."""
