# LibTorch out of the torch wheel in NORMA_VENV. The wheel's own CMake package wants a CUDA toolkit where the
# wheel is a CUDA build, so its libraries are linked directly: libtorch_cpu, libtorch, libc10.

set(NORMA_TORCH_FOUND OFF)
if(NOT NORMA_WITH_TORCH STREQUAL "OFF")
  if(EXISTS "${NORMA_VENV}/bin/python3")
    execute_process(
      COMMAND "${NORMA_VENV}/bin/python3" -c
              "import importlib.util as u, os; s = u.find_spec('torch'); print(os.path.dirname(s.origin) if s else '')"
      OUTPUT_VARIABLE norma_torch_dir OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  endif()
  if(norma_torch_dir AND EXISTS "${norma_torch_dir}/lib/libtorch_cpu.so")
    set(NORMA_TORCH_FOUND ON)
    message(STATUS "norma: torch: ${norma_torch_dir}")
  elseif(NORMA_WITH_TORCH STREQUAL "ON")
    message(FATAL_ERROR "norma: NORMA_WITH_TORCH=ON but ${NORMA_VENV} has no torch wheel. Run scripts/setup.sh.")
  else()
    message(STATUS "norma: torch: off, ${NORMA_VENV} has no torch wheel (scripts/setup.sh installs it)")
  endif()
else()
  message(STATUS "norma: torch: off, NORMA_WITH_TORCH=OFF")
endif()
message(STATUS "norma: cuda: off, this version has no CUDA kernels (no_cuda stubs are linked)")

if(NORMA_TORCH_FOUND)
  add_library(norma_torch_runtime INTERFACE)
  target_include_directories(norma_torch_runtime SYSTEM INTERFACE
    "${norma_torch_dir}/include" "${norma_torch_dir}/include/torch/csrc/api/include")
  # The wheel brings its own headers of fmt, which come before the system's, and no library to them.
  target_compile_definitions(norma_torch_runtime INTERFACE FMT_HEADER_ONLY=1)
  target_link_options(norma_torch_runtime INTERFACE "-Wl,--no-as-needed")
  target_link_libraries(norma_torch_runtime INTERFACE
    "${norma_torch_dir}/lib/libtorch_cpu.so" "${norma_torch_dir}/lib/libtorch.so"
    "${norma_torch_dir}/lib/libc10.so")

  # A file that includes torch costs 15-25 s without the precompiled header; all users share its flags.
  file(WRITE "${PROJECT_BINARY_DIR}/torch_pch.cc" "// The translation unit that owns the precompiled header.\n")
  add_library(norma_torch_pch STATIC "${PROJECT_BINARY_DIR}/torch_pch.cc")
  set_target_properties(norma_torch_pch PROPERTIES POSITION_INDEPENDENT_CODE ON
                        CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_link_libraries(norma_torch_pch PUBLIC norma_options norma_torch_runtime)
  target_precompile_headers(norma_torch_pch PRIVATE <torch/torch.h>)
endif()

# A program is compiled with the -fPIC of the libraries, not the -fPIE that CMake would give it: the compiler takes
# the precompiled header only under the flags that made it.
function(norma_use_torch target)
  set_target_properties(${target} PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "EXECUTABLE")
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${target} PRIVATE -fPIC)
  else()
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  endif()
  target_link_libraries(${target} PUBLIC norma_torch_runtime)
  target_precompile_headers(${target} REUSE_FROM norma_torch_pch)
endfunction()
