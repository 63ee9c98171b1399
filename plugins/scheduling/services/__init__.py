"""The use cases of scheduling: the only writer of its tables. In the order in which a booking lives:

core        moving a booking from state to state, with its history; the calendars' locks
holding     a time is taken while the form is filled in
parties     somebody else it is for, guests, observers
booking     the form is sent
series      the same time every week, several in one go
requests    interviewers are asked, for a time or for now
standing    the payment, and the moment from which a booking stands
practice    with the scripted interviewer, at once or later
cancelling  called off, with the result that was shown
moving      another time, length or interviewer
proposals   the interviewer would like something else
waiting     the waiting list for freed times
links       acting from a mail, without signing in
changes     run out, begun, over
overrides   administrators say what became of a session, and send its confirmation again
bulk        several bookings called off together, with seconds to take it back
strikes     marks against those who call off late or do not come
policy      a tenant's policies and their versions
hours       an interviewer's weekly hours, limits and offers
days        single days, time off, travel: one by one, in bulk, from a file
busy        times taken in other calendars
assignment  whose turn it is when any suitable interviewer will do
offers      priority and weight of those who offer a type
anyone      a time held with whoever's turn it is
matching    candidates' windows and the times proposed for them
demand      which hours of the week are looked for
types       interview types, and their own reminders
reminders   what is said before and after a session: planned, checked again, said once
preparation what each side has ticked off, the résumé, who runs late
joining     personal links to a session
calendars   calendars elsewhere, and the private feed
"""
