"""Notifications: telling people what happened, by e-mail and in the app.

For: the kernel's NoticeSink (translation, formatting, at most once per person and channel), preferences, unsubscribing,
the bell, delivery of e-mails with retries and refusals, the mailbox viewer of a demo.
Not for: deciding what is worth telling (every plugin declares its own notification types); conversations.
Service: kernel NoticeSink. Events: none.
"""
