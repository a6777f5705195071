# What an installed Norma consists of: libnorma, its headers, and the files by which CMake
# (find_package(norma), norma::norma) and pkg-config (norma) find them. All of it may be moved.
include(CMakePackageConfigHelpers)

set(norma_cmake_dir "${CMAKE_INSTALL_LIBDIR}/cmake/norma")
install(TARGETS norma EXPORT norma-targets FILE_SET HEADERS)
install(EXPORT norma-targets FILE norma-config.cmake NAMESPACE norma:: DESTINATION "${norma_cmake_dir}")
# Before 1.0 a minor version may break what the one before promised.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/norma-config-version.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/norma-config-version.cmake" DESTINATION "${norma_cmake_dir}")

set(norma_pkgconfig_dir "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
file(RELATIVE_PATH norma_prefix_from_pc "/prefix/${norma_pkgconfig_dir}" "/prefix")
set(norma_static_link "")
if(NOT BUILD_SHARED_LIBS)
  get_target_property(norma_static_link norma NORMA_STATIC_LINK)
  string(JOIN " " norma_static_link ${norma_static_link})
endif()
configure_file("${CMAKE_CURRENT_LIST_DIR}/norma.pc.in" "${PROJECT_BINARY_DIR}/norma.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/norma.pc" DESTINATION "${norma_pkgconfig_dir}")
