"""The CLUB Panasonic ID site: login and sign-up for the app, and the account page. An origin of its own (S-2FA-08)."""
