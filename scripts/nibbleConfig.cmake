# find_package(nibble): the simulator as libraries. A program links nibble::report (everything), nibble::system (simulate a
# step), nibble::gemm (bit-exact products) or a part below them, and defines sc_main, which libsystemc insists on.
include(CMakeFindDependencyMacro)
find_dependency(fmt)
find_dependency(yaml-cpp)
find_dependency(Boost 1.74)
find_dependency(nlohmann_json)
find_dependency(SQLite3)
find_dependency(Threads)
find_dependency(PkgConfig)
if(NOT TARGET PkgConfig::systemc)
  pkg_check_modules(systemc REQUIRED IMPORTED_TARGET systemc)
endif()
include(${CMAKE_CURRENT_LIST_DIR}/nibbleTargets.cmake)
