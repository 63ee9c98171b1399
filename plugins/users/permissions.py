"""Rights and roles of this plugin."""

from __future__ import annotations

from kernel import N_, Permission, Role

APPLY = "users.applications.apply"
DECIDE = "users.applications.decide"
PEOPLE = "users.people.view"
INTERVIEWER = "users.interviewer.edit"
#: Of the kernel.
MANAGE_PEOPLE = "kernel.people.manage"
MANAGE_ROLES = "kernel.roles.manage"

ROLES = [
    Role(id="candidate", label=N_("Candidate")),
    Role(id="interviewer", label=N_("Interviewer")),
]

PERMISSIONS = [
    Permission(id=APPLY, label=N_("Apply to become an interviewer"), roles=("member", "candidate")),
    Permission(id=INTERVIEWER, label=N_("Keep an interviewer profile"), roles=("interviewer",)),
    Permission(id=DECIDE, label=N_("Decide on applications of interviewers")),
    Permission(id=PEOPLE, label=N_("See the list of people")),
]
