# The version comes from Git: the latest tag vX.Y.Z plus the commit, or 0.1.0-dev without tags. A source archive without
# .git says so in its version.
find_package(Git QUIET)
set(GITOPSCTL_VERSION "0.1.0-dev")
set(GITOPSCTL_COMMIT "unknown")
if(GIT_FOUND AND EXISTS "${CMAKE_SOURCE_DIR}/.git")
  execute_process(COMMAND "${GIT_EXECUTABLE}" describe --tags --match "v[0-9]*" --dirty
    WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}" OUTPUT_VARIABLE described OUTPUT_STRIP_TRAILING_WHITESPACE
    ERROR_QUIET RESULT_VARIABLE described_result)
  if(described_result EQUAL 0)
    string(REGEX REPLACE "^v" "" GITOPSCTL_VERSION "${described}")
  endif()
  execute_process(COMMAND "${GIT_EXECUTABLE}" rev-parse --short=12 HEAD
    WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}" OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE
    ERROR_QUIET RESULT_VARIABLE commit_result)
  if(commit_result EQUAL 0)
    set(GITOPSCTL_COMMIT "${commit}")
  endif()
  # A new commit makes CMake configure again, so that the version follows.
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/.git/logs/HEAD")
endif()
