"""Feedback: what both sides of a finished session write about it, and who may read it when.

For: the interviewer's scorecard by a rubric, the candidate's review of the interviewer, release of both at once
(double-blind), progress over time, ratings, moderation of reviews, rubrics, the self-review of practice sessions.
Not for: notes taken during a session (live), support tickets (helpdesk), money held until feedback is in (payments).

Events: `feedback.requested.v1`, `feedback.reminder_due.v1`, `feedback.scorecard_submitted.v1`,
`feedback.scorecard_revised.v1`, `feedback.review_submitted.v1`, `feedback.released.v1`,
`feedback.review_hidden.v1`, `feedback.review_restored.v1`, `feedback.review_reported.v1`.
Services: `feedback.Ratings` (average and count by interviewer, from a few reviews on).
"""
