# The channel norms' part of norma_cpu.
set(channel_kernel_files "${CMAKE_CURRENT_LIST_DIR}/batch_norm.cc" "${CMAKE_CURRENT_LIST_DIR}/group_norm.cc")
target_sources(norma_cpu PRIVATE
  ${channel_kernel_files}
  "${CMAKE_CURRENT_LIST_DIR}/batch_norm_backward.cc"
  "${CMAKE_CURRENT_LIST_DIR}/batch_norm_forward.cc"
  "${CMAKE_CURRENT_LIST_DIR}/channel_targets.cc"
  "${CMAKE_CURRENT_LIST_DIR}/column_strip.cc"
  "${CMAKE_CURRENT_LIST_DIR}/group_norm_backward.cc"
  "${CMAKE_CURRENT_LIST_DIR}/group_norm_forward.cc")
# The flags of the row norms' kernels.
foreach(property COMPILE_OPTIONS COMPILE_DEFINITIONS)
  get_source_file_property(value "${CMAKE_CURRENT_LIST_DIR}/layer_norm.cc" TARGET_DIRECTORY norma_cpu ${property})
  if(value)
    set_source_files_properties(${channel_kernel_files} TARGET_DIRECTORY norma_cpu PROPERTIES ${property} "${value}")
  endif()
endforeach()
