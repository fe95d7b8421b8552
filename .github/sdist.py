"""setuptools as it is, but for the place of MANIFEST.in: here, not at the top of the project."""
from setuptools.build_meta import *  # noqa: F403  the hooks that pip and build call
from setuptools.command.egg_info import manifest_maker

manifest_maker.template = ".github/MANIFEST.in"
