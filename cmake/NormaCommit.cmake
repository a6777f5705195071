# norma_commit: src/base/commit.h, asked of git at every build and compiled again only where the answer changed.
# The second half is the script that the build runs: cmake -DSOURCE=... -DOUTPUT=... -P NormaCommit.cmake
if(NOT CMAKE_SCRIPT_MODE_FILE)
  set(output "${PROJECT_BINARY_DIR}/norma_commit.cc")
  add_custom_target(norma_ask_git BYPRODUCTS "${output}"
    COMMAND "${CMAKE_COMMAND}" "-DSOURCE=${PROJECT_SOURCE_DIR}" "-DOUTPUT=${output}" -P "${CMAKE_CURRENT_LIST_FILE}"
    COMMENT "")
  add_library(norma_commit STATIC EXCLUDE_FROM_ALL "${output}")
  add_dependencies(norma_commit norma_ask_git)
  target_link_libraries(norma_commit PUBLIC norma_options)
  set_target_properties(norma_commit PROPERTIES POSITION_INDEPENDENT_CODE ON
                        CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  return()
endif()

execute_process(COMMAND git -C "${SOURCE}" rev-parse --short=12 HEAD
                OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(failed)
  set(commit "unknown")
endif()
execute_process(COMMAND git -C "${SOURCE}" status --porcelain --untracked-files=no
                OUTPUT_VARIABLE changes ERROR_QUIET)
if(changes)
  set(modified "true")
else()
  set(modified "false")
endif()
file(CONFIGURE OUTPUT "${OUTPUT}" CONTENT "#include \"base/commit.h\"

const char* norma::commit() { return \"${commit}\"; }
bool norma::commit_is_modified() { return ${modified}; }
")
