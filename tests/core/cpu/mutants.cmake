# Mutation tests of the kernels: a kernel file compiled once more with one careless change, in a program of its
# own, where it takes the place of the library's. The change is made to a copy of the file or of one header, which
# the copy of the kernel file finds first: the library's sources know nothing of it, and a change that no longer
# fits them stops here. Compiled as the release is, since what the compiler fuses is asked too.
if(NORMA_SANITIZE OR NOT CMAKE_BUILD_TYPE STREQUAL "Release")
  return()
endif()

set(mutant_sources "${PROJECT_SOURCE_DIR}/src/core/cpu")
get_source_file_property(mutant_options "${mutant_sources}/rms_norm.cc" TARGET_DIRECTORY norma_cpu COMPILE_OPTIONS)
get_source_file_property(mutant_definitions "${mutant_sources}/rms_norm.cc" TARGET_DIRECTORY norma_cpu
                         COMPILE_DEFINITIONS)
foreach(property mutant_options mutant_definitions)
  if(NOT ${property})
    set(${property} "")
  endif()
endforeach()

# mutants_test.cc is for RMSNorm's kernels, operator_mutants_test.cc for all others.
foreach(tests mutants operator_mutants)
  add_library(norma_${tests}_test OBJECT cpu/${tests}_test.cc)
  target_include_directories(norma_${tests}_test PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(norma_${tests}_test PRIVATE norma_plan GTest::gtest)
endforeach()

# norma_mutant(NAME [OF KERNELS] [FILE INSTEAD_OF TEXT PUT TEXT] [FLAGS ...]); of rms_norm.cc where nothing is said
function(norma_mutant name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "OF;FILE;INSTEAD_OF;PUT" "FLAGS")
  set(tests norma_operator_mutants_test)
  if(NOT arg_OF)
    set(arg_OF rms_norm.cc)
    set(tests norma_mutants_test)
  endif()
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/mutants/${name}")
  # A header that an older version of this mutant changed would still be found first.
  file(GLOB stale "${folder}/core/cpu/*")
  list(REMOVE_ITEM stale "${folder}/core/cpu/${arg_OF}" "${folder}/core/cpu/${arg_FILE}")
  if(stale)
    file(REMOVE ${stale})
  endif()
  configure_file("${mutant_sources}/${arg_OF}" "${folder}/core/cpu/${arg_OF}" COPYONLY)
  if(arg_FILE)
    file(READ "${mutant_sources}/${arg_FILE}" text)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${mutant_sources}/${arg_FILE}")
    string(REPLACE "${arg_INSTEAD_OF}" "${arg_PUT}" mutated "${text}")
    if(mutated STREQUAL text)
      message(FATAL_ERROR "norma: ${arg_FILE} has no '${arg_INSTEAD_OF}' for the mutant ${name} to change")
    endif()
    file(CONFIGURE OUTPUT "${folder}/core/cpu/${arg_FILE}" CONTENT "${mutated}" @ONLY)
  endif()
  set_source_files_properties("${folder}/core/cpu/${arg_OF}" PROPERTIES
                              COMPILE_OPTIONS "${mutant_options};${arg_FLAGS}"
                              COMPILE_DEFINITIONS "${mutant_definitions}")
  add_library(norma_mutant_${name} OBJECT "${folder}/core/cpu/${arg_OF}")
  set_target_properties(norma_mutant_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON
                        CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_include_directories(norma_mutant_${name} BEFORE PRIVATE "${folder}")
  target_include_directories(norma_mutant_${name} SYSTEM PRIVATE
                             "$<TARGET_PROPERTY:norma_cpu,INCLUDE_DIRECTORIES>")
  target_link_libraries(norma_mutant_${name} PRIVATE norma_base)
  # Before the library, so that the linker takes nothing of the file from there.
  add_executable(norma_mutant_${name}_tests "$<TARGET_OBJECTS:norma_mutant_${name}>"
                 "$<TARGET_OBJECTS:${tests}>")
  target_link_libraries(norma_mutant_${name}_tests PRIVATE norma_plan GTest::gmock GTest::gtest_main)
  add_test(NAME core/mutant_${name} COMMAND norma_mutant_${name}_tests)
  set_tests_properties(core/mutant_${name} PROPERTIES ENVIRONMENT "NORMA_MUTANT=${name};NORMA_MUTANT_OF=${arg_OF}")
endfunction()

# What the lint over the objects says of a mutant.
function(norma_mutant_is_linted name fault)
  add_test(NAME core/code_generation_sees_${name}
           COMMAND "${Python3_EXECUTABLE}" -B "${CMAKE_CURRENT_SOURCE_DIR}/cpu/code_generation.py"
                   "${CMAKE_SYSTEM_PROCESSOR}" "${CMAKE_OBJDUMP}" "$<TARGET_OBJECTS:norma_mutant_${name}>"
           COMMAND_EXPAND_LISTS)
  set_tests_properties(core/code_generation_sees_${name} PROPERTIES SKIP_RETURN_CODE 77
                       PASS_REGULAR_EXPRESSION "rms_norm.cc.o: .*: ${fault}: ")
endfunction()

# Lanes folded by neighbours before halves, and the chunks of a block from the last to the first.
norma_mutant(swapped_lanes FILE order-inl.h
  INSTEAD_OF "hn::Add(fours, hn::Shuffle1032(fours));
  return hn::GetLane(hn::Add(pairs, hn::Shuffle2301(pairs)))"
  PUT "hn::Add(fours, hn::Shuffle2301(fours));
  return hn::GetLane(hn::Add(pairs, hn::Shuffle1032(pairs)))")
set(swapped_chunks FILE order-inl.h
    INSTEAD_OF "terms.Group(i + g * kGroup, leaf)"
    PUT "terms.Group(begin + (end - begin) / kChunk * kChunk - kChunk - (i - begin) + g * kGroup, leaf)")
norma_mutant(swapped_chunks ${swapped_chunks})
# The flag that forbids contraction, lost.
norma_mutant(fma FLAGS -ffp-contract=fast)
norma_mutant_is_linted(fma "fused multiply-add")
norma_mutant(rsqrt FILE forward_batches-inl.h
  INSTEAD_OF "hn::Div(hn::Set(f, 1.0f), hn::Sqrt(hn::DemoteTo(f, v)))"
  PUT "hn::ApproximateReciprocalSqrt(hn::DemoteTo(f, v))")
norma_mutant_is_linted(rsqrt "approximate root")

# The same in the other operators' sums, along a row and down a column.
norma_mutant(seed_norm_chunks OF seed_norm.cc ${swapped_chunks})
norma_mutant(dyt_chunks OF dyt.cc ${swapped_chunks})
norma_mutant(group_norm_leaf OF group_norm.cc FILE group_rows-inl.h
  INSTEAD_OF "hn::Add(hn::Add(hn::Add(e[0], e[4]), hn::Add(e[2], e[6])),
                   hn::Add(hn::Add(e[1], e[5]), hn::Add(e[3], e[7])))"
  PUT "hn::Add(hn::Add(hn::Add(e[0], e[1]), hn::Add(e[2], e[3])),
               hn::Add(hn::Add(e[4], e[5]), hn::Add(e[6], e[7])))")
# Blocks one after the other, and nodes in f32.
norma_mutant(batch_norm_blocks OF batch_norm.cc FILE batch_norm.cc
  INSTEAD_OF "for (int64_t k = pushed_; k & 1; k >>= 1) Join()"
  PUT "while (top_ > 0) Join()")
norma_mutant(columns_in_f32 OF columns.cc FILE columns.cc
  INSTEAD_OF "hn::StoreU(hn::Add(hn::LoadU(kD64, node + i), right), kD64, node + i)"
  PUT "hn::StoreU(hn::PromoteTo(kD64, hn::DemoteTo(kF32, hn::Add(hn::LoadU(kD64, node + i), right))), kD64, node + i)")
foreach(kernels seed_norm dyt group_norm batch_norm)
  norma_mutant(${kernels}_fma OF ${kernels}.cc FLAGS -ffp-contract=fast)
endforeach()
