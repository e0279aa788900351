"""The one compiled part: optional, so that an installation without a C compiler still works."""

import sys

from setuptools import Extension, setup

kernel = Extension(
    "ftdsl.dedup._kernel",
    sources=["ftdsl/dedup/_kernel.c"],
    extra_compile_args=[] if sys.platform == "win32" else ["-O3", "-Wall", "-Wextra"],
    py_limited_api=True,
    optional=True,
)

# One wheel a platform serves every Python from 3.11 on.
setup(ext_modules=[kernel], options={"bdist_wheel": {"py_limited_api": "cp311"}})
