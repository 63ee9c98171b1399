"""Work outside of requests."""

from __future__ import annotations

from datetime import timedelta

from kernel import Job

from .outbox import send_email
from .retention import clean
from .services import SEND_JOB
from .webhooks import sending
from .webhooks.services import JOB as WEBHOOK_JOB
from .webhooks.services import RESUME_JOB, queue_waiting

JOBS = [
    # Temporary refusals plan their own next attempt; these attempts are for faults of ours.
    Job(name=SEND_JOB, func=send_email, attempts=5, timeout=90.0),
    # Failures of the receiver plan their own next attempt.
    Job(name=WEBHOOK_JOB, func=sending.send, attempts=5, timeout=25.0),
    Job(name=RESUME_JOB, func=queue_waiting, attempts=5),
    Job(name="notifications.clean", func=clean, every=timedelta(hours=24), attempts=3),
]
