"""The switchboard: what is on for whom and why, switching with a rehearsal first, planning, taking back.

listing.py all plugins, single.py one switch with its forms, planned.py switches for later, history.py what was
switched, playground.py who has what, rest.py the same as JSON, explaining.py and touching.py what they show.
"""
