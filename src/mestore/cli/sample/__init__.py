"""The sample shop behind `mestore seed` and `make demo`: invented, and the same every time.

`catalog.json` holds the words and `catalog.py` reads them; `images.py` draws the product pictures
with the shapes of `icons.py` and the letters of `lettering.py`.
Vendors, brands and people do not exist; every e-mail is under example.com.
"""
