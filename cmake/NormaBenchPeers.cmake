# The libraries that the bench compares with where they are there: oneDNN, linked, and ONNX Runtime's wheel, which a
# program of its own loads. NORMA_ONEDNN_FOUND, and norma_onednn to link.

# Not by oneDNN's own CMake package: Debian's wants OpenCL's headers too.
find_path(NORMA_ONEDNN_INCLUDE dnnl.hpp)
find_library(NORMA_ONEDNN_LIBRARY dnnl)
set(NORMA_ONEDNN_FOUND OFF)
if(NORMA_ONEDNN_INCLUDE AND NORMA_ONEDNN_LIBRARY)
  set(header "${NORMA_ONEDNN_INCLUDE}/oneapi/dnnl/dnnl_version.h")
  set(version 0)
  if(EXISTS "${header}")
    file(READ "${header}" text)
    string(REGEX MATCH "DNNL_VERSION_MAJOR ([0-9]+)" major "${text}")
    set(version "${CMAKE_MATCH_1}")
  endif()
  if(version EQUAL 2)
    set(NORMA_ONEDNN_FOUND ON)
    add_library(norma_onednn INTERFACE)
    target_include_directories(norma_onednn SYSTEM INTERFACE "${NORMA_ONEDNN_INCLUDE}")
    target_link_libraries(norma_onednn INTERFACE "${NORMA_ONEDNN_LIBRARY}")
    message(STATUS "norma: bench: oneDNN: ${NORMA_ONEDNN_LIBRARY}")
  else()
    message(STATUS "norma: bench: oneDNN: off, the peer is written for version 2 and this is ${version}")
  endif()
else()
  message(STATUS "norma: bench: oneDNN: off, it is missing (Debian: libdnnl-dev)")
endif()

execute_process(
  COMMAND "${NORMA_VENV}/bin/python3" -c
          "import importlib.metadata as m; m.version('onnx'); print(m.version('onnxruntime'))"
  OUTPUT_VARIABLE norma_onnxruntime OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(norma_onnxruntime)
  message(STATUS "norma: bench: ONNX Runtime: ${norma_onnxruntime}")
else()
  message(STATUS "norma: bench: ONNX Runtime: off until ${NORMA_VENV} has its wheel and onnx (scripts/setup.sh)")
endif()
