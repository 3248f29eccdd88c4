"""Media: the files of pictures, served for ever because a changed picture has another address.

Owns no table; publishes and listens to nothing. What comes in is decoded and written anew, so that
nothing of an upload but its pixels is ever served.
"""
