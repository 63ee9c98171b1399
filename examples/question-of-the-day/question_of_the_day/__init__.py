"""Question of the day: one question every morning, for everybody of a tenant to practise with.

Publishes `question_of_the_day.question_asked.v1`. Needs no other plugin; followers are told when there is one that
delivers notifications.
"""
