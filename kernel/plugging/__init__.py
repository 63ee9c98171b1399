"""Floor 3: which plugins there are and what they declared; pluggy lives here and runs at boot only."""
