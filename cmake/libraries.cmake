# Third-party libraries, all from Debian 12. Which room may include which header is tabled in */rooms.txt.
find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(CURL REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(LIBGIT2 REQUIRED IMPORTED_TARGET libgit2)
pkg_check_modules(LIBSSH REQUIRED IMPORTED_TARGET libssh>=0.10)

# The bound on the size of one packed object came into Debian 12 with a security update.
include(CheckCXXSourceCompiles)
set(CMAKE_REQUIRED_LIBRARIES PkgConfig::LIBGIT2)
check_cxx_source_compiles("#include <git2.h>\nint main() { return GIT_OPT_SET_PACK_MAX_OBJECT_SIZE; }" GITOPSCTL_LIBGIT2_OBJECT_LIMIT)
unset(CMAKE_REQUIRED_LIBRARIES)

# What C++ brings is linked into the programs: only the used part of it is mapped, and the dynamic linker has less to do at
# every start (docs/decisions/0010). libre2 has to go with it, since the shared one would bring the shared C++ runtime along
# the static one. C libraries that talk to the outside (OpenSSL, libcurl, libgit2, libssh, SQLite, zlib) stay shared, so that
# security updates of the system reach them; the program without a network has its own copy of the part of OpenSSL that
# computes. The sanitizers want the runtime that they know: shared.
set(GITOPSCTL_STATIC_RUNTIME OFF)
set(GITOPSCTL_RE2 PkgConfig::RE2)
set(GITOPSCTL_CRYPT crypt)
set(GITOPSCTL_CRYPTO OpenSSL::Crypto)
if(NOT GITOPSCTL_SANITIZE AND NOT GITOPSCTL_FUZZ AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  find_library(RE2_ARCHIVE libre2.a)
  find_library(CRYPT_ARCHIVE libcrypt.a)
  find_library(CRYPTO_ARCHIVE libcrypto.a)
  if(CRYPTO_ARCHIVE)
    # A program with the property GITOPSCTL_STATIC_CRYPTO has it inside.
    set(GITOPSCTL_CRYPTO
        "$<IF:$<BOOL:$<TARGET_PROPERTY:GITOPSCTL_STATIC_CRYPTO>>,${CRYPTO_ARCHIVE},OpenSSL::Crypto>")
  endif()
  if(RE2_ARCHIVE AND CRYPT_ARCHIVE)
    set(GITOPSCTL_STATIC_RUNTIME ON)
    add_library(gitopsctl_re2 INTERFACE)
    target_compile_options(gitopsctl_re2 INTERFACE ${RE2_CFLAGS_OTHER})
    target_link_libraries(gitopsctl_re2 INTERFACE "${RE2_ARCHIVE}" Threads::Threads)
    set(GITOPSCTL_RE2 gitopsctl_re2)
    set(GITOPSCTL_CRYPT "${CRYPT_ARCHIVE}")
  endif()
endif()
