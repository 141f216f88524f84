"""Kernel calls without numba's overhead for every call: from Python, and from other kernels."""

import hashlib
from collections.abc import Callable
from typing import Any

from numba import typeof, types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.core.typing.templates import Signature
from numba.extending import NativeValue, intrinsic, models, register_model, typeof_impl, unbox


class Repeated:
    """A kernel called repeatedly with arguments of the same types, which are resolved in the first call.

    Resolving a hundred arrays in nested tuples takes numba 10 microseconds, or 30 if rows have filled the caches since.

    Example:
        >>> import numpy as np
        >>> from fastgen.kernels.columns import scaled
        >>> out, in_hundredths = np.empty(2), Repeated(scaled)
        >>> for values in ([1, 2], [3, 4]):
        ...     in_hundredths(out, np.array(values), 100.0)
        ...     out.tolist()
        [0.01, 0.02]
        [0.03, 0.04]
    """

    def __init__(self, kernel: Any) -> None:
        self._kernel = kernel
        self._entry: Callable[..., Any] | None = None

    def __call__(self, *arguments: Any) -> Any:
        if self._entry is not None:
            return self._entry(*arguments)
        result, overloads = self._kernel(*arguments), self._kernel.overloads
        [found] = overloads.values() if len(overloads) == 1 else [overloads[tuple(map(typeof, arguments))]]
        self._entry = found.entry_point
        return result


class Callee:
    """A kernel passed as an argument to another one.

    A kernel can also call another by name, but then the callee's code is compiled once more as a part of the caller.

    Args:
        kernel: the kernel to call.
        returns: numba's type of its result.
        arguments: examples of its arguments; only their types matter.
        is_called: whether it will be called; if not, it is not compiled.

    Example:
        >>> import numpy as np
        >>> from fastgen.kernels.columns import scaled
        >>> from fastgen.kernels.jit import kernel
        >>> @kernel
        ... def scale_rows(callee, out, values):
        ...     for row in range(out.shape[0]):
        ...         call(callee, (out[row], values[row], 10.0))
        >>> out, values = np.empty((2, 2)), np.arange(4).reshape(2, 2)
        >>> scale_rows(Callee(scaled, types.none, (out[0], values[0], 10.0)), out, values)
        >>> out.tolist()
        [[0.0, 0.1], [0.2, 0.3]]
    """

    def __init__(self, kernel: Any, returns: types.Type, arguments: tuple[Any, ...], is_called: bool = True) -> None:
        kinds = tuple(map(typeof, arguments))
        self.signature = returns(*kinds)
        self.address = 0
        self._kernel = kernel  # keeps its machine code alive
        if is_called:
            kernel.compile(kinds)
            compiled = kernel.overloads[kinds]
            assert compiled.signature == self.signature
            self.address = compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)


class CalleeType(types.Type):  # type: ignore[misc]  # numba has no types
    """The address of a kernel with a given signature."""

    def __init__(self, signature: Signature) -> None:
        self.signature = signature
        # The names of types become part of function names, and a signature with all its tuples has thousands of characters.
        super().__init__(name=f"Callee({hashlib.sha256(str(signature).encode()).hexdigest()[:16]})")


@register_model(CalleeType)
class CalleeModel(models.PrimitiveModel):  # type: ignore[misc]  # numba has no types
    """A machine word."""

    def __init__(self, data_models: Any, of: CalleeType) -> None:
        super().__init__(data_models, of, cgutils.intp_t)


@typeof_impl.register(Callee)
def _type_of(callee: Callee, _: Any) -> CalleeType:
    return CalleeType(callee.signature)


@unbox(CalleeType)
def _unboxed(_: CalleeType, value: Any, context: Any) -> NativeValue:
    attribute = context.pyapi.object_getattr_string(value, "address")
    address = context.pyapi.long_as_longlong(attribute)
    context.pyapi.decref(attribute)
    return NativeValue(address)


@intrinsic
def call(typing_context: Any, callee: Any, arguments: Any) -> Any:
    """call(callee, arguments): call the kernel with a tuple of arguments; other types than its own do not compile."""
    signature = callee.signature
    given = tuple(map(types.unliteral, arguments))
    if given != signature.args:
        raise TypingError(f"a kernel for {signature.args} is called with {given}")

    def codegen(context: Any, builder: Any, _: Any, args: Any) -> Any:
        convention = context.call_conv
        kind = convention.get_function_type(signature.return_type, signature.args)
        function = builder.inttoptr(args[0], kind.as_pointer())
        values = cgutils.unpack_tuple(builder, args[1])
        status, result = convention.call_function(builder, function, signature.return_type, signature.args, values)
        with cgutils.if_unlikely(builder, status.is_error):
            convention.return_status_propagate(builder, status)
        return result

    return signature.return_type(callee, arguments), codegen
