"""The list service: people join, leave, and see or erase what is stored about them.

No page needs JavaScript, a cookie or a login; none of them tells whether an address is on the list.
"""
