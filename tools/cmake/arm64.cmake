# Cross build for arm64, linked statically so that the binary runs on any guest or board with nothing beside it:
#   tests/vm/setup arm64-6.12
#   cmake -S . -B build/arm64 -G Ninja -DCMAKE_TOOLCHAIN_FILE=tools/cmake/arm64.cmake -DGOROTRACE_TESTS=OFF
# GOROTRACE_ARM64_SYSROOT holds the arm64 headers and archives of the libraries; the C and C++ libraries are the
# cross compiler's own.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)

if(NOT GOROTRACE_ARM64_SYSROOT)
  if(DEFINED ENV{XDG_CACHE_HOME})
    set(cache $ENV{XDG_CACHE_HOME})
  else()
    set(cache $ENV{HOME}/.cache)
  endif()
  set(GOROTRACE_ARM64_SYSROOT ${cache}/gorotrace/vm/sysroot-arm64)
endif()
# try_compile() reads this file again, without the variables of the command line.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES GOROTRACE_ARM64_SYSROOT)
set(root ${GOROTRACE_ARM64_SYSROOT}/usr)
set(libraries ${root}/lib/aarch64-linux-gnu)

set(CMAKE_FIND_ROOT_PATH ${GOROTRACE_ARM64_SYSROOT})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE BOTH)
set(ENV{PKG_CONFIG_LIBDIR} ${libraries}/pkgconfig:${root}/share/pkgconfig)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${GOROTRACE_ARM64_SYSROOT})

foreach(language C CXX)
  set(CMAKE_${language}_FLAGS_INIT "-isystem ${root}/include -isystem ${root}/include/aarch64-linux-gnu")
endforeach()
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static -L${libraries}")
