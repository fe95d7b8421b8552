"""The course: its notebooks (notebooks.py) and what checks their exercises (checking.py, exercises/nb00.py, ...).

    from minigrad.learn import check
    check("02.matmul_vjp", my_vjp)
"""
from ..support.browser import IN_BROWSER
from .checking import Wrong, call, check, exercise, for_all, progress, same

__all__ = ["Wrong", "call", "check", "exercise", "for_all", "progress", "same"]

if IN_BROWSER:
    from .settling import settle
    settle()
