# What the compiler made of the kernels and of the specification, but for the long double of truth.cc.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
# A sanitizer's code is another.
if(NOT NORMA_SANITIZE)
  add_test(NAME core/code_generation
           COMMAND "${Python3_EXECUTABLE}" -B "${CMAKE_CURRENT_LIST_DIR}/code_generation.py"
                   "${CMAKE_SYSTEM_PROCESSOR}" "${CMAKE_OBJDUMP}" "$<TARGET_OBJECTS:norma_cpu>"
                   "$<FILTER:$<TARGET_OBJECTS:norma_ref>,EXCLUDE,truth>"
           COMMAND_EXPAND_LISTS)
  set_tests_properties(core/code_generation PROPERTIES SKIP_RETURN_CODE 77)
endif()
