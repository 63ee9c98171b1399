"""What the commands do: serving, the demo, upkeep. Floor 10, above the application."""
