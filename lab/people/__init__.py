"""People at the phone and at the panel: they read pages and tap, as a browser without a script lets them."""
