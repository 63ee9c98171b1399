"""People: sign-up, profiles, applications of interviewers and their public profiles.

For: sign-up with confirmed e-mail, password reset, profile and picture, the interviewer application and its review,
the interviewer's own profile (skills, languages, rate), the admin's list of people.
Not for: accounts, sessions and rights themselves (kernel); times and bookings (scheduling); reviews (feedback).
Services: users.Interviewers, users.People.
Events: users.signed_up.v1, users.email_verified.v1, users.application_submitted.v1, users.application_decided.v1,
users.interviewer_approved.v1, users.profile_changed.v1.
"""
