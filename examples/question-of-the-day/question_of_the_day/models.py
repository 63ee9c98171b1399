"""Tables. Written by services.py only."""

from __future__ import annotations

from uuid import UUID

from tortoise import fields

from kernel import TenantModel, Timestamped


class Question(TenantModel, Timestamped):
    """Something to practise with. A retired one is not asked again; the days on which it was asked stay."""

    text = fields.CharField(max_length=300)
    retired = fields.BooleanField(default=False)

    class Meta:
        table = "question_of_the_day_question"
        unique_together = (("tenant_id", "text"),)


class Asked(TenantModel):
    """The question of one day, on the tenant's own calendar."""

    question: fields.ForeignKeyRelation[Question] = fields.ForeignKeyField(
        "question_of_the_day.Question", related_name="days"
    )
    question_id: UUID
    day = fields.DateField()

    class Meta:
        table = "question_of_the_day_asked"
        unique_together = (("tenant_id", "day"),)


class Follower(TenantModel):
    """Somebody who wants to be told every morning."""

    account_id = fields.UUIDField()

    class Meta:
        table = "question_of_the_day_follower"
        unique_together = (("tenant_id", "account_id"),)
        personal = ("account_id",)
