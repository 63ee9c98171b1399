"""The use cases of scheduling: the only writer of its tables.

core       moving a booking from state to state, with its history and its news
booking    hold, confirm, practice: how a booking comes to be
changes    cancel, move, expire, start, finish: what becomes of it
hours      an interviewer's hours, days off and offers
types      interview types
"""
