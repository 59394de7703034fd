# Third-party libraries, all from Debian 12. Which room may include which header is tabled in */rooms.txt.
find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(CURL REQUIRED)
find_package(spdlog REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(LIBGIT2 REQUIRED IMPORTED_TARGET libgit2)

# The bound on the size of one packed object came into Debian 12 with a security update.
include(CheckCXXSourceCompiles)
set(CMAKE_REQUIRED_LIBRARIES PkgConfig::LIBGIT2)
check_cxx_source_compiles("#include <git2.h>\nint main() { return GIT_OPT_SET_PACK_MAX_OBJECT_SIZE; }" GITOPSCTL_LIBGIT2_OBJECT_LIMIT)
unset(CMAKE_REQUIRED_LIBRARIES)
