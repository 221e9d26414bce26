"""Compile functions with numba: ahead of their first call, kept on disk, and without the interpreter's lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import njit


def kernel(signature: Any, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Return a decorator that compiles for one signature when the module is imported, so never in a request.

    The machine code is kept beside the source, or in the user's cache folder, and is made again on another CPU. Where
    neither can be written, every start compiles, which takes seconds.
    """

    def compiled(function: Callable[..., Any]) -> Any:
        try:
            return njit(signature, nogil=True, cache=True, **options)(function)
        except RuntimeError as error:
            if "cannot cache" not in str(error):
                raise
            return njit(signature, nogil=True, **options)(function)

    return compiled


def spread(builder: Any, value: Any, lanes: int) -> Any:
    """Emit a vector that holds the value in every lane, in the LLVM code of a kernel.

    What is on disk is made again when the kernel's own file changes, not when this one does.
    """
    nothing = ir.Constant(ir.VectorType(value.type, lanes), ir.Undefined)
    first = builder.insert_element(nothing, value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes))
