# cpack -G DEB --config build/.../CPackConfig.cmake: the program and all that cmake --install puts beside it, with
# its service and /etc/gorotrace.toml.
set(GOROTRACE_MAINTAINER "The gorotrace authors <maintainers@gorotrace.invalid>" CACHE STRING
  "who answers for packages: Name <address>")
set(CPACK_PACKAGE_NAME gorotrace)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "see every goroutine of running Go processes")
set(CPACK_PACKAGE_DESCRIPTION
  "gorotrace shows how many goroutines of an unmodified Go process live, who
blocks where, on what and for how long, woken by whom and created where. It
attaches by PID, with eBPF or by reading memory alone.
.
gorotrace monitor serves metrics and profiles of all Go processes of a machine
over HTTP. Its service is installed and neither enabled nor started:
systemctl enable --now gorotrace")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "${GOROTRACE_MAINTAINER}")
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# monitor loads them when it is started, and no other command does (userspace/http/microhttpd.h). Names of Debian 13
# and 12.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "libmicrohttpd12t64 | libmicrohttpd12, libgnutls30t64 | libgnutls30")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${CMAKE_CURRENT_SOURCE_DIR}/debian/conffiles ${CMAKE_CURRENT_SOURCE_DIR}/debian/postinst
  ${CMAKE_CURRENT_SOURCE_DIR}/debian/prerm ${CMAKE_CURRENT_SOURCE_DIR}/debian/postrm)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_SOURCE_DIR}/debian/arrange.cmake)
set(CPACK_GOROTRACE_DEPLOY ${CMAKE_CURRENT_SOURCE_DIR})
include(CPack)
