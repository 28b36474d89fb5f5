"""What a story is played on: the real programs in the machines of a home, what they have stored, what is wrong there."""
