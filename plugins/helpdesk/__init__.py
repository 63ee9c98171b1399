"""Support: people ask, support agents answer.

For: tickets with replies and attachments, the agents' desk (queues, internal notes, assignment, priority, history),
a way from error pages to a ticket.
Not for: live chat and the knowledge base (not built), what happened to bookings and money (their own plugins).
A ticket is urgent when its session starts soon, if scheduling is on and says so.
Services: none. Uses `scheduling.Bookings` and `users.People` where they are.
Events: helpdesk.ticket_opened.v1, helpdesk.requester_replied.v1, helpdesk.agent_replied.v1,
helpdesk.state_changed.v1, helpdesk.assigned.v1, helpdesk.priority_changed.v1. Texts never travel in events.
Rooms beyond the usual: states.py (states, priorities, categories), files.py (attachments), neighbours.py (what other
plugins can tell), viewing.py (rows as pages show them).
"""
