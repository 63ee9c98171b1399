"""Rooms in which a booked session happens: device check, video and audio, chat, timer, notes, end.

For a session between two people it relays signalling and keeps everything but the media itself; the media goes
from browser to browser. For a practice session it runs a scripted interviewer over the same wire as a text
room. Not here: who may book and when (scheduling), what is written about a session afterwards (feedback).

Events: `live.session_started.v1`, `live.session_ended.v1`, `live.no_show.v1`, `live.participant_waiting.v1`.
Services: `live.Sessions` (what became of a session), `live.Practices` (which topics a practice session touched).
Sub-packages: `states` (pure state machine), `hub` (wire, rooms of this process, fan-out over the bus),
`engines` (how media gets across), `tools` (chat, timer, notes), `ai` (scripted interviewer and its questions).
"""
