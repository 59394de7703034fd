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
# security updates of the system reach them. The sanitizers want the runtime that they know: shared.
#
# A release's program without a network, which has the property GITOPSCTL_WHOLE, has everything inside, the C library and the
# computing half of OpenSSL as well, and needs no dynamic linker.
set(GITOPSCTL_STATIC_RUNTIME OFF)
set(GITOPSCTL_WHOLE_PROGRAMS OFF)
set(GITOPSCTL_RE2 PkgConfig::RE2)
set(GITOPSCTL_CRYPT crypt)
set(GITOPSCTL_CRYPTO OpenSSL::Crypto)
set(GITOPSCTL_ZLIB ZLIB::ZLIB)
if(NOT GITOPSCTL_SANITIZE AND NOT GITOPSCTL_FUZZ AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  find_library(RE2_ARCHIVE libre2.a)
  find_library(CRYPT_ARCHIVE libcrypt.a)
  find_library(CRYPTO_ARCHIVE libcrypto.a)
  find_library(ZLIB_ARCHIVE libz.a)
  if(RE2_ARCHIVE AND CRYPT_ARCHIVE)
    set(GITOPSCTL_STATIC_RUNTIME ON)
    add_library(gitopsctl_re2 INTERFACE)
    target_compile_options(gitopsctl_re2 INTERFACE ${RE2_CFLAGS_OTHER})
    target_link_libraries(gitopsctl_re2 INTERFACE "${RE2_ARCHIVE}" Threads::Threads)
    set(GITOPSCTL_RE2 gitopsctl_re2)
    set(GITOPSCTL_CRYPT "${CRYPT_ARCHIVE}")
    if(CRYPTO_ARCHIVE AND ZLIB_ARCHIVE AND CMAKE_BUILD_TYPE STREQUAL "Release")
      set(GITOPSCTL_WHOLE_PROGRAMS ON)
      set(whole "$<BOOL:$<TARGET_PROPERTY:GITOPSCTL_WHOLE>>")
      set(GITOPSCTL_CRYPTO "$<IF:${whole},${CRYPTO_ARCHIVE},OpenSSL::Crypto>")
      set(GITOPSCTL_ZLIB "$<IF:${whole},${ZLIB_ARCHIVE},ZLIB::ZLIB>")
    endif()
  endif()
endif()

# gitopsctl_shared(OUT LIBRARY…): the libraries, for all programs but those that have everything inside and use none of them.
function(gitopsctl_shared out)
  set(list)
  foreach(library IN LISTS ARGN)
    list(APPEND list "$<$<NOT:$<BOOL:$<TARGET_PROPERTY:GITOPSCTL_WHOLE>>>:${library}>")
  endforeach()
  set(${out} "${list}" PARENT_SCOPE)
endfunction()
