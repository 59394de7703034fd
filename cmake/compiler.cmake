set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

option(GITOPSCTL_CRASH_TESTS "Compile in the crash points that the crash tests kill at" OFF)
option(GITOPSCTL_TESTS "Build the tests" ON)
option(GITOPSCTL_BENCH "Build the benchmarks" OFF)
option(GITOPSCTL_FUZZ "Build the fuzz targets (clang only)" OFF)
set(GITOPSCTL_SANITIZE "" CACHE STRING "address+undefined, thread, or empty")

if(NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(CCACHE_PROGRAM ccache)
  if(CCACHE_PROGRAM)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
  endif()
endif()

# Everything that our code is compiled with; third-party headers are system headers and stay quiet.
add_library(gitopsctl_options INTERFACE)
target_compile_options(gitopsctl_options INTERFACE
  $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Werror
  -fstack-protector-strong)
target_include_directories(gitopsctl_options INTERFACE "${CMAKE_SOURCE_DIR}" "${CMAKE_BINARY_DIR}/generated")
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_definitions(gitopsctl_options INTERFACE _FORTIFY_SOURCE=2)
  target_compile_options(gitopsctl_options INTERFACE -ffunction-sections -fdata-sections)
  target_link_options(gitopsctl_options INTERFACE -Wl,--gc-sections)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # At -O2 g++ 12 sees both where there is none, in std::string and std::variant (GCC bugs 105329 and 105562). The other
    # builds, clang and the sanitizers look for the real ones.
    target_compile_options(gitopsctl_options INTERFACE -Wno-maybe-uninitialized -Wno-restrict)
  endif()
endif()
target_link_options(gitopsctl_options INTERFACE -Wl,--as-needed -Wl,-z,relro)
if(GITOPSCTL_CRASH_TESTS)
  target_compile_definitions(gitopsctl_options INTERFACE GITOPSCTL_CRASH_TESTS)
endif()

if(GITOPSCTL_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # What sanitizers put between two statements hides from g++ 12 that one follows from the other (its manual says so): it
  # suspects std::optional and std::function. The other builds look for the real ones.
  target_compile_options(gitopsctl_options INTERFACE -Wno-maybe-uninitialized)
endif()
if(GITOPSCTL_SANITIZE STREQUAL "address+undefined")
  set(sanitizers -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
elseif(GITOPSCTL_SANITIZE STREQUAL "thread")
  set(sanitizers -fsanitize=thread -fno-omit-frame-pointer)
  # The thread sanitizer of g++ knows no fences. Asio's handlers are ordered by its mutex all the same.
  target_compile_definitions(gitopsctl_options INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
elseif(GITOPSCTL_SANITIZE)
  message(FATAL_ERROR "GITOPSCTL_SANITIZE is '${GITOPSCTL_SANITIZE}': use address+undefined or thread")
endif()
if(sanitizers)
  target_compile_options(gitopsctl_options INTERFACE ${sanitizers})
  target_link_options(gitopsctl_options INTERFACE ${sanitizers})
endif()
if(GITOPSCTL_FUZZ)
  target_compile_options(gitopsctl_options INTERFACE -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  target_link_options(gitopsctl_options INTERFACE -fsanitize=address,undefined)
endif()

# gitopsctl_add_room_library(NAME [LINK …]): one static library from every source below this folder. A new file is
# picked up by itself; which room may include which is checked by tests/rooms.
function(gitopsctl_add_room_library name)
  cmake_parse_arguments(ARG "" "" "LINK;EXCLUDE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  foreach(pattern IN LISTS ARG_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX "${pattern}")
  endforeach()
  add_library(gitopsctl_${name} STATIC ${sources})
  add_library(gitopsctl::${name} ALIAS gitopsctl_${name})
  target_link_libraries(gitopsctl_${name} PUBLIC gitopsctl_options ${ARG_LINK})
endfunction()
