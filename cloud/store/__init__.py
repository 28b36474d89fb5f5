"""The cloud's store: tables (`schema`), how they are reached (`engine`), how they came to be (`migrations`)."""
