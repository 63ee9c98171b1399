"""Who is acting and what they may do: accounts, sign-in sessions, passwords, permissions, audit."""
