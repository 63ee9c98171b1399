"""Messages between browser and server, and how they reach everybody in a room."""
