"""Media: the files of pictures, served for ever because a changed picture has another address.

Owns no table; publishes and listens to nothing.
"""
