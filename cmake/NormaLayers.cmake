# How a room of the house is built. norma_layer(NAME SOURCES ... USES ... [TORCH]) makes the static library
# norma_NAME; USES names the layers below it, TORCH gives it LibTorch and the one precompiled header.

add_library(norma_options INTERFACE)
target_compile_features(norma_options INTERFACE cxx_std_20)
target_include_directories(norma_options INTERFACE "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/include")
# Contraction would fuse Mul and Add and change bits (contract norma-1).
target_compile_options(norma_options INTERFACE -Wall -Wextra -ffp-contract=off)
if(NORMA_SANITIZE)
  # Lines of code are enough for a report; all that -g says takes half as long again to compile.
  target_compile_options(norma_options INTERFACE -fsanitize=${NORMA_SANITIZE} -fno-omit-frame-pointer -g1
                         -fno-sanitize-recover=all
                         # What sanitizers insert confuses this warning of g++ (its manual says so).
                         $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(norma_options INTERFACE -fsanitize=${NORMA_SANITIZE})
endif()
if(NORMA_EXECUTOR STREQUAL "openmp")
  find_package(OpenMP REQUIRED COMPONENTS CXX)
  # As flags: the compiler's path of libgomp would compete with the one in the torch wheel.
  separate_arguments(norma_openmp UNIX_COMMAND "${OpenMP_CXX_FLAGS}")
  target_compile_options(norma_options INTERFACE ${norma_openmp})
  target_link_options(norma_options INTERFACE ${norma_openmp})
  target_compile_definitions(norma_options INTERFACE NORMA_EXECUTOR_OPENMP=1)
else()
  find_package(Threads REQUIRED)
  target_link_libraries(norma_options INTERFACE Threads::Threads)
endif()
message(STATUS "norma: default threads: ${NORMA_EXECUTOR}")

function(norma_layer name)
  cmake_parse_arguments(arg "TORCH" "" "SOURCES;USES" ${ARGN})
  set(target norma_${name})
  add_library(${target} STATIC ${arg_SOURCES})
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON
                        CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_link_libraries(${target} PUBLIC norma_options)
  foreach(use IN LISTS arg_USES)
    target_link_libraries(${target} PUBLIC norma_${use})
  endforeach()
  if(arg_TORCH)
    norma_use_torch(${target})
  endif()
endfunction()
