"""What people use in a room besides seeing and hearing each other."""
