"""The books: accounts, how a payment is split over them, and the one function that posts."""
