"""How numba's code for a kernel becomes machine code: with whole registers, on an aligned stack, and optimized once."""

from typing import Any

from llvmlite import binding
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler
from numba.core.compiler_machinery import register_pass
from numba.core.lowering import Lower
from numba.core.typed_passes import NativeLowering

from fastgen.kernels.vectors import ATTRIBUTES


class _VectorLower(Lower):  # type: ignore[misc]  # numba has no types
    """Lowers functions to LLVM IR with the attributes."""

    def setup_function(self, fndesc: Any) -> None:
        super().setup_function(fndesc)
        # llvmlite's own method accepts only LLVM's attributes without a value.
        set.update(self.function.attributes, ATTRIBUTES)


class _OptimizedOnce(JITCodeLibrary):  # type: ignore[misc]  # numba has no types
    """Machine code that LLVM optimizes once, together with the code of all that is called.

    Numba has it optimize each function alone before, and again, with an eye on reference counts, which kernels do not have. The
    code is as fast without, and made in less time. Helpers still get code of their own, which nobody runs.
    """

    def _optimize_functions(self, module: binding.ModuleRef) -> None:
        module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self) -> None:
        passes, builder = self._codegen._module_pass_manager()
        passes.run(self._final_module, builder)


@register_pass(mutates_CFG=True, analysis_only=False)
class _Lowering(NativeLowering):  # type: ignore[misc]  # numba has no types
    """Numba's lowering pass, with the classes above in place of numba's."""

    _name = "fastgen_native_lowering"

    @property
    def lowering_class(self) -> type[Lower]:
        return _VectorLower

    def run_pass(self, state: Any) -> bool:
        state.library = _OptimizedOnce(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library.enable_object_caching()
        return super().run_pass(state)  # type: ignore[no-any-return]  # numba has no types


class KernelCompiler(Compiler):  # type: ignore[misc]  # numba has no types
    """Numba's compiler with the pass above."""

    def define_pipelines(self) -> Any:
        pipelines = super().define_pipelines()
        for pipeline in pipelines:
            pipeline.passes = [(_Lowering if made is NativeLowering else made, name) for made, name in pipeline.passes]
            pipeline.finalize()
        return pipelines
