# What `cmake --install` and the Debian package (./dev image) hold. The package is made of a release build.
include(GNUInstallDirs)
set(net_directory "${CMAKE_INSTALL_LIBEXECDIR}/gitopsctl")
install(TARGETS gitopsctl RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
# Where gitopsctl looks for it (agent/cli/handover.cpp).
install(TARGETS gitopsctl-net RUNTIME DESTINATION "${net_directory}")
install(FILES "${CMAKE_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}" RENAME copyright)
install(FILES "${CMAKE_SOURCE_DIR}/packaging/gitopsctl.service" DESTINATION lib/systemd/system)
# Completion is printed by the program itself, so it knows every flag of this version.
foreach(pair "bash|bash-completion/completions/gitopsctl" "zsh|zsh/vendor-completions/_gitopsctl"
             "fish|fish/vendor_completions.d/gitopsctl.fish")
  string(REPLACE "|" ";" pair "${pair}")
  list(GET pair 0 shell)
  list(GET pair 1 path)
  set(file "${CMAKE_BINARY_DIR}/generated/completion.${shell}")
  install(CODE "execute_process(COMMAND \"$<TARGET_FILE:gitopsctl>\" completion ${shell}
    OUTPUT_FILE \"${file}\" COMMAND_ERROR_IS_FATAL ANY)")
  get_filename_component(name "${path}" NAME)
  get_filename_component(directory "${path}" DIRECTORY)
  install(FILES "${file}" DESTINATION "${CMAKE_INSTALL_DATADIR}/${directory}" RENAME "${name}")
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME gitopsctl)
set(CPACK_PACKAGE_VENDOR "gitopsctl")
set(CPACK_PACKAGE_CONTACT "The gitopsctl authors <noreply@gitopsctl.dev>")
set(CPACK_PACKAGE_HOMEPAGE_URL "https://gitopsctl.dev")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "pull-based GitOps controller with release channels")
set(CPACK_PACKAGE_DESCRIPTION "Keeps environments equal to the branches releases/<channel> of Git repositories: renders charts and
manifests, plans, guards, applies, and reports what waits and why.")
# `0.1.0-dev` comes before `0.1.0`; a dash would begin Debian's own revision.
string(REPLACE "-" "~" CPACK_PACKAGE_VERSION "${GITOPSCTL_VERSION}")
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "ca-certificates")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "git")
# Files are root's, whoever makes the package.
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_PACKAGE_DIRECTORY "${CMAKE_BINARY_DIR}/package")
set(CPACK_VERBATIM_VARIABLES ON)
include(CPack)
