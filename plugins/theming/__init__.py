"""How a tenant looks, what it calls things, what its error pages say, and when it closes for maintenance.

For: brand (name, tagline, colour, corners, font, logo) live from the next page on; terminology packs and a tenant's
own words over every translated message; own words on error pages; the languages that a tenant offers; maintenance
windows with banners ahead, a 503 page, and no bookings over them.
Not for: the design system itself (kernel), texts of notifications, custom style sheets (a tenant chooses tokens).
Sub-packages: words/ (terminology), routes/.
Events: theming.maintenance_planned.v1, theming.maintenance_cancelled.v1.
Filters it steps into: scheduling.booking_requested.v1. Services it asks for when they are there: scheduling.Bookings.
"""
