"""Use cases about people: the only writers of this plugin's rows."""
