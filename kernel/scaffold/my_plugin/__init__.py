"""My plugin: a board of short notes.

Publishes `my_plugin.note_added.v1`. Needs no other plugin.
"""
