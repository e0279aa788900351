"""The compiled parts: optional, so that an installation without a C compiler still works."""

import sys

from setuptools import Extension, setup


def compiled(name: str, source: str) -> Extension:
    """A module that may be missing: there is a way without it."""
    return Extension(
        name,
        sources=[source],
        extra_compile_args=[] if sys.platform == "win32" else ["-O3", "-Wall", "-Wextra"],
        py_limited_api=True,
        optional=True,
    )


parts = [
    compiled("ftdsl.dedup._kernel", "ftdsl/dedup/_kernel.c"),
    compiled("ftdsl.data._scan", "ftdsl/data/_scan.c"),
]

# One wheel a platform serves every Python from 3.11 on.
setup(ext_modules=parts, options={"bdist_wheel": {"py_limited_api": "cp311"}})
