"""Keys for programs: `secret` is how they look, `scopes` what they reach, `acting` who they stand for,
`issuing` how they come and go, `usage` what they were used for.
"""
